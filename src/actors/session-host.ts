import { type ActorRefFrom, type AnyActorRef, createActor, type InspectionEvent, type Observer } from 'xstate';
import { seedOf } from '../machines/backoff.ts';
import {
  type CoordinatorLimits,
  coordinatorMachine,
  DRAIN_DEADLINE_MS,
  type Refusal,
} from '../machines/coordinator.ts';
import { publicStateOf } from '../machines/public-state.ts';
import { sessionMachine } from '../machines/session.ts';
import { type SessionDisposition, sessionDisposition } from '../machines/session-face.ts';
import { reportsOf, type SessionReport } from '../machines/session-report.ts';
import type { EndReason, SessionContext, SessionEvent } from '../machines/session-types.ts';
import { ActivityOrder } from './activity-order.ts';
import { type ActorTimers, type ArmedTimer, useActorTimers } from './actor-timers.ts';
import { sanitisedCause } from './classify-failure.ts';
import { settleWithin } from './deadline.ts';
import { LeaseVault, type VaultCounts } from './lease-vault.ts';
import type { Clock, Logger } from './ports.ts';
import type { Secret } from './secret.ts';
import { closeChannel, type EndSteps, sessionActors } from './session-actors.ts';
import {
  Entry,
  holdsSlot,
  type IdlePlace,
  namedAttempts,
  type SessionRef,
  type SessionSnapshot,
  type SessionView,
  type StartRequest,
  viewOf,
} from './session-entry.ts';
import { stampedLogic } from './stamped-logic.ts';

type CoordinatorRef = ActorRefFrom<typeof coordinatorMachine>;

/** What the host tells the owner of the sessions. Calls come in order, after the state they tell of can be read. */
export interface HostListener {
  onReport(sessionId: string, report: SessionReport, view: SessionView): void;
  /** A start, or a renewal of a failed session, was not admitted. */
  onRefused(sessionId: string, code: Refusal): void;
  /** The actor of a session threw. It is started again, or an end follows. */
  onCrashed(sessionId: string, error: unknown): void;
}

export interface SessionHostOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: CoordinatorLimits;
  readonly listener: HostListener;
  readonly steps: EndSteps;
  readonly inspect?: ((event: InspectionEvent) => void) | Observer<InspectionEvent> | undefined;
}

/** An inspector that throws would break the actor that it looks at; it is told of once, and looks on. */
function guardedInspector(inspect: NonNullable<SessionHostOptions['inspect']>, logger: Logger) {
  let told = false;
  return (event: InspectionEvent): void => {
    try {
      if (typeof inspect === 'function') inspect(event);
      else inspect.next?.(event);
    } catch (error) {
      if (!told) logger.warn('the inspector threw', { code: 'LISTENER_FAILED', cause: sanitisedCause(error) });
      told = true;
    }
  };
}

/**
 * What XState sends to a parent has the child's id in its type, and a state node remembers every type that it was ever
 * asked about. One type for all keeps that memory from growing with every session.
 */
const CHILD_EVENT = /^xstate\.(?:done|error)\.actor\./;

/** Stops an actor that has a parent; XState has no public way to, other than through the parent's own children. */
const stopActor = (ref: AnyActorRef): void => (ref as unknown as { _stop(): void })._stop();

/**
 * Runs the coordinator chart and the session charts, and does what they order.
 *
 * Sessions are children of the coordinator for supervision, but are not in its `children` record, which is copied on
 * every start and stop; they are kept in a map here. So starting, stopping and driving one session costs the same
 * however many there are.
 */
export class SessionHost {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listener: HostListener;
  readonly #vault: LeaseVault;
  readonly #entries = new Map<string, Entry>();
  readonly #recent = new ActivityOrder<Entry>();
  readonly #evictable = new ActivityOrder<IdlePlace>();
  readonly #machine: typeof sessionMachine;
  readonly #coordinator: CoordinatorRef;
  readonly #timers: ActorTimers;
  readonly #stopped: Promise<void>;
  /** What the charts ordered in a transition that is not committed yet. */
  #orders: (() => void)[] = [];

