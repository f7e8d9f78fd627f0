import type { AnyActorRef, AnyMachineSnapshot } from 'xstate';
import { SessionchartError } from '../../actors/errors.ts';
import { notAllowed } from '../../services/config-field.ts';
import { childrenOf, statusOf, topStateOf } from './actor-facts.ts';
import { chartDefinition, timerParts } from './chart-definition.ts';
import { isAlive, machineOf, parentOf } from './inspected-actor.ts';
import type { ActorFacts, InspectionTarget, Look, SaidEvent, TargetTimer } from './inspection-target.ts';
import type { Acceptance, Explanation, Party } from './page-protocol.ts';

/** As long a list of events as an error repeats. */
const MOST_EVENTS_SHOWN = 20;

/**
 * Makes any XState v5 actor one that an inspector can look at, with all actors below it.
 *
 * What only its owner knows stays unknown: since when it has been in its state before somebody looked, and its story.
 */
export function actorTarget(root: AnyActorRef): InspectionTarget {
  return new ActorTarget(root);
}

class ActorTarget implements InspectionTarget {
  readonly kind = 'actor';
  readonly clock = { now: Date.now, wall: Date.now };
  readonly root: AnyActorRef;

  constructor(root: AnyActorRef) {
    this.root = root;
  }

  keyOf(actor: AnyActorRef): string | undefined {
    for (let each: AnyActorRef | undefined = actor; each !== undefined; each = parentOf(each)) {
      if (each === this.root) return actor.sessionId;
    }
    return undefined;
  }

  *actors(): Generator<AnyActorRef> {
    yield this.root;
    yield* liveBelow(this.root);
  }

  actorOf(key: string): AnyActorRef | undefined {
    for (const actor of this.actors()) if (actor.sessionId === key) return actor;
    return undefined;
  }

  roleOf(actor: AnyActorRef): Party['role'] {
    return machineOf(actor) === undefined ? 'service' : 'actor';
  }

  stateOf(_: AnyActorRef, snapshot: unknown): string {
    return topStateOf(snapshot);
  }

  look(): Look {
    let timers: ReadonlyMap<AnyActorRef, readonly TargetTimer[]> | undefined;
    return {
      wallTime: at => at,
      factsOf,
      timersOf: (actor, among) => {
        if (timers === undefined && among !== undefined) return timersAmong(actor, among);
        timers ??= timersIn(this.root.system);
        return timers.get(actor) ?? [];
      },
    };
  }

  acceptsOf(actor: AnyActorRef): readonly Acceptance[] {
    const machine = machineOf(actor);
    if (machine === undefined || !isAlive(actor)) return [];
    const snapshot = actor.getSnapshot() as AnyMachineSnapshot;
    return chartDefinition(machine).events.map(type => acceptance(snapshot, type));
  }

  causeOf(actor: AnyActorRef, { type }: SaidEvent): string {
    if (type === 'xstate.init') return 'started';
    if (type === 'xstate.stop') return 'stopped';
    const machine = machineOf(actor);
    const timer = machine && timerParts(machine, type);
    if (timer !== undefined) return `after ${timer.name}`;
    const [, how, who] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(type) ?? [];
    return how === undefined ? type : `${who} ${how === 'done' ? 'is done' : 'failed'}`;
  }

  speakerOf(): undefined {}

  aboutOf(): undefined {}

  slots(): null {
    return null;
  }

  /** Only what the chart of the actor knows may be said to it, and nothing that XState says itself. */
  async send(key: string, event: SaidEvent): Promise<void> {
    const actor = this.actorOf(key);
    if (actor === undefined) throw new SessionchartError('ACTOR_NOT_FOUND');
    const machine = machineOf(actor);
    if (machine === undefined) {
      const message = 'The actor has no chart: nobody knows what may be sent to it.';
      throw new SessionchartError('INVALID_CONFIG', { message, field: 'actor', allowed: 'an actor with a chart' });
    }
    if (statusOf(actor) !== 'active') throw new SessionchartError('ACTOR_NOT_FOUND', { message: 'The actor is over.' });
    checkType(event.type, machine.events);
    actor.send({ ...event });
  }

