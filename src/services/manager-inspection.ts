import type { AnyActorRef } from 'xstate';
import type { ArmedTimer } from '../actors/actor-timers.ts';
import type { Clock } from '../actors/ports.ts';
import type { SessionView } from '../actors/session-entry.ts';
import type { SessionHost } from '../actors/session-host.ts';
import { publicStateOf } from '../machines/public-state.ts';
import { deadlinesOf } from '../machines/session-deadlines.ts';
import { causeOf } from '../machines/session-report.ts';
import type { SessionEvent } from '../machines/session-types.ts';
import { type ManagerCalls, OUTSIDE_EVENTS, type OutsideEvent, sendToSession } from './manager-send.ts';
import type { SessionLedger } from './session-ledger.ts';

interface SaidEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface ManagerLook {
  wallTime(at: number): number;
  timersOf(actor: AnyActorRef): readonly ArmedTimer[];
  factsOf(actor: AnyActorRef): {
    since?: number | null;
    startedAt?: number;
    activeAt?: number;
    renewals?: number;
    error?: string | null;
    reason?: string | null;
  };
}

const COORDINATOR_KEY = 'coordinator';
const SESSION_KEY = 'session:';
const IDLE_TIMER = 'xstate.after.inactivity.';

/** Steps inside a state, which the story of a session leaves out. */
const SESSION_CAUSES: Readonly<Record<string, string>> = {
  'xstate.done.actor.probe': 'heartbeat answered',
  'xstate.error.actor.probe': 'heartbeat not answered',
  'xstate.done.actor.notify': 'end was told',
  'xstate.error.actor.notify': 'end could not be told',
  'xstate.done.actor.release': 'released',
  'xstate.error.actor.release': 'not released',
  'xstate.done.actor.purge': 'purged',
  'xstate.error.actor.purge': 'not purged',
  'xstate.after.heartbeat': 'heartbeat due',
  'xstate.after.warning': 'end of the lifetime is near',
  'xstate.after.inactivity': 'idle window over',
  'xstate.after.notifyDeadline': 'end not told in time',
  'xstate.after.releaseDeadline': 'not released in time',
  'xstate.after.purgeDeadline': 'not purged in time',
  'xstate.stop': 'abandoned',
  ACTIVITY: 'activity noted',
  CONFIGURE: 'settings changed',
  TRANSPORT: 'transport reported',
};

const COORDINATOR_CAUSES: Readonly<Record<string, string>> = {
  'xstate.init': 'manager made',
  'xstate.after.drainDeadline': 'drained for too long',
  'xstate.stop': 'manager disposed of',
  START: 'start asked for',
  CANCEL: 'start withdrawn',
  REVIVE: 'renewal of a failed session asked for',
  FAILED: 'a session failed',
  ENDED: 'a session ended',
  RETURNED: 'a session gave its slot back',
  CRASHED: 'a session threw',
  CONFIGURE: 'limits changed',
  CHILD_STOPPED: 'an actor stopped',
  DRAIN: 'disposal asked for',
};

/** What the application says to the coordinator; the rest the host says for a session. */
const FROM_APPLICATION: readonly string[] = ['START', 'CANCEL', 'REVIVE'];

/** The event as far as its name goes: without the state whose timer it is, or the child whose answer. */
const nameOf = (type: string): string =>
  /^xstate\.after\.[^.]+|^xstate\.(?:done|error)\.actor(?=\.)/.exec(type)?.[0] ?? type;

/**
 * What a session manager shows to an inspector: its actors, and what only it knows of them. Made by
 * `SessionManager.inspection()`; looking at it costs nothing until somebody asks.
 */
export class ManagerInspection {
  readonly kind = 'manager';
  readonly clock: Clock;
  readonly #host: SessionHost;
  readonly #ledger: SessionLedger;
  readonly #calls: ManagerCalls;

  constructor(clock: Clock, host: SessionHost, ledger: SessionLedger, calls: ManagerCalls) {
    this.clock = clock;
    this.#host = host;
    this.#ledger = ledger;
    this.#calls = calls;
  }

  get root(): AnyActorRef {
    return this.#host.coordinator;
  }

  keyOf(actor: AnyActorRef): string | undefined {
    if (actor === this.root) return COORDINATOR_KEY;
    return actor._parent === this.root ? `${SESSION_KEY}${actor.id}` : undefined;
  }

  *actors(): Generator<AnyActorRef> {
    yield this.root;
    yield* this.#host.actors();
  }

  actorOf(key: string): AnyActorRef | undefined {
    return key === COORDINATOR_KEY ? this.root : this.#host.actorOf(sessionIn(key));
  }

  roleOf(actor: AnyActorRef): 'coordinator' | 'session' | 'service' {
    if (actor === this.root) return 'coordinator';
    return actor._parent === this.root ? 'session' : 'service';
  }

