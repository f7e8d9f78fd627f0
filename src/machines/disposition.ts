import type { AnyMachineSnapshot, AnyStateNode } from 'xstate';

/** What a state says of events that it does not take, by reason or code. The states inside it say the same. */
export interface StateMeta<Event extends string = string, Code extends string = string> {
  /** Nothing happens, and nobody need be told. */
  readonly ignores?: Readonly<Record<string, readonly Event[]>>;
  /** What was asked for happens later. */
  readonly postpones?: Readonly<Record<string, readonly Event[]>>;
  /** The public call that stands behind the event is answered with this code. */
  readonly refuses?: Readonly<Partial<Record<Code, readonly Event[]>>>;
}

/** What a transition means for the one who sent the event, where it is more than a step of the chart. */
export interface TransitionMeta<Code extends string = string> {
  readonly ignores?: string;
  readonly postpones?: string;
  readonly refuses?: readonly Code[];
  /** Not the event is refused but a start that waited. */
  readonly refusesWaiting?: readonly Code[];
}

/** What becomes of an event. */
export type Disposition =
  | { readonly kind: 'taken' }
  | { readonly kind: 'ignored' | 'postponed'; readonly because: string }
  | { readonly kind: 'refused'; readonly codes: readonly string[] };

type Transition = AnyStateNode['transitions'] extends Map<string, readonly (infer T)[]> ? T : never;

/** The transitions that an event may take in a leaf state: innermost first, up to the first one without a guard. */
export function candidatesIn(leaf: AnyStateNode, type: string): Transition[] {
  const candidates: Transition[] = [];
  for (let node: AnyStateNode | undefined = leaf; node !== undefined; node = node.parent) {
    for (const transition of node.transitions.get(type) ?? []) {
      candidates.push(transition);
      if (transition.guard === undefined) return candidates;
    }
  }
  return candidates;
}

/** What a transition means for the one who sent the event. */
export function meaningOf(transition: { readonly meta?: unknown }): Disposition {
  const { ignores, postpones, refuses } = (transition.meta ?? {}) as TransitionMeta;
  if (ignores !== undefined) return { kind: 'ignored', because: ignores };
  if (postpones !== undefined) return { kind: 'postponed', because: postpones };
  if (refuses !== undefined) return { kind: 'refused', codes: refuses };
  return { kind: 'taken' };
}

/** What a state, or one around it, declares of an event that no transition takes; `undefined` where none says a word. */
export function declaredIn(leaf: AnyStateNode, type: string): Disposition | undefined {
  for (let node: AnyStateNode | undefined = leaf; node !== undefined; node = node.parent) {
    const { ignores, postpones, refuses } = (node.meta ?? {}) as StateMeta;
    const ignored = saidOf(ignores, type);
    if (ignored !== undefined) return { kind: 'ignored', because: ignored };
    const postponed = saidOf(postpones, type);
    if (postponed !== undefined) return { kind: 'postponed', because: postponed };
    const refused = saidOf(refuses, type);
    if (refused !== undefined) return { kind: 'refused', codes: [refused] };
  }
  return undefined;
}

const saidOf = (says: Readonly<Record<string, readonly string[] | undefined>> = {}, type: string): string | undefined =>
  Object.keys(says).find(said => says[said]?.includes(type));

/**
 * What becomes of an event, by the chart's own word: nothing is sent. Whoever answers for a chart asks here, so that
 * its answers and the chart cannot drift apart.
 *
 * @returns `undefined` for an event that the chart does not know in this state.
 *
 * @example
 * ```ts
 * dispositionOf(actor.getSnapshot(), { type: 'PAUSE' }); // { kind: 'refused', codes: ['SESSION_NOT_ACTIVE'] }
 * ```
 */
export function dispositionOf(
  snapshot: AnyMachineSnapshot,
  event: { readonly type: string; readonly at?: number },
): Disposition | undefined {
  const [enabled] = snapshot.machine.getTransitionData(snapshot, event);
  if (enabled !== undefined) return meaningOf(enabled);
  // A chart without parallel parts is in one leaf.
  const leaf = snapshot._nodes.find(({ type }) => type === 'atomic' || type === 'final');
  return declaredIn(leaf as AnyStateNode, event.type);
}
