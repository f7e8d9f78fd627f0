import { assertEvent, assign, type DoneActorEvent, fromPromise, setup } from 'xstate';
import type { StateMeta, TransitionMeta } from './disposition.ts';
import type { Failure } from './failure.ts';
import {
  deadlinesOf,
  MINT_DEADLINE_MS,
  NOTIFY_DEADLINE_MS,
  nextMintAt,
  OPEN_DEADLINE_MS,
  PURGE_DEADLINE_MS,
  RELEASE_DEADLINE_MS,
  retryTime,
} from './session-deadlines.ts';
import type {
  AttemptInput,
  EndReason,
  Lease,
  OpenedChannel,
  RenewalCause,
  SessionContext,
  SessionEvent,
  SessionInput,
  SessionOutput,
  SessionRefusal,
} from './session-types.ts';

/** An operation, with all its attempts, gives up after this, ms (SP-037, budget of the session domain). */
export const RETRY_BUDGET_MS = 70_000;

/** What the chart sees of an event; the answers of invoked actors and timers are not in its public union. */
export interface AnyEvent {
  readonly type: string;
  readonly at?: number;
  readonly input?: { readonly at?: number };
  readonly error?: unknown;
  readonly output?: unknown;
}

/** The time of an event, as its host stamped it. */
export function timeOf(event: AnyEvent): number {
  const at = event.at ?? event.input?.at;
  if (at === undefined) throw new Error(`event "${event.type}" has no time; run the chart behind stampedLogic()`);
  return at;
}

const TIMED_OUT: Failure = { code: 'PROVIDER_TIMEOUT', retryable: true };
const REFUSED: Failure = { code: 'AUTH_ERROR', retryable: false };
const KEY_EXPIRED: Failure = { code: 'KEY_EXPIRED', retryable: true };
const UNKNOWN: Failure = { code: 'UNKNOWN_ERROR', retryable: false };

const isFailure = (value: unknown): value is Failure =>
  typeof value === 'object' && value !== null && 'code' in value && 'retryable' in value;

/** What an event says went wrong: the failure that an actor rejected with, or a deadline that passed. */
function failureIn(event: AnyEvent): Failure {
  if (event.type.startsWith('xstate.after.expiry')) return KEY_EXPIRED;
  if (event.type.startsWith('xstate.after.')) return TIMED_OUT;
  return isFailure(event.error) ? event.error : UNKNOWN;
}

/** When the operation that is under way gives up, with an attempt that may be running. */
const budgetEnd = (context: SessionContext): number => context.operationSince + RETRY_BUDGET_MS;

/**
 * How long an attempt is waited for: within the budget, but never not at all. A wait that the provider asked for, or a
 * sleep of the machine, may have used the budget up before the attempt began.
 */
function attemptMs(context: SessionContext, longestMs: number, at: number): number {
  const left = budgetEnd(context) - at;
  return context.tries <= 1 || left <= 0 ? longestMs : Math.min(longestMs, left);
}

/** Until when an operation may be tried again: as long as the old credential lasts, and within the budget. */
function retryLimit(context: SessionContext): number {
  return Math.min(budgetEnd(context), context.lease?.expiresAt ?? Number.POSITIVE_INFINITY);
}

const notProvided = (port: string) => () => Promise.reject(new Error(`the host provides no actor "${port}"`));

