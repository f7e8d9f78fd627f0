import type { AnyStateNode } from 'xstate';
import { backoffDelayMs } from '../../../src/machines/backoff.ts';
import type { Failure } from '../../../src/machines/failure.ts';
import {
  LONGEST_BACKOFF_MS,
  leadMs,
  MINT_DEADLINE_MS,
  MINT_FLOOR_MS,
  NOTIFY_DEADLINE_MS,
  OPEN_DEADLINE_MS,
  PURGE_DEADLINE_MS,
  RELEASE_DEADLINE_MS,
} from '../../../src/machines/session-deadlines.ts';
import type { SessionReport } from '../../../src/machines/session-report.ts';
import { RETRY_BUDGET_MS } from '../../../src/machines/session-setup.ts';
import type { Lease, SessionContext } from '../../../src/machines/session-types.ts';
import type { Stamped, World } from '../chart-lab.ts';
import { began, contextOf, isFailure, livesUntil, runs, stateOf, type Watch } from './watch.ts';

/** One step of a session, as the rules look at it. */
export interface Witness {
  /** Nothing before it is the start. */
  readonly before: World | undefined;
  readonly event: Stamped;
  /** An answer to an attempt that is over. */
  readonly late: boolean;
  readonly after: World;
  readonly was: Watch;
  readonly is: Watch;
  readonly reports: readonly SessionReport[];
}

/** A rule: says what is wrong, or nothing. */
export type SessionRule = (step: Witness) => string | undefined;

const timerIn = (event: Stamped): string | undefined => /^xstate\.after\.([^.]+)\./.exec(event.type)?.[1];
const serves = (world: World): boolean => world.snapshot.hasTag('serving');
const secondsOf = (ms: number): string => `${ms / 1_000} s`;

/** A credential is renewed its lead before it expires, or when the floor allows it, but not after it expired. */
function renewalTime({ config }: SessionContext, lease: Lease, { mintedAt }: Watch): number {
  const due = lease.expiresAt - leadMs(config.renewalMarginSeconds, lease.expiresAt - lease.issuedAt);
  return Math.min(lease.expiresAt, Math.max(due, (mintedAt ?? Number.NEGATIVE_INFINITY) + MINT_FLOOR_MS));
}

/** When a timer of the state is due, from what the observer knows; `Infinity` where there is none. */
function dueTime(name: string, { after, is }: Witness): number {
  const context = contextOf(after);
  const { config, lease } = context;
  const never = Number.POSITIVE_INFINITY;
  switch (name) {
    case 'renewal': {
      return lease === null ? never : renewalTime(context, lease, is);
    }
    case 'inactivity':
      return config.enableInactivityTimeout ? is.idleFrom + config.inactivityTimeoutMinutes * 60_000 : never;
    case 'heartbeat':
      return config.enableHeartbeat ? is.beatFrom + config.heartbeatIntervalSeconds * 1_000 : never;
    case 'warning':
      return is.warned || config.durationWarningSeconds === 0
        ? never
        : livesUntil(is, context) - config.durationWarningSeconds * 1_000;
    case 'lifetime':
      return livesUntil(is, context);
    case 'expiry':
      return lease === null ? never : lease.expiresAt;
    default:
      return Number.NaN; // an amount from when its state was entered; see newTimers
  }
}

/** The fixed waits, and when each begins to count. */
function isDueAsOrdered(name: string, dueAt: number, { before, event: { at }, after, is }: Witness): boolean {
  const budgetEnd = is.operationSince + RETRY_BUDGET_MS;
  switch (name) {
    case 'notifyDeadline':
      return !began('notify', before, after) || dueAt === at + NOTIFY_DEADLINE_MS;
    case 'releaseDeadline':
      return !began('release', before, after) || dueAt === at + RELEASE_DEADLINE_MS;
    case 'purgeDeadline':
      return !began('purge', before, after) || dueAt === at + PURGE_DEADLINE_MS;
    case 'mintDeadline':
      return !began('acquire', before, after) || dueAt === Math.min(at + MINT_DEADLINE_MS, budgetEnd);
    case 'openDeadline':
      return !began('open', before, after) || dueAt === Math.min(at + OPEN_DEADLINE_MS, budgetEnd);
    default:
      return true;
  }
}

