import type { ActorRow } from '../../../src/integration/inspect/page-protocol.ts';

/** Colours there are: `--state-…` of the theme. */
export const TONES = ['starting', 'active', 'renewing', 'paused', 'ending', 'failed', 'ended', 'other'] as const;
export type Tone = (typeof TONES)[number];

/** States of other charts that mean the same. */
const ALIKE: Readonly<Record<string, Tone>> = {
  accepting: 'active',
  draining: 'ending',
  stopped: 'ended',
  done: 'ended',
  error: 'failed',
};

export function toneOf(state: string): Tone {
  return (TONES as readonly string[]).includes(state) ? (state as Tone) : (ALIKE[state] ?? 'other');
}

/** What people call the state behind a path: of a session, that it is renewing is more than that it serves. */
export function stateOfPath(path: string, role: ActorRow['role']): string {
  const [top = '', second] = path.split('.');
  if (role !== 'session' || top !== 'serving') return top;
  return second === 'active' || second === undefined ? 'active' : 'renewing';
}