/** The named parts of the session chart: its ports, delays, guards and actions. */
export const sessionSetup = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    input: {} as SessionInput,
    output: {} as SessionOutput,
    tags: {} as 'live' | 'serving',
    meta: {} as StateMeta<SessionEvent['type'], SessionRefusal>,
    transitionMeta: {} as TransitionMeta<SessionRefusal>,
  },
  actors: {
    /** Obtains one credential. Resolves to a reference; rejects with a Failure. */
    acquire: fromPromise<Lease, AttemptInput>(notProvided('acquire')),
    /** Opens the channel. Rejects with a Failure. */
    open: fromPromise<OpenedChannel, AttemptInput>(notProvided('open')),
    /** Asks the other side whether it is there. */
    probe: fromPromise<void, AttemptInput>(notProvided('probe')),
    /** The steps of an end. Each resolves to the codes of what it could not do. */
    notify: fromPromise<readonly string[], AttemptInput>(notProvided('notify')),
    release: fromPromise<readonly string[], AttemptInput>(notProvided('release')),
    purge: fromPromise<readonly string[], AttemptInput>(notProvided('purge')),
  },
  delays: {
    renewal: ({ context, event }) => deadlinesOf(context).renewal - timeOf(event),
    inactivity: ({ context, event }) => deadlinesOf(context).inactivity - timeOf(event),
    heartbeat: ({ context, event }) => deadlinesOf(context).heartbeat - timeOf(event),
    warning: ({ context, event }) => deadlinesOf(context).warning - timeOf(event),
    lifetime: ({ context, event }) => deadlinesOf(context).lifetime - timeOf(event),
    expiry: ({ context, event }) => deadlinesOf(context).expiry - timeOf(event),
    backoff: ({ context, event }) => context.retryAt - timeOf(event),
    mintDeadline: ({ context, event }) => attemptMs(context, MINT_DEADLINE_MS, timeOf(event)),
    openDeadline: ({ context, event }) => attemptMs(context, OPEN_DEADLINE_MS, timeOf(event)),
    notifyDeadline: NOTIFY_DEADLINE_MS,
    releaseDeadline: RELEASE_DEADLINE_MS,
    purgeDeadline: PURGE_DEADLINE_MS,
  },
  guards: {
    needsCredential: ({ context, event }) =>
      context.kind.credential && (context.lease === null || context.lease.expiresAt <= timeOf(event)),
    hasChannel: ({ context }) => context.kind.channel,
    hasProbe: ({ context }) => context.kind.probe,
    mustWait: ({ context, event }) => timeOf(event) < nextTurn(context),
    isRefused: ({ context }) => context.refused,
    isPaused: ({ context }) => context.pausedAt !== null,
    isRefusedTooOften: ({ context }) => context.kind.credential && context.refusals >= context.config.maxRetryAttempts,
    canRetry: ({ context, event }) => {
      const failure = failureIn(event);
      return (
        failure.retryable &&
        context.tries < context.config.maxRetryAttempts &&
        retryTime(context, failure, timeOf(event)) < retryLimit(context)
      );
    },
    isIdle: ({ context, event }) => timeOf(event) >= deadlinesOf(context).inactivity,
    isPastLifetime: ({ context, event }) => timeOf(event) >= deadlinesOf(resumed(context, timeOf(event))).lifetime,
    mustRenewFirst: ({ context, event }) =>
      context.kind.credential && (context.lease === null || timeOf(event) >= deadlinesOf(context).renewal),
    canRenew: ({ context }) => context.kind.credential,
    isEndRequested: ({ context }) => context.endRequested,
    canRevive: ({ context, event }) =>
      context.kind.credential && !context.endRequested && timeOf(event) < lifeAfterRevival(context),
  },
  actions: {
    /** Gives an admission back that a failed session can no longer use. The host does it. */
    returnAdmission: () => {},
    beginMint: assign(({ context, event }) => ({
      attempt: context.attempt + 1,
      tries: context.tries + 1,
      lastMintAt: timeOf(event),
    })),
    beginOpen: assign(({ context }) => ({
      attempt: context.attempt + 1,
      tries: context.tries + 1,
      openAttempt: context.attempt + 1,
    })),
    waitForTurn: assign(({ context }) => ({ retryAt: nextTurn(context) })),
    noteFailure: assign(({ context, event }) => ({
      lastError: { failure: failureIn(event), at: timeOf(event) },
      retryAt: retryTime(context, failureIn(event), timeOf(event)),
    })),
    adopt: assign(({ event }) => ({
      lease: (event as unknown as DoneActorEvent<Lease>).output,
      refused: false,
      lastError: null,
      tries: 0,
    })),
    noteOpened: assign(({ context, event }) => ({
      capAt: (event as unknown as DoneActorEvent<OpenedChannel>).output.capAt ?? context.capAt,
      lastError: null,
    })),
    markUsable: assign(({ context, event }) => ({ usableAt: context.usableAt ?? timeOf(event) })),
    becomeUsable: assign(({ context, event }) =>
      context.usableAt === null
        ? { usableAt: timeOf(event), idleFrom: timeOf(event), beatFrom: timeOf(event), lifeFrom: timeOf(event) }
        : {},
    ),
    beginRenewal: assign(({ event }, params: { cause: RenewalCause }) => ({
      renewalCause: params.cause,
      tries: 0,
      operationSince: timeOf(event),
    })),
    completeRenewal: assign(({ context, event }) => {
      const renewals = context.counters.renewals + 1;
      const latency = timeOf(event) - context.operationSince;
      const mean = context.counters.averageRenewalLatencyMs;
      return {
        renewalCause: null,
        refusals: context.renewalCause === 'credential-refused' ? context.refusals : 0,
        counters: {
          ...context.counters,
          renewals,
          averageRenewalLatencyMs: mean + (latency - mean) / renewals,
        },
      };
    }),
    failRenewal: assign(({ context }) => ({
      renewalCause: null,
      counters: { ...context.counters, failedRenewals: context.counters.failedRenewals + 1 },
    })),
    dropLease: assign({ lease: null }),
    dropExpired: assign(({ context, event }) => (isExpired(context, timeOf(event)) ? { lease: null } : {})),
    markRefused: assign(({ context }) => ({ lease: null, refused: true, refusals: context.refusals + 1 })),
    noteRefusal: assign(({ event }) => ({ renewalCause: null, lastError: { failure: REFUSED, at: timeOf(event) } })),
    touch: assign(({ context, event }) => ({
      lastActivityAt: timeOf(event),
      // While paused the window is counted from the pause on: after the resume it is a full one.
      idleFrom: context.pausedAt ?? timeOf(event),
      counters: { ...context.counters, inactivityResets: context.counters.inactivityResets + 1 },
    })),
    configure: assign(({ context, event }) => {
      assertEvent(event, 'CONFIGURE');
      const { config } = event;
      return {
        config,
        warned: stillWarned({ ...context, config }, timeOf(event)),
        probe: config.enableHeartbeat ? context.probe : 'none',
      };
    }),
    noteTransport: assign(({ context, event }) => {
      assertEvent(event, 'TRANSPORT');
      const { transport } = context;
      const lost =
        transport.state === 'failed' || (transport.state === 'disconnected' && transport.lastConnectedAt !== null);
      const capAt = event.capAt ?? context.capAt;
      return {
        capAt,
        warned: stillWarned({ ...context, capAt }, timeOf(event)),
        refusals: event.state === 'connected' ? 0 : context.refusals,
        transport: {
          state: event.state,
          lastConnectedAt: event.state === 'connected' ? timeOf(event) : transport.lastConnectedAt,
          reconnectAttempts: transport.reconnectAttempts + (event.state === 'connecting' && lost ? 1 : 0),
        },
      };
    }),
    countBeat: assign(({ context, event }) => ({
      beatFrom: timeOf(event),
      lastBeatAt: timeOf(event),
      counters: { ...context.counters, heartbeats: context.counters.heartbeats + 1 },
      // A probe that has not answered within a whole interval counts as a failed one.
      probe: context.probing ? 'failing' : context.probe,
      probing: context.kind.probe,
    })),
    noteAlive: assign({ probe: 'healthy', probing: false }),
    noteSilence: assign({ probe: 'failing', probing: false }),
    forgetProbe: assign({ probing: false }),
    warn: assign({ warned: true }),
    pause: assign(({ event }) => ({ pausedAt: timeOf(event), renewalCause: null })),
    unpause: assign(({ context, event }) => resumed(context, timeOf(event))),
    setReason: assign(({ context }, params: { reason: EndReason }) => ({
      endReason: context.endReason ?? params.reason,
      renewalCause: null,
    })),
    takeReason: assign(({ context, event }) => {
      assertEvent(event, 'END');
      return { endReason: context.endReason ?? event.reason, renewalCause: null };
    }),
    fail: assign(({ context }) => ({ endReason: context.usableAt === null ? 'start-failed' : 'credential-fatal' })),
    // The connection that had a cap is gone; a session that was never usable has no life behind it yet.
    revive: assign(({ context, event }) => ({
      lifeFrom: context.usableAt === null ? timeOf(event) : context.lifeFrom,
      capAt: null,
      warned: false,
      refusals: 0,
      endReason: null,
      idleFrom: timeOf(event),
      beatFrom: timeOf(event),
      lastActivityAt: timeOf(event),
      tries: 0,
      operationSince: timeOf(event),
      retryAt: failureOf(context).retryAfterMs === undefined ? timeOf(event) : context.retryAt,
    })),
    requestEnd: assign({ endRequested: true }),
    noteUnfinished: assign(({ context, event }) => {
      const { output } = event as unknown as { output: readonly string[] };
      return output.length === 0 ? {} : { unfinished: [...context.unfinished, ...output] };
    }),
    noteLoss: assign(({ context }, params: { code: string }) => ({
      unfinished: [...context.unfinished, params.code],
    })),
  },
});