  constructor({ clock, logger, limits, listener, steps, inspect }: SessionHostOptions) {
    this.#clock = clock;
    this.#logger = logger;
    this.#listener = listener;
    this.#vault = new LeaseVault(clock, logger);
    const actors = sessionActors(
      { driverOf: id => this.#known(id).request.driver, credentialOf: id => this.credentialOf(id) },
      steps,
      this.#vault,
      clock,
      logger,
    );
    this.#machine = stampedLogic(
      sessionMachine.provide({
        actors,
        actions: {
          returnAdmission: ({ context: { sessionId } }) =>
            this.#order(() => {
              this.#known(sessionId).reviving = false;
              this.#tell({ type: 'RETURNED', sessionId });
            }),
        },
      }),
      clock,
      (self, before, after, event) => this.#entries.get(self.id)?.pending.push({ before, after, event }),
    );
    const coordinator = stampedLogic(
      coordinatorMachine.provide({
        actions: {
          admit: (_, { sessionId }) => this.#order(() => this.#run(this.#known(sessionId))),
          refuse: (_, { sessionId, code }) => this.#order(() => this.#refuse(sessionId, code)),
          refuseWaiting: (_, { sessionIds }) =>
            this.#order(() => {
              for (const sessionId of sessionIds) this.#refuse(sessionId, 'SESSION_LIMIT_REACHED');
            }),
          evictFor: (_, { sessionId }) => this.#order(() => this.#evictFor(sessionId)),
          revive: (_, { sessionId }) => this.#order(() => this.#revive(sessionId)),
          restart: (_, { sessionId }) => this.#order(() => this.#restart(sessionId)),
          abandon: (_, { sessionId }) => this.#order(() => this.#abandon(this.#known(sessionId), 'crashed', [])),
          endAll: (_, { reason }) => this.#order(() => this.#endAll(reason)),
          abandonAll: () => this.#order(() => this.#abandonAll('disposed')),
        },
      }),
      clock,
      undefined,
      event => (CHILD_EVENT.test(event.type) ? { type: 'CHILD_STOPPED' } : event),
    );
    this.#coordinator = createActor(coordinator, {
      input: limits,
      clock,
      id: 'coordinator',
      ...(inspect === undefined ? {} : { inspect: guardedInspector(inspect, logger) }),
    });
    this.#timers = useActorTimers(this.#coordinator.system, clock);
    this.#stopped = new Promise(resolve => {
      this.#coordinator.subscribe({
        next: ({ value }) => {
          this.#carryOut();
          if (value !== 'stopped') return;
          resolve();
          // Its last children still have to tell it that they are done.
          queueMicrotask(() => this.#coordinator.stop());
        },
        error: error => {
          logger.error('the coordinator threw', { cause: sanitisedCause(error) });
          this.#abandonAll('crashed');
          resolve();
        },
      });
    });
    this.#coordinator.start();
  }

  /** How many sessions hold a slot. */
  get live(): number {
    return this.#coordinator.getSnapshot().context.live;
  }

  get credentials(): VaultCounts {
    return this.#vault.counts;
  }

  /** Asks for a session. It is admitted, queued or refused before this returns. */
  start(request: StartRequest): void {
    const { sessionId } = request;
    if (this.#hasThrown) {
      this.#listener.onRefused(sessionId, 'MANAGER_NOT_READY');
      return;
    }
    this.#entries.set(sessionId, new Entry(request));
    this.#tell({ type: 'START', sessionId });
  }

  /** Says something to a session. Nothing happens if there is none, or if its chart does not take the event. */
  send(sessionId: string, event: SessionEvent): void {
    const entry = this.#entries.get(sessionId);
    if (entry === undefined) return;
    if (event.type === 'END') entry.endReason ??= event.reason;
    if (entry.ref !== undefined) entry.ref.send(event);
    else if (event.type === 'END') this.#tell({ type: 'CANCEL', sessionId, code: 'SESSION_ENDED' });
  }

  /** Asks for a slot for a failed session, to renew it. */
  revive(sessionId: string): void {
    if (this.#entries.get(sessionId)?.ref !== undefined) this.#tell({ type: 'REVIVE', sessionId });
  }

  configure(limits: CoordinatorLimits): void {
    this.#tell({ type: 'CONFIGURE', limits });
  }

  /** Ends every session. Resolves when all are gone, at the latest at the coordinator's deadline. */
  async drain(): Promise<void> {
    const until = this.#clock.now() + DRAIN_DEADLINE_MS;
    this.#tell({ type: 'DRAIN' });
    await this.#stopped;
    await settleWithin(this.#clock, Math.max(0, until - this.#clock.now()), () => this.#vault.settled());
  }

  view(sessionId: string): SessionView | undefined {
    const snapshot = this.#entries.get(sessionId)?.committed;
    return snapshot === undefined ? undefined : viewOf(snapshot);
  }

  /** The live session that was active last. */
  latest(): SessionView | undefined {
    const snapshot = this.#recent.latest?.committed;
    return snapshot === undefined ? undefined : viewOf(snapshot);
  }

  *views(): Generator<SessionView> {
    for (const { committed } of this.#entries.values()) if (committed !== undefined) yield viewOf(committed);
  }

  /** The secret of the credential that the session serves on. */
  credentialOf(sessionId: string): Secret | undefined {
    const snapshot = this.#entries.get(sessionId)?.ref?.getSnapshot();
    if (snapshot === undefined || !snapshot.hasTag('live') || publicStateOf(snapshot.value) === 'ending')
      return undefined;
    const { lease } = snapshot.context;
    if (lease === null || lease.expiresAt <= this.#clock.now()) return undefined;
    return this.#vault.secretOf(sessionId, lease.attempt);
  }

  /** Whether a session failed, gave back what it held, and waits to be renewed or ended. */
  isRetained(sessionId: string): boolean {
    return this.#entries.get(sessionId)?.committed?.matches({ failed: 'retained' }) === true;
  }

  /** What the chart of a session would make of an event now; `undefined` if there is no such session. */
  dispositionOf(sessionId: string, event: SessionEvent): SessionDisposition | undefined {
    const snapshot = this.#entries.get(sessionId)?.committed;
    const clock = this.#clock;
    const asked = {
      ...event,
      // Read only where a guard asks for it.
      get at() {
        return clock.now();
      },
    };
    return snapshot && sessionDisposition(snapshot, asked);
  }

  /** The actor of a session, for inspection. */
  actorOf(sessionId: string): SessionRef | undefined {
    return this.#entries.get(sessionId)?.ref;
  }

  /** The actors of all sessions: they are not among the `children` of the coordinator. */
  *actors(): Generator<SessionRef> {
    for (const { ref } of this.#entries.values()) if (ref !== undefined) yield ref;
  }

  get coordinator(): AnyActorRef {
    return this.#coordinator;
  }

  /** What the coordinator counts. */
  get slots(): { readonly taken: number; readonly limit: number; readonly waiting: number } {
    const { live, limit, waiting } = this.#coordinator.getSnapshot().context;
    return { taken: live, limit, waiting: waiting.length };
  }

  /** The timers that an actor has armed. */
  timersOf(actor: AnyActorRef): readonly ArmedTimer[] {
    return this.#timers.of(actor);
  }

  /** Whether the coordinator threw: it hears and answers nothing any more. */
  get #hasThrown(): boolean {
    return this.#coordinator.getSnapshot().status === 'error';
  }

  #tell(event: Parameters<CoordinatorRef['send']>[0]): void {
    if (!this.#hasThrown) this.#coordinator.send(event);
  }

  /** Orders are carried out when their transition is committed: an actor must not drive others while it acts. */
  #order(order: () => void): void {
    this.#orders.push(order);
  }

  #carryOut(): void {
    const orders = this.#orders;
    this.#orders = [];
    for (const order of orders) order();
  }

  /** A session that the coordinator speaks of: it was told of none that is not here. */
  #known(sessionId: string): Entry {
    return this.#entries.get(sessionId) as Entry;
  }

  #run(entry: Entry): void {
    const { sessionId, driver, config } = entry.request;
    const previous = entry.committed?.context;
    const ref = createActor(this.#machine, {
      parent: this.#coordinator,
      id: sessionId,
      input: {
        sessionId,
        config: previous?.config ?? config(),
        kind: {
          credential: driver.mint !== undefined,
          channel: driver.open !== undefined,
          probe: driver.probe !== undefined,
        },
        seed: seedOf(sessionId),
        ...(previous === undefined ? {} : { previous }),
      },
    });
    entry.ref = ref;
    entry.crashed = false;
    ref.subscribe({
      next: () => this.#commit(entry),
      error: error => this.#crashed(entry, error),
    });
    ref.start();
  }

  #commit(entry: Entry): void {
    const pending = entry.pending;
    const latest = pending.at(-1);
    if (latest === undefined) {
      // An event may change nothing of the chart and order something all the same.
      this.#carryOut();
      return;
    }
    entry.pending = [];
    const { driver, sessionId } = entry.request;
    for (const { before, after, event } of pending) {
      const previous = before === undefined ? entry.committed : before;
      entry.committed = after;
      entry.reviving &&= !after.hasTag('live');
      this.#place(entry, previous, after, event);
      // Before anyone hears of it: who starts a session because another one ended finds its slot free.
      this.#settle(entry, previous, after);
      const view = viewOf(after);
      for (const report of reportsOf(previous, after, event)) {
        this.#listener.onReport(sessionId, report, view);
      }
    }
    this.#vault.keepOnly(driver, sessionId, namedAttempts(latest.after));
    this.#carryOut();
  }

  /** Keeps the orders by activity in step with the state. */
  #place(entry: Entry, before: SessionSnapshot | undefined, after: SessionSnapshot, event: { type: string }): void {
    const live = after.hasTag('live') && after.status === 'active';
    const evictable = after.hasTag('serving') || after.matches('paused');
    const touched = event.type === 'ACTIVITY' || before === undefined || !before.hasTag('live');
    if (!live) this.#recent.remove(entry);
    else if (touched) this.#recent.touch(entry);
    if (!evictable) this.#evictable.remove(entry.idle);
    else if (touched || entry.idle.order === undefined) this.#evictable.touch(entry.idle);
  }

  /** Tells the coordinator when a session gave its slot back. */
  #settle(entry: Entry, before: SessionSnapshot | undefined, after: SessionSnapshot): void {
    const { sessionId } = entry.request;
    if (after.status === 'done') {
      this.#entries.delete(sessionId);
      this.#tell({ type: 'ENDED', sessionId, held: holdsSlot(before) });
    } else if (holdsSlot(before) && !after.hasTag('live')) {
      this.#tell({ type: 'FAILED', sessionId });
    }
  }

  #evictFor(sessionId: string): void {
    const victim = this.#evictable.longestIdle?.entry.request.sessionId;
    if (victim !== undefined) this.send(victim, { type: 'END', reason: 'evicted' });
    else this.#tell({ type: 'CANCEL', sessionId, code: 'SESSION_LIMIT_REACHED' });
  }

  #revive(sessionId: string): void {
    const entry = this.#entries.get(sessionId);
    if (entry?.ref === undefined) {
      this.#tell({ type: 'RETURNED', sessionId });
      return;
    }
    entry.reviving = true;
    entry.ref.send({ type: 'REVIVE' });
  }

  #crashed(entry: Entry, error: unknown): void {
    const { sessionId } = entry.request;
    const { committed } = entry;
    const held = holdsSlot(committed) || entry.reviving;
    entry.pending = [];
    entry.reviving = false;
    entry.crashed = true;
    this.#cleanUp(entry);
    this.#logger.error('a session threw', { sessionId, code: 'SESSION_CRASHED', cause: sanitisedCause(error) });
    this.#listener.onCrashed(sessionId, error);
    const ending =
      entry.endReason !== undefined || (committed !== undefined && publicStateOf(committed.value) === 'ending');
    this.#tell({ type: 'CRASHED', sessionId, held, ending });
  }

  #restart(sessionId: string): void {
    const entry = this.#known(sessionId);
    if (entry.endReason === undefined) {
      this.#run(entry);
      return;
    }
    this.#abandon(entry, 'crashed', []);
    this.#tell({ type: 'ENDED', sessionId, held: true });
  }

  /** Takes a session away that did not end by itself. */
  #abandon(entry: Entry, reason: EndReason, unfinished: readonly string[]): void {
    const { sessionId } = entry.request;
    this.#cleanUp(entry);
    this.#recent.remove(entry); // one that is started again after a crash keeps its place
    this.#entries.delete(sessionId);
    const { committed } = entry;
    if (committed === undefined) {
      this.#listener.onRefused(sessionId, 'SESSION_ENDED');
      return;
    }
    const { context } = committed;
    const endReason = context.endReason ?? entry.endReason ?? reason;
    const ended: SessionContext = { ...context, endReason };
    const view: SessionView = { sessionId, state: 'ended', context: ended };
    const from = publicStateOf(committed.value);
    const wasUsable = context.usableAt !== null;
    this.#listener.onReport(sessionId, { type: 'state', from, to: 'ended', cause: 'abandoned', wasUsable }, view);
    this.#listener.onReport(
      sessionId,
      { type: 'ended', reason: endReason, unfinished: [...context.unfinished, ...unfinished] },
      view,
    );
  }

  #abandonAll(reason: EndReason): void {
    for (const entry of [...this.#entries.values()]) this.#abandon(entry, reason, ['RELEASE_TIMEOUT']);
  }

  /** Leaves nothing of an actor behind: an actor that threw leaves its own children running. */
  #cleanUp(entry: Entry): void {
    const { ref, request } = entry;
    this.#evictable.remove(entry.idle);
    if (ref !== undefined) {
      // Both are missing if the actor threw before it had a context.
      const { children = {}, context }: Partial<SessionSnapshot> = ref.getSnapshot();
      for (const child of Object.values(children)) stopActor(child as AnyActorRef);
      stopActor(ref);
      entry.ref = undefined;
      const { sessionId, driver } = request;
      const attempt = context?.openAttempt ?? null;
      if (attempt !== null) void closeChannel(driver, { sessionId, attempt }, this.#clock, this.#logger);
    }
    void this.#vault.releaseAll(request.driver, request.sessionId);
  }

  #refuse(sessionId: string, code: Refusal): void {
    const entry = this.#entries.get(sessionId);
    if (entry?.ref === undefined && !entry?.crashed) this.#entries.delete(sessionId);
    this.#listener.onRefused(sessionId, code);
  }

  #endAll(reason: EndReason): void {
    for (const entry of [...this.#entries.values()]) {
      entry.endReason ??= reason;
      if (entry.ref !== undefined) entry.ref.send({ type: 'END', reason });
      else if (!entry.crashed) this.#refuse(entry.request.sessionId, 'SESSION_ENDED');
    }
  }
}