const timers: SessionRule = step => {
  const { after } = step;
  const armed = new Map(after.timers);
  for (const node of after.snapshot._nodes as AnyStateNode[]) {
    for (const eventType of new Set(node.after.map(timer => timer.eventType))) {
      const name = timerIn({ type: eventType, at: 0 }) ?? '';
      const timer = armed.get(eventType);
      armed.delete(eventType);
      const due = dueTime(name, step);
      if (timer === undefined) {
        if (due !== Number.POSITIVE_INFINITY) return `the timer ${name} of ${node.id} is not armed`;
        continue;
      }
      if (due === Number.POSITIVE_INFINITY) return `the timer ${name} of ${node.id} is armed without a deadline`;
      const { dueAt } = timer;
      if (Number.isNaN(due)) {
        if (!isDueAsOrdered(name, dueAt, step)) return `the timer ${name} was armed for the wrong time`;
        continue;
      }
      const passed = due <= after.now && dueAt <= after.now;
      // Activity only moves the deadline: the timer looks when it fires.
      const isRight = name === 'inactivity' ? dueAt <= due : dueAt === due;
      if (!isRight && !passed) return `the timer ${name} is off its deadline by ${secondsOf(dueAt - due)}`;
    }
  }
  const [extra] = armed.keys();
  return extra === undefined ? undefined : `the timer ${extra} is armed, but no active state declares it`;
};

const floor: SessionRule = ({ before, event, after, was }) => {
  if (!began('acquire', before, after) || was.mintedAt === null) return undefined;
  const since = event.at - was.mintedAt;
  return since < MINT_FLOOR_MS ? `a credential is asked for ${secondsOf(since)} after the one before` : undefined;
};

const UNKNOWN: Failure = { code: 'UNKNOWN_ERROR', retryable: false };
const TIMED_OUT: Failure = { code: 'PROVIDER_TIMEOUT', retryable: true };

/** When the attempt after the one that just failed may begin. */
function nextTry(context: SessionContext, failure: Failure, at: number, { tries, mintedAt }: Watch): number {
  const backoff = backoffDelayMs({
    attempt: tries,
    baseMs: context.config.retryBackoffMs,
    factor: 2,
    maxMs: LONGEST_BACKOFF_MS,
    seed: context.seed,
  });
  const wish = at + Math.max(backoff, failure.retryAfterMs ?? 0);
  return Math.max(wish, (mintedAt ?? Number.NEGATIVE_INFINITY) + MINT_FLOOR_MS);
}

const patience: SessionRule = ({ before, event, after, was, is, late }) => {
  if (late || before === undefined || !isFailure(event)) return undefined;
  if (stateOf(before) !== 'starting' && stateOf(before) !== 'renewing') return undefined;
  const context = contextOf(before);
  const { error } = event as unknown as { error?: Failure };
  const failure = timerIn(event) !== undefined ? TIMED_OUT : (error ?? UNKNOWN);
  const retryAt = nextTry(context, failure, event.at, is);
  const limit = Math.min(was.operationSince + RETRY_BUDGET_MS, context.lease?.expiresAt ?? Number.POSITIVE_INFINITY);
  const mayRetry = failure.retryable && is.tries < context.config.maxRetryAttempts && retryAt < limit;
  const failed = stateOf(after) === 'failed';
  if (failed === mayRetry)
    return failed ? 'it gave up although it may try again' : 'it tries again although it may not';
  if (failed) return undefined;
  const due = [...after.timers].find(([id]) => id.startsWith('xstate.after.backoff'))?.[1].dueAt;
  return due === retryAt ? undefined : `the next attempt is due at ${due}, not at ${retryAt}`;
};