  stateOf(actor: AnyActorRef, snapshot: unknown): string {
    const { value } = snapshot as { readonly value?: unknown };
    if (actor === this.root) return String(value);
    // One that threw before it had a state has none.
    return value === undefined ? 'starting' : publicStateOf(value as Parameters<typeof publicStateOf>[0]);
  }

  /** What is known at one moment; the clock is read once. */
  look(): ManagerLook {
    const ahead = this.clock.wall() - this.clock.now();
    const wallTime = (at: number): number => Math.round(at + ahead);
    return {
      wallTime,
      timersOf: actor => this.#timersOf(actor),
      factsOf: actor => {
        const view = actor === this.root ? undefined : this.#host.view(actor.id);
        if (view === undefined) return {};
        const { context } = view;
        return {
          since: this.#ledger.recordOf(view.sessionId)?.since?.getTime() ?? null,
          startedAt: wallTime(context.startedAt),
          activeAt: wallTime(context.lastActivityAt),
          renewals: context.counters.renewals,
          error: context.lastError?.failure.code ?? null,
          reason: context.endReason,
        };
      },
    };
  }

  /** The idle window begins anew with every activity, its timer only when it fires: what is told is when the window ends. */
  #timersOf(actor: AnyActorRef): readonly ArmedTimer[] {
    const timers = this.#host.timersOf(actor);
    const view = actor === this.root ? undefined : this.#host.view(actor.id);
    if (view === undefined) return timers;
    const { inactivity } = deadlinesOf(view.context);
    return timers.map(timer =>
      timer.id.startsWith(IDLE_TIMER) ? { ...timer, dueAt: Math.max(timer.dueAt, inactivity) } : timer,
    );
  }

  /** By the chart's own word. Nothing may be sent to the coordinator. */
  acceptsOf(actor: AnyActorRef): {
    type: string;
    kind: 'taken' | 'ignored' | 'postponed' | 'refused';
    because?: string;
  }[] {
    const view = actor === this.root ? undefined : this.#host.view(actor.id);
    if (view === undefined) return [];
    return OUTSIDE_EVENTS.map(type => {
      const disposition = this.#host.dispositionOf(view.sessionId, exampleOf(type, view));
      if (disposition === undefined) return { type, kind: 'ignored' };
      const { kind } = disposition;
      if (kind === 'taken') return { type, kind };
      return { type, kind, because: kind === 'refused' ? disposition.codes[0] : disposition.because };
    });
  }

  causeOf(actor: AnyActorRef, event: SaidEvent): string {
    const name = nameOf(event.type);
    if (actor === this.root) return COORDINATOR_CAUSES[name] ?? event.type;
    const { input } = event as { readonly input?: { readonly previous?: unknown } };
    if (name === 'xstate.init' && input?.previous !== undefined) return 'started again after a crash';
    return SESSION_CAUSES[event.type] ?? SESSION_CAUSES[name] ?? causeOf(event);
  }

  speakerOf(actor: AnyActorRef, event: SaidEvent): 'coordinator' | 'session' | undefined {
    if (actor === this.root) return this.aboutOf(event)?.from === 'session' ? 'session' : undefined;
    if (actor._parent !== this.root) return undefined;
    const { type, reason } = event;
    return type === 'REVIVE' || (type === 'END' && (reason === 'evicted' || reason === 'disposed'))
      ? 'coordinator'
      : undefined;
  }

  aboutOf({ type, sessionId }: SaidEvent): { key: string; from: 'application' | 'session' } | undefined {
    if (typeof sessionId !== 'string') return undefined;
    return { key: SESSION_KEY + sessionId, from: FROM_APPLICATION.includes(type) ? 'application' : 'session' };
  }

  slots(): { taken: number; limit: number; waiting: number } {
    return this.#host.slots;
  }

  /**
   * Says something to a session through the operations of the manager, so that no answer, record or hook is passed by.
   *
   * @throws SessionchartError as the operation does; `INVALID_CONFIG` for an event or a field that is none.
   */
  async send(key: string, event: SaidEvent): Promise<void> {
    await sendToSession(key === COORDINATOR_KEY ? undefined : sessionIn(key), event, this.#host, this.#calls);
  }

  explain(key: string) {
    const told = this.#ledger.explain(sessionIn(key));
    if (told === undefined) return undefined;
    return { ...told, transitions: told.transitions.map(step => ({ ...step, at: step.at.getTime() })) };
  }

  *ended(): Generator<{ key: string; id: string }> {
    for (const id of this.#ledger.ended()) yield { key: SESSION_KEY + id, id };
  }
}

/** The session that a key names; of any other key, one that is none. */
const sessionIn = (key: string): string => (key.startsWith(SESSION_KEY) ? key.slice(SESSION_KEY.length) : '');

/** An event of that type as it would be sent. */
function exampleOf(type: OutsideEvent, { context }: SessionView): SessionEvent {
  switch (type) {
    case 'END':
      return { type, reason: 'user' };
    case 'CONFIGURE':
      return { type, config: context.config };
    case 'TRANSPORT':
      return { type, state: context.transport.state };
    default:
      return { type };
  }
}
