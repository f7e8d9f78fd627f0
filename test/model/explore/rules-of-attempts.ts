import { backoffDelayMs } from '../../../src/machines/backoff.ts';
import type { Failure } from '../../../src/machines/failure.ts';
import { LONGEST_BACKOFF_MS, MINT_DEADLINE_MS, MINT_FLOOR_MS } from '../../../src/machines/session-deadlines.ts';
import { RETRY_BUDGET_MS } from '../../../src/machines/session-setup.ts';
import type { SessionContext } from '../../../src/machines/session-types.ts';
import type { World } from '../chart-lab.ts';
import { began, contextOf, isFailure, runs, stateOf, type Watch } from './watch.ts';
import { type SessionRule, timerIn } from './witness.ts';

const secondsOf = (ms: number): string => `${ms / 1_000} s`;

export const floor: SessionRule = ({ before, event, after, was }) => {
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

export const patience: SessionRule = ({ before, event, after, was, is, late }) => {
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
export const turn: SessionRule = ({ before, event, after, is }) => {
  if (isFailure(event)) return undefined;
  const timer = [...after.timers].find(([id]) => id.startsWith('xstate.after.backoff'));
  if (timer === undefined) return undefined;
  const [id, { dueAt }] = timer;
  if (before?.timers.get(id)?.dueAt === dueAt && event.type !== id) return undefined;
  const earliest = Math.max((is.mintedAt ?? 0) + MINT_FLOOR_MS, event.at);
  const { retryAt, lastError } = contextOf(before ?? after);
  const isForgiven = event.type === 'REVIVE' && lastError?.failure.retryAfterMs === undefined;
  const asked = isForgiven ? earliest : Math.max(earliest, retryAt);
  if (asked <= event.at) return 'it waits although its turn has come';
  return dueAt === asked ? undefined : `it waits until ${dueAt} for its turn at ${asked}`;
};

const LIVE_LIMIT_MS = RETRY_BUDGET_MS + MINT_DEADLINE_MS;

/** An operation that nobody answers is over within its budget; it cannot be taken round and round. */
export const budget: SessionRule = ({ after, is }) => {
  const state = stateOf(after);
  const busy =
    runs(after, 'acquire') || runs(after, 'open') || [...after.timers.keys()].some(id => id.includes('backoff'));
  if (state !== 'starting' && state !== 'renewing') return undefined;
  if (!busy) return `it is ${state} and waits for nothing`;
  return after.now - is.operationSince > LIVE_LIMIT_MS ? `it is ${state} beyond its budget` : undefined;
};

export const lateAnswers: SessionRule = ({ late, before, after }) => {
  if (!late || before === undefined) return undefined;
  const same = (world: World): string =>
    JSON.stringify([world.snapshot.value, world.snapshot.context, [...world.timers]]);
  return same(before) === same(after) ? undefined : 'an answer to an attempt that is over changed the session';
};