/** Waits that no failure began: for the floor, or for what the provider asked before the session failed. */
const turn: SessionRule = ({ before, event, after, is }) => {
  if (isFailure(event)) return undefined;
  const timer = [...after.timers].find(([id]) => id.startsWith('xstate.after.backoff'));
  if (timer === undefined || before?.timers.has(timer[0])) return undefined;
  const { dueAt } = timer[1];
  const earliest = Math.max((is.mintedAt ?? 0) + MINT_FLOOR_MS, event.at);
  const { retryAt, lastError } = contextOf(before ?? after);
  const isForgiven = event.type === 'REVIVE' && lastError?.failure.retryAfterMs === undefined;
  const asked = isForgiven ? earliest : Math.max(earliest, retryAt);
  return dueAt === asked ? undefined : `it waits until ${dueAt} for its turn at ${asked}`;
};

const sameLease = (a: World, b: World): boolean =>
  contextOf(a).lease?.attempt === contextOf(b).lease?.attempt &&
  contextOf(a).lease?.expiresAt === contextOf(b).lease?.expiresAt;

const credential: SessionRule = ({ before, event, after, is }) => {
  const { lease, kind, refused } = contextOf(after);
  const state = stateOf(after);
  // While it gives back what it held, it still knows the name.
  if (lease !== null && !is.held.includes(lease.attempt) && !runs(after, 'release'))
    return 'it names a credential that was given back';
  const may = lease === null ? 0 : 1;
  if (is.held.length > may) return 'a credential is held that nothing names';
  if ((state === 'ended' || after.snapshot.matches({ failed: 'retained' })) && is.held.length > 0)
    return `it is ${state} and holds a credential`;
  if (!kind.credential && is.mintedAt !== null) return 'it asks for a credential that its kind does not have';
  if (state === 'active' && kind.credential && lease === null) return 'it serves without a credential';
  if (state === 'active' && kind.credential && (lease?.expiresAt ?? 0) < after.now)
    return 'it serves on a credential that has run out';
  if (refused && lease !== null) return 'it keeps a credential that was refused';
  if (before === undefined) return undefined;
  const held = contextOf(before).lease;
  const live = before.snapshot.hasTag('live') && stateOf(before) !== 'ending';
  if (event.type === 'xstate.done.actor.acquire' && runs(before, 'acquire') && live) {
    const { output } = event as unknown as { output: { attempt: number } };
    return lease?.attempt === output.attempt ? undefined : 'the credential that was obtained is not taken';
  }
  if (event.type === 'REFUSED' && kind.credential && live && held !== null) {
    return lease === null ? undefined : 'a refused credential stays in use';
  }
  if (held === null || sameLease(before, after)) return undefined;
  if (held.expiresAt <= event.at || began('release', before, after)) return undefined;
  if (stateOf(before) === 'ending' || stateOf(before) === 'failed') return undefined;
  return 'a credential that still serves is dropped';
};

const lateAnswers: SessionRule = ({ late, before, after }) => {
  if (!late || before === undefined) return undefined;
  const same = (world: World): string =>
    JSON.stringify([world.snapshot.value, world.snapshot.context, [...world.timers]]);
  return same(before) === same(after) ? undefined : 'an answer to an attempt that is over changed the session';
};

const oneEnd: SessionRule = ({ before, event, after, was, is, reports }) => {
  const ended = reports.filter(({ type }) => type === 'ended');
  if (ended.length > 1) return 'its end is told twice';
  const state = stateOf(after);
  const { endReason } = contextOf(after);
  const [told] = ended as { reason: string }[];
  if (told !== undefined && told.reason !== is.reason) return `it ended as ${told.reason}, not as ${is.reason}`;
  if ((state === 'ending' || state === 'failed') && endReason !== is.reason)
    return `its reason is ${endReason}, not ${is.reason}`;
  if (state !== 'ending' && state !== 'failed' && state !== 'ended' && endReason !== null)
    return 'it lives and has a reason to have ended';
  if (before === undefined || event.type === 'REVIVE' || was.reason === null) return undefined;
  return was.reason === is.reason ? undefined : `its reason changed from ${was.reason} to ${is.reason}`;
};

const terminal: SessionRule = ({ before }) =>
  before !== undefined && stateOf(before) === 'ended' ? 'something happened after the end' : undefined;

/** The longest that an end may take when nothing answers, ms. */
const LONGEST_END_MS = NOTIFY_DEADLINE_MS + RELEASE_DEADLINE_MS + PURGE_DEADLINE_MS;