/** What a failed session failed with: nothing leads there without an error. */
const failureOf = ({ lastError }: SessionContext): Failure => (lastError as NonNullable<typeof lastError>).failure;

/** When a session that is revived must end all the same: a lifetime that is over does not begin anew. */
const lifeAfterRevival = (context: SessionContext): number =>
  context.usableAt === null ? Number.POSITIVE_INFINITY : deadlinesOf({ ...context, capAt: null }).lifetime;

const isExpired = (context: SessionContext, at: number): boolean =>
  context.lease !== null && context.lease.expiresAt <= at;

/** When the session may ask for a credential again: the floor, and what the provider or the back-off asked to wait. */
const nextTurn = (context: SessionContext): number => Math.max(nextMintAt(context), context.retryAt);

/** Whether the warning that was given still holds: a later end of the lifetime deserves a warning of its own. */
const stillWarned = (context: SessionContext, at: number): boolean =>
  context.warned && at >= deadlinesOf({ ...resumed(context, at), warned: false }).warning;

/** The context as a resume at `at` makes it: what a pause stopped goes on with what was left. */
export function resumed(context: SessionContext, at: number): SessionContext {
  const away = at - (context.pausedAt ?? at);
  return {
    ...context,
    pausedAt: null,
    idleFrom: context.idleFrom + away,
    beatFrom: context.beatFrom + away,
    lifeFrom: context.lifeFrom + away,
  };
}
