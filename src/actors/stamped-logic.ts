import type { AnyActorRef, AnyStateMachine, SnapshotFrom } from 'xstate';
import type { Clock } from './ports.ts';

type Said = { readonly type: string; readonly at?: number };
type Stamped = Said & { readonly at: number };

/** Told after each transition, before anyone can see the new snapshot. Must not throw. */
export type TransitionObserver<M extends AnyStateMachine> = (
  self: AnyActorRef,
  before: SnapshotFrom<M> | undefined,
  after: SnapshotFrom<M>,
  event: Stamped,
) => void;

interface Scope {
  readonly self: AnyActorRef;
}

interface Logic {
  transition(snapshot: unknown, event: Said, scope: Scope): unknown;
  getInitialSnapshot(scope: Scope, input: unknown): unknown;
}

/**
 * The same machine, with the time of the clock on every event: what users send, what timers and invoked actors
 * bring, and the start. The chart itself stays a function of state and event, in this host and in any other.
 *
 * Wrapping costs one object per machine, not per session.
 *
 * @param translate renames events before the chart sees them.
 */
export function stampedLogic<M extends AnyStateMachine>(
  machine: M,
  clock: Pick<Clock, 'now'>,
  observe?: TransitionObserver<M>,
  translate: (event: Said) => Said = event => event,
): M {
  const logic = machine as unknown as Logic;
  return Object.create(machine, {
    transition: {
      value(snapshot: unknown, original: Said, scope: Scope) {
        const event = translate(original);
        const stamped: Stamped = { ...event, at: event.at ?? clock.now() };
        const after = logic.transition(snapshot, stamped, scope);
        if (after !== snapshot) observe?.(scope.self, snapshot as SnapshotFrom<M>, after as SnapshotFrom<M>, stamped);
        return after;
      },
    },
    getInitialSnapshot: {
      value(scope: Scope, input: object) {
        const at = clock.now();
        const after = logic.getInitialSnapshot(scope, { ...input, at });
        observe?.(scope.self, undefined, after as SnapshotFrom<M>, { type: 'xstate.init', at });
        return after;
      },
    },
  }) as M;
}