const ending: SessionRule = ({ before, event, after, is }) => {
  const state = stateOf(after);
  if (state === 'ended') {
    return [...is.steps].sort().join('') === 'npr' ? undefined : `it ended with the steps "${is.steps}"`;
  }
  if (state === 'ending') {
    const [step, ...others] = ['notify', 'release', 'purge'].filter(child => runs(after, child));
    if (step === undefined || others.length > 0) return 'an end takes one step at a time';
    const latest = Math.max(...[...after.timers.values()].map(({ dueAt }) => dueAt));
    if (latest > after.now + LONGEST_END_MS) return 'an end takes too long';
  }
  if (state === 'ending' && contextOf(after).renewalCause !== null) return 'it ends and renews';
  if (before === undefined) return undefined;
  const from = stateOf(before);
  if (from === 'ending' && state !== 'ending') return `an end was broken off: it is ${state}`;
  if (event.type !== 'END') return undefined;
  if (from === 'failed') {
    const { endRequested } = contextOf(after);
    const goes = endRequested || runs(after, 'notify') || runs(after, 'purge');
    return goes ? undefined : 'an end was asked for and forgotten';
  }
  return state === 'ending' ? undefined : 'an end was asked for and not begun';
};

const failing: SessionRule = ({ before, event, after }) => {
  const state = stateOf(after);
  if (after.snapshot.matches({ failed: 'retained' }) && contextOf(after).endRequested)
    return 'it is kept although its end was asked for';
  if (before === undefined || stateOf(before) !== 'failed' || state === 'failed' || state === 'ended') return undefined;
  if (event.type !== 'REVIVE') return `it came back to life by ${event.type}`;
  return state === 'starting' || state === 'renewing' ? undefined : `it was revived into ${state}`;
};

const idle: SessionRule = ({ before, event, after, was, is }) => {
  const { config } = contextOf(after);
  const windowMs = config.inactivityTimeoutMinutes * 60_000;
  if (serves(after) && config.enableInactivityTimeout && after.now > is.idleFrom + windowMs)
    return 'it serves beyond its idle window';
  if (before === undefined || timerIn(event) !== 'inactivity') return undefined;
  const isDue = event.at >= was.idleFrom + windowMs;
  if (isDue) return stateOf(after) === 'ending' ? undefined : 'it is idle and lives on';
  return stateOf(after) === stateOf(before) ? undefined : 'it ended as idle before the window was over';
};

const lifetime: SessionRule = ({ before, event, after, was, is }) => {
  const until = livesUntil(is, contextOf(after));
  if (serves(after) && after.now > until) return 'it serves beyond its lifetime';
  if (before === undefined) return undefined;
  if (timerIn(event) === 'lifetime') {
    if (stateOf(after) !== 'ending') return 'its lifetime is over and it lives on';
    return event.at < livesUntil(was, contextOf(before)) ? 'it ended before its lifetime was over' : undefined;
  }
  return undefined;
};

const warning: SessionRule = ({ before, after, event, was, is, reports }) => {
  if (contextOf(after).warned !== is.warned) {
    return is.warned ? 'a warning that was given is forgotten' : 'a warning counts as given that was not';
  }
  const told = reports.some(({ type }) => type === 'lifetime-warning');
  if (!told || before === undefined) return undefined;
  if (was.warned) return 'the warning is given twice';
  const { durationWarningSeconds } = contextOf(before).config;
  return event.at < livesUntil(was, contextOf(before)) - durationWarningSeconds * 1_000
    ? 'the warning comes too early'
    : undefined;
};

const heartbeat: SessionRule = ({ before, event, after, was, reports }) => {
  const beats = reports.some(({ type }) => type === 'heartbeat');
  if (before === undefined) return undefined;
  const isBeat = timerIn(event) === 'heartbeat';
  if (isBeat !== beats) return beats ? 'a heartbeat out of turn' : 'a heartbeat is left out';
  const { config, kind, probing } = contextOf(after);
  if (isBeat && event.at - was.beatFrom < config.heartbeatIntervalSeconds * 1_000) return 'a heartbeat comes too early';
  if (isBeat && kind.probe !== began('probe', before, after)) return 'a heartbeat does not ask the other side';
  if (runs(after, 'probe') !== (probing && serves(after)))
    return 'a probe runs that is not told of, or is told of and does not run';
  return undefined;
};