  explain(): Explanation | undefined {
    return undefined;
  }

  ended(): readonly [] {
    return [];
  }
}

function* liveBelow(actor: AnyActorRef): Generator<AnyActorRef> {
  for (const child of childrenOf(actor)) {
    if (isAlive(child)) yield child;
    yield* liveBelow(child);
  }
}

function acceptance(snapshot: AnyMachineSnapshot, type: string): Acceptance {
  try {
    return { type, kind: snapshot.can({ type }) ? 'taken' : 'ignored' };
  } catch {
    return { type, kind: 'taken', because: 'it depends on what the event carries' };
  }
}

function factsOf(actor: AnyActorRef): ActorFacts {
  const { status, error } = (actor.getSnapshot() ?? {}) as { readonly status?: string; readonly error?: unknown };
  return status === 'error' ? { error: codeOf(error) } : {};
}

type ScheduledEvents = ReturnType<AnyActorRef['system']['getSnapshot']>['_scheduledEvents'];
type ScheduledEvent = ScheduledEvents[keyof ScheduledEvents];

/** XState has one table for all actors of a system; asked for its snapshot it would copy it. */
function scheduledIn(system: AnyActorRef['system']): ScheduledEvents {
  const { _snapshot: own } = system as { readonly _snapshot?: { readonly _scheduledEvents?: ScheduledEvents } };
  return own?._scheduledEvents ?? system.getSnapshot()._scheduledEvents;
}

function timersIn(system: AnyActorRef['system']): ReadonlyMap<AnyActorRef, readonly TargetTimer[]> {
  const timers = new Map<AnyActorRef, TargetTimer[]>();
  for (const scheduled of Object.values(scheduledIn(system))) {
    const timer = timerOf(scheduled);
    if (timer === undefined) continue;
    const others = timers.get(scheduled.source);
    if (others === undefined) timers.set(scheduled.source, [timer]);
    else others.push(timer);
  }
  return timers;
}

function timersAmong(actor: AnyActorRef, ids: Iterable<string>): readonly TargetTimer[] {
  const scheduled = scheduledIn(actor.system) as Readonly<Record<string, ScheduledEvent | undefined>>;
  const timers: TargetTimer[] = [];
  for (const id of ids) {
    const found = scheduled[`${actor.sessionId}.${id}`];
    const timer = found === undefined ? undefined : timerOf(found);
    if (timer !== undefined) timers.push(timer);
  }
  return timers;
}

function timerOf({ id, event, startedAt, delay }: ScheduledEvent): TargetTimer | undefined {
  const dueAt = startedAt + Math.max(0, delay);
  return Number.isFinite(dueAt) ? { id, dueAt, event: event.type } : undefined;
}

/** Code or name of an error that an actor stopped with. */
function codeOf(error: unknown): string {
  try {
    const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
    const found = [code, name].find(text => typeof text === 'string' && text !== '');
    return typeof found === 'string' ? found : 'error';
  } catch {
    return 'error';
  }
}

function checkType(type: unknown, events: readonly string[]): void {
  const own = events.filter(event => !event.startsWith('xstate.'));
  if (typeof type === 'string' && !type.startsWith('xstate.') && own.some(event => matches(type, event))) return;
  const more = own.length > MOST_EVENTS_SHOWN ? `, and ${own.length - MOST_EVENTS_SHOWN} more` : '';
  throw notAllowed(
    'type',
    type,
    own.length === 0 ? 'no event' : `${own.slice(0, MOST_EVENTS_SHOWN).join(', ')}${more}`,
  );
}

/** Whether a chart that knows `pattern` knows the event: `*` stands for all, `mouse.*` for `mouse` and what begins with it. */
function matches(type: string, pattern: string): boolean {
  if (pattern === '*' || pattern === type) return type !== '*';
  if (!pattern.endsWith('.*')) return false;
  const stem = pattern.slice(0, -2);
  return type === stem || type.startsWith(`${stem}.`);
}
