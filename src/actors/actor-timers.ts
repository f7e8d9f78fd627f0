import type { AnyActorRef, EventObject } from 'xstate';
import type { Clock } from './ports.ts';

type Timers = Map<string, unknown>;

/**
 * Replaces the timer table of an actor system by one small table per actor.
 *
 * XState keeps all pending timers of a system in one table and walks it whenever an actor stops, so a stop costs more
 * the more sessions there are. Must be called before the root actor starts.
 *
 * Arming an id that is armed replaces it; a delay that is no finite number is never armed.
 *
 * @returns how many timers an actor has armed.
 */
export function useActorTimers(system: AnyActorRef['system'], clock: Clock): (actor: AnyActorRef) => number {
  // The one way to deliver an event with its true source; @restatedev/xstate relies on it too.
  const relay = (
    system as unknown as {
      _relay(source: AnyActorRef | undefined, target: AnyActorRef, event: EventObject): void;
    }
  )._relay.bind(system);
  const tables = new Map<AnyActorRef, Timers>();
  let unnamed = 0;

  const drop = (source: AnyActorRef, id: string): void => {
    const timers = tables.get(source);
    if (!timers?.has(id)) return;
    clock.clearTimeout(timers.get(id));
    timers.delete(id);
    if (timers.size === 0) tables.delete(source);
  };

  system.scheduler.schedule = (source, target, event, delay, id = `unnamed.${unnamed++}`) => {
    drop(source, id);
    if (!Number.isFinite(delay)) return;
    let timers = tables.get(source);
    if (timers === undefined) {
      timers = new Map();
      tables.set(source, timers);
    }
    const armed = timers;
    armed.set(
      id,
      clock.setTimeout(() => {
        armed.delete(id);
        if (armed.size === 0) tables.delete(source);
        relay(source, target, event);
      }, delay),
    );
  };
  system.scheduler.cancel = drop;
  system.scheduler.cancelAll = source => {
    const timers = tables.get(source);
    if (timers === undefined) return;
    tables.delete(source);
    for (const handle of timers.values()) clock.clearTimeout(handle);
  };
  return actor => tables.get(actor)?.size ?? 0;
}