const pause: SessionRule = ({ before, event, after }) => {
  if (stateOf(after) === 'paused') {
    if (['acquire', 'open', 'probe'].some(child => runs(after, child))) return 'a paused session is busy';
    if (contextOf(after).renewalCause !== null) return 'a paused session renews';
  }
  if ((contextOf(after).pausedAt !== null) !== (stateOf(after) === 'paused') && serves(after))
    return 'it serves and is paused';
  if (before === undefined) return undefined;
  const from = stateOf(before);
  if (event.type === 'PAUSE' && (from === 'active' || from === 'renewing')) {
    return stateOf(after) === 'paused' ? undefined : 'a pause was not taken';
  }
  if (event.type !== 'RESUME' || from !== 'paused') return undefined;
  return stateOf(after) === 'paused' ? 'a resume was not taken' : undefined;
};

const renewal: SessionRule = ({ before, event, after, was }) => {
  const state = stateOf(after);
  const { kind, lease, renewalCause } = contextOf(after);
  if ((state === 'renewing') !== (renewalCause !== null))
    return `it is ${state} and its renewal has the cause ${renewalCause}`;
  if (before === undefined) return undefined;
  const from = stateOf(before);
  if (from === 'active' && kind.credential && (event.type === 'RENEW' || timerIn(event) === 'renewal')) {
    if (state !== 'renewing') return 'a renewal was not begun';
  }
  if (timerIn(event) === 'expiry' && from === 'renewing' && state !== 'failed')
    return 'the credential ran out and it goes on';
  if (from === 'renewing' && state === 'active' && event.type !== 'xstate.done.actor.acquire')
    return 'a renewal ended without a credential';
  if (event.type !== 'RESUME' || from !== 'paused' || state === 'ending') return undefined;
  const old = contextOf(before).lease;
  const isDue = kind.credential && (old === null || event.at >= renewalTime(contextOf(before), old, was));
  if (isDue)
    return state === 'renewing' || contextOf(before).usableAt === null ? undefined : 'a resume does not renew first';
  return lease !== null && state === 'renewing' ? 'a resume renews a credential that is good' : undefined;
};

const LIVE_LIMIT_MS = RETRY_BUDGET_MS + MINT_DEADLINE_MS;

/** An operation that nobody answers is over within its budget; it cannot be taken round and round. */
const budget: SessionRule = ({ after, is }) => {
  const state = stateOf(after);
  const busy =
    runs(after, 'acquire') || runs(after, 'open') || [...after.timers.keys()].some(id => id.includes('backoff'));
  if (state !== 'starting' && state !== 'renewing') return undefined;
  if (!busy) return `it is ${state} and waits for nothing`;
  return after.now - is.operationSince > LIVE_LIMIT_MS ? `it is ${state} beyond its budget` : undefined;
};

const channel: SessionRule = ({ before, after, is }) => {
  const { kind } = contextOf(after);
  if (!kind.channel && runs(after, 'open')) return 'it opens a channel that its kind does not have';
  if (stateOf(after) === 'ended' && is.connected) return 'it ended and left its channel open';
  if (before === undefined || !kind.channel) return undefined;
  if (stateOf(after) === 'active' && !is.connected) return 'it serves without its channel';
  return kind.channel && runs(after, 'open') && kind.credential && contextOf(after).lease === null
    ? 'it opens its channel without a credential'
    : undefined;
};

/** What must hold of every session, in every state and at every step. */
export const SESSION_RULES = {
  timers,
  floor,
  patience,
  turn,
  credential,
  'late-answers': lateAnswers,
  'one-end': oneEnd,
  terminal,
  ending,
  failing,
  idle,
  lifetime,
  warning,
  heartbeat,
  pause,
  renewal,
  budget,
  channel,
} as const satisfies Record<string, SessionRule>;
