import type { AnyActorRef, AnyStateMachine } from 'xstate';

/** The machine that an actor runs; `undefined` for promises, callbacks and all else that has no chart. */
export function machineOf(actor: AnyActorRef): AnyStateMachine | undefined {
  const { logic } = actor as AnyActorRef & { readonly logic?: AnyStateMachine };
  return logic?.root === undefined ? undefined : logic;
}

export function parentOf(actor: AnyActorRef): AnyActorRef | undefined {
  return actor._parent;
}

/** The actor at the top of its system. */
export function rootOf(actor: AnyActorRef): AnyActorRef {
  const parent = parentOf(actor);
  return parent === undefined ? actor : rootOf(parent);
}

/** XState's own mark of an actor that is over: one without a chart may leave its snapshot as it was. */
const OVER = 2;

export function isOver(actor: AnyActorRef): boolean {
  return (actor as AnyActorRef & { readonly _processingStatus?: number })._processingStatus === OVER;
}

/** Whether it still takes events. */
export function isAlive(actor: AnyActorRef): boolean {
  return actor.getSnapshot()?.status === 'active' && !isOver(actor);
}
