import type { ChartDefinition, NodeId } from '../../../src/integration/inspect/page-protocol.ts';

/** A colour of the theme: `--state-…`. */
export type Tone = 'starting' | 'active' | 'renewing' | 'paused' | 'ending' | 'failed' | 'ended' | 'other';

/** States of our own charts, by chart and path. */
const KNOWN: Readonly<Record<string, Readonly<Record<string, Tone>>>> = {
  session: {
    starting: 'starting',
    serving: 'active',
    'serving.renewing': 'renewing',
    paused: 'paused',
    ending: 'ending',
    failed: 'failed',
    ended: 'ended',
  },
  coordinator: { accepting: 'active', draining: 'ending', stopped: 'ended' },
  circuitBreaker: { closed: 'active', open: 'failed', halfOpen: 'paused' },
  retry: { attempting: 'active', waiting: 'paused', succeeded: 'ended', gaveUp: 'failed', aborted: 'ending' },
  keySlot: { uninitialised: 'starting', empty: 'paused', holding: 'active', disposed: 'ended' },
};
const IN_TURN: readonly Tone[] = ['active', 'renewing', 'other', 'paused', 'starting', 'ending'];

/** The colour of each state: that of the top-level state in which it is. */
export function tonesOf(definition: ChartDefinition): ReadonlyMap<NodeId, Tone> {
  const tones = new Map<NodeId, Tone>();
  const known = Object.hasOwn(KNOWN, definition.id) ? KNOWN[definition.id] : undefined;
  let turn = 0;
  for (const node of definition.nodes) {
    const path = node.id.slice(definition.root.length + 1);
    const own = known !== undefined && Object.hasOwn(known, path) ? known[path] : undefined;
    if (own !== undefined) tones.set(node.id, own);
    else if (node.parent === null) tones.set(node.id, 'other');
    else if (node.parent !== definition.root) tones.set(node.id, tones.get(node.parent) ?? 'other');
    else if (node.type === 'final') tones.set(node.id, 'ended');
    else tones.set(node.id, IN_TURN[turn++ % IN_TURN.length] ?? 'other');
  }
  return tones;
}
