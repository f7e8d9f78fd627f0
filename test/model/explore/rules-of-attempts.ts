import type { Failure } from '../../../src/machines/failure.ts';
import type { SessionContext } from '../../../src/machines/session-types.ts';
import type { World } from '../chart-lab.ts';
import { backoffRange, RULE_BOOK } from './rule-book.ts';
import { began, contextOf, isFailure, runs, stateOf, timerIn, type Watch } from './watch.ts';
import { type SessionRule, secondsOf } from './witness.ts';

export const floor: SessionRule = ({ before, event, after, was }) => {
  const isAttempt = began('acquire', before, after) || began('open', before, after);
  if (isAttempt && contextOf(after).attempt <= was.attempt) return 'an attempt has the number of one before';
  if (!began('acquire', before, after) || was.mintedAt === null) return undefined;
  const since = event.at - was.mintedAt;
  return since < RULE_BOOK.floorMs ? `a credential is asked for ${secondsOf(since)} after the one before` : undefined;
};

const UNKNOWN: Failure = { code: 'UNKNOWN_ERROR', retryable: false };
const TIMED_OUT: Failure = { code: 'PROVIDER_TIMEOUT', retryable: true };

/** When the attempt after the one that just failed may begin: jitter leaves it some room. */
function nextTry({ config }: SessionContext, failure: Failure, at: number, { tries, mintedAt }: Watch) {
  const range = backoffRange(tries, config.retryBackoffMs);
  const floorAt = (mintedAt ?? Number.NEGATIVE_INFINITY) + RULE_BOOK.floorMs;
  const after = (backoff: number): number => Math.max(at + Math.max(backoff, failure.retryAfterMs ?? 0), floorAt);
  return { least: after(range.least), most: after(range.most) };
}

export const patience: SessionRule = ({ before, event, after, was, is, late }) => {
  if (late || before === undefined || !isFailure(event)) return undefined;
  if (stateOf(before) !== 'starting' && stateOf(before) !== 'renewing') return undefined;
  const context = contextOf(before);
  const { error } = event as unknown as { error?: Failure };
  const failure = timerIn(event) !== undefined ? TIMED_OUT : (error ?? UNKNOWN);
  const next = nextTry(context, failure, event.at, is);
  const limit = Math.min(was.operationSince + RULE_BOOK.budgetMs, context.lease?.expiresAt ?? Number.POSITIVE_INFINITY);
  const isWorthIt = failure.retryable && is.tries < context.config.maxRetryAttempts;
  if (stateOf(after) === 'failed') {
    return isWorthIt && next.most < limit ? 'it gave up although it may try again' : undefined;
  }
  if (!isWorthIt || next.least >= limit) return 'it tries again although it may not';
  const due = [...after.timers].find(([id]) => id.startsWith('xstate.after.backoff'))?.[1].dueAt;
  const isInTime = due !== undefined && due >= next.least && due <= next.most;
  return isInTime ? undefined : `the next attempt is due at ${due}, not between ${next.least} and ${next.most}`;
};

/** Waits that no failure began: for the floor, or for what the provider asked before the session failed. */
export const turn: SessionRule = ({ before, event, after, is }) => {
  if (isFailure(event)) return undefined;
  const timer = [...after.timers].find(([id]) => id.startsWith('xstate.after.backoff'));
  if (timer === undefined) return undefined;
  const [id, { dueAt }] = timer;
  if (before?.timers.get(id)?.dueAt === dueAt && event.type !== id) return undefined;
  const earliest = Math.max((is.mintedAt ?? 0) + RULE_BOOK.floorMs, event.at);
  const { retryAt, lastError } = contextOf(before ?? after);
  const isForgiven = event.type === 'REVIVE' && lastError?.failure.retryAfterMs === undefined;
  const asked = isForgiven ? earliest : Math.max(earliest, retryAt);
  if (asked <= event.at) return 'it waits although its turn has come';
  return dueAt === asked ? undefined : `it waits until ${dueAt} for its turn at ${asked}`;
};

const LIVE_LIMIT_MS = RULE_BOOK.budgetMs + RULE_BOOK.attemptMs;

/** An operation that nobody answers is over within its budget; it cannot be taken round and round. */
export const budget: SessionRule = ({ after, is }) => {
  const state = stateOf(after);
  const busy =
    runs(after, 'acquire') || runs(after, 'open') || [...after.timers.keys()].some(id => id.includes('backoff'));
  if (state !== 'starting' && state !== 'renewing') return undefined;
  if (!busy) return `it is ${state} and waits for nothing`;
  // One whose first attempt had to wait for its turn has that attempt all the same.
  return is.tries > 1 && after.now - is.operationSince > LIVE_LIMIT_MS ? `it is ${state} beyond its budget` : undefined;
};

export const lateAnswers: SessionRule = ({ late, before, after }) => {
  if (!late || before === undefined) return undefined;
  const same = (world: World): string =>
    JSON.stringify([world.snapshot.value, world.snapshot.context, [...world.timers]]);
  return same(before) === same(after) ? undefined : 'an answer to an attempt that is over changed the session';
};
