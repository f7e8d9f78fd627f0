import type { AnyActorRef, EventObject } from 'xstate';
import type { Clock } from './ports.ts';

/** A timer that is armed. */
export interface ArmedTimer {
  readonly id: string;
  /** When it fires, ms on the clock. */
  readonly dueAt: number;
}

/** The timers of an actor system, actor by actor. */
export interface ActorTimers {
  /** How many timers an actor has armed. */
  count(actor: AnyActorRef): number;
  /** The timers that an actor has armed, in the order in which they were. */
  of(actor: AnyActorRef): readonly ArmedTimer[];
}

interface Armed extends ArmedTimer {
  readonly handle: unknown;
}

/**
 * Replaces the timer table of an actor system by one small table per actor.
 *
 * XState keeps all pending timers of a system in one table and walks it whenever an actor stops, so a stop costs more
 * the more sessions there are. Must be called before the root actor starts.
 *
 * Arming an id that is armed replaces it; a delay that is no finite number is never armed.
 */
export function useActorTimers(system: AnyActorRef['system'], clock: Clock): ActorTimers {
  // The one way to deliver an event with its true source; @restatedev/xstate relies on it too.
  const relay = (
    system as unknown as {
      _relay(source: AnyActorRef | undefined, target: AnyActorRef, event: EventObject): void;
    }
  )._relay.bind(system);
  // A list, not a map: an actor has a handful of timers, and a map for each session would weigh more than they do.
  const tables = new Map<AnyActorRef, Armed[]>();
  let unnamed = 0;

  const take = (source: AnyActorRef, id: string): Armed | undefined => {
    const timers = tables.get(source);
    const at = timers?.findIndex(armed => armed.id === id) ?? -1;
    if (timers === undefined || at < 0) return undefined;
    if (timers.length === 1) tables.delete(source);
    return timers.splice(at, 1)[0];
  };
  const drop = (source: AnyActorRef, id: string): void => {
    const armed = take(source, id);
    if (armed !== undefined) clock.clearTimeout(armed.handle);
  };

  system.scheduler.schedule = (source, target, event, delay, id = `unnamed.${unnamed++}`) => {
    drop(source, id);
    if (!Number.isFinite(delay)) return;
    const handle = clock.setTimeout(() => {
      take(source, id);
      relay(source, target, event);
    }, delay);
    const armed: Armed = { id, dueAt: clock.now() + Math.max(0, delay), handle };
    const timers = tables.get(source);
    if (timers === undefined) tables.set(source, [armed]);
    else timers.push(armed);
  };
  system.scheduler.cancel = drop;
  system.scheduler.cancelAll = source => {
    const timers = tables.get(source);
    if (timers === undefined) return;
    tables.delete(source);
    for (const { handle } of timers) clock.clearTimeout(handle);
  };
  return {
    count: actor => tables.get(actor)?.length ?? 0,
    of: actor => (tables.get(actor) ?? []).map(({ id, dueAt }) => ({ id, dueAt })),
  };
}
