import { assign, emit, setup } from 'xstate';
import { plainDelayMs, unitOf } from './backoff.ts';
import type { StateMeta, TransitionMeta } from './disposition.ts';
import type { Failure } from './failure.ts';

export const RETRY_POLICIES = ['none', 'immediate', 'exponential', 'linear', 'hybrid', 'custom'] as const;
/** How the waits between attempts grow; see {@link retryDelayMs}. */
export type RetryPolicy = (typeof RETRY_POLICIES)[number];

export const JITTERS = ['none', 'deterministic-full', 'deterministic-equal'] as const;
/** How waits are spread; see {@link retryDelayMs}. */
export type Jitter = (typeof JITTERS)[number];

/** The limits of one run. Durations in ms. */
export interface RetryLimits {
  readonly policy: RetryPolicy;
  /** Attempts in all, the first one included. */
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  readonly multiplier: number;
  readonly maxDelayMs: number;
  /** Time for everything: attempts and waits. */
  readonly budgetMs: number;
  readonly jitter: Jitter;
  /** Waits of the policy `custom`; the last one repeats. */
  readonly delaysMs: readonly number[];
}

export interface RetryInput extends RetryLimits {
  readonly seed: number;
  /** Now, ms, on the scale of the events. */
  readonly at: number;
}

/** Why a run gave up. */
export type GaveUp = 'fatal' | 'attempts' | 'budget';

interface RetryContext extends RetryInput {
  readonly attempt: number;
  readonly endsAt: number;
  readonly waitMs: number;
  readonly gaveUp: GaveUp | undefined;
  readonly failure: Failure | undefined;
}

export type RetryEvent =
  | { type: 'SUCCEEDED'; attempt: number } // e.g. the provider answered
  | { type: 'FAILED'; attempt: number; at: number; failure: Failure } // e.g. it answered 503
  | { type: 'ABORTED' }; // e.g. the session is being disposed

export type RetryEmitted =
  | { type: 'attemptDue'; attempt: number }
  | { type: 'retryScheduled'; attempt: number; waitMs: number };

/**
 * The wait after failed attempt number `attempt` (from 1), whole ms, never above `maxDelayMs`.
 *
 * | Policy | Wait |
 * |---|---|
 * | `none`, `immediate` | 0 |
 * | `exponential` | `initialDelayMs × multiplier^(attempt-1)` |
 * | `linear` | `initialDelayMs × attempt` |
 * | `hybrid` | 0 after the first failure, then as exponential from its start |
 * | `custom` | `delaysMs[attempt-1]`, the last one from there on; as exponential where there are none |
 *
 * Jitter `deterministic-full` takes a part between 0 and the whole wait, `deterministic-equal` between half and the
 * whole; both depend on seed and attempt alone.
 */
export function retryDelayMs(limits: RetryLimits, attempt: number, seed: number): number {
  const plain = policyDelayMs(limits, attempt);
  const unit = unitOf(seed, attempt);
  if (limits.jitter === 'deterministic-full') return Math.round(plain * unit);
  if (limits.jitter === 'deterministic-equal') return Math.round((plain * (1 + unit)) / 2);
  return Math.round(plain);
}

function policyDelayMs(limits: RetryLimits, attempt: number): number {
  const { policy, initialDelayMs, multiplier, maxDelayMs, delaysMs } = limits;
  switch (policy) {
    case 'none':
    case 'immediate':
      return 0;
    case 'linear':
      return Math.min(maxDelayMs, initialDelayMs * attempt);
    case 'hybrid':
      return attempt === 1 ? 0 : plainDelayMs(attempt - 1, initialDelayMs, multiplier, maxDelayMs);
    case 'custom': {
      const listed = delaysMs[attempt - 1] ?? delaysMs.at(-1);
      return listed === undefined
        ? plainDelayMs(attempt, initialDelayMs, multiplier, maxDelayMs)
        : Math.min(maxDelayMs, listed);
    }
    case 'exponential':
      return plainDelayMs(attempt, initialDelayMs, multiplier, maxDelayMs);
  }
}

/** What to wait after the attempt that failed just now: as planned, or longer where the provider asks for it. */
function nextWaitMs(context: RetryContext, failure: Failure): number {
  return Math.max(retryDelayMs(context, context.attempt, context.seed), failure.retryAfterMs ?? 0);
}

const ATTEMPT_OVER = 'the attempt that it answers is over';

/**
 * One operation with its retries. It says when an attempt is due, and is told how the attempt went; the answer to an
 * attempt that is over changes nothing. It ends in `succeeded`, `aborted` or `gaveUp`, at the latest when the budget is
 * used up. A wait that would not end before that is not begun.
 */
export const retryMachine = setup({
  types: {
    context: {} as RetryContext,
    events: {} as RetryEvent,
    emitted: {} as RetryEmitted,
    input: {} as RetryInput,
    meta: {} as StateMeta<RetryEvent['type']>,
    transitionMeta: {} as TransitionMeta,
  },
  actions: {
    askForAttempt: emit(({ context }) => ({ type: 'attemptDue' as const, attempt: context.attempt })),
    announceRetry: emit(({ context }) => ({
      type: 'retryScheduled' as const,
      attempt: context.attempt + 1,
      waitMs: context.waitMs,
    })),
    countAttempt: assign({
      attempt: ({ context }) => context.attempt + 1,
      at: ({ context }) => context.at + context.waitMs,
    }),
    planWait: assign((_, plan: { at: number; waitMs: number; failure: Failure }) => plan),
    giveUp: assign((_, end: { gaveUp: GaveUp; failure?: Failure }) => end),
  },
  guards: {
    isOver: ({ context }, attempt: number) => attempt !== context.attempt,
    isFatal: (_, { retryable }: Failure) => !retryable,
    isLast: ({ context }) => context.policy === 'none' || context.attempt >= context.maxAttempts,
    isTooLong: ({ context }, { at, failure }: { at: number; failure: Failure }) =>
      at + nextWaitMs(context, failure) >= context.endsAt,
  },
  delays: {
    untilNext: ({ context }) => context.waitMs,
    untilEnd: ({ context }) => Math.max(0, context.endsAt - context.at),
  },
}).createMachine({
  id: 'retry',
  context: ({ input }) => ({
    ...input,
    attempt: 1,
    endsAt: input.at + input.budgetMs,
    waitMs: 0,
    gaveUp: undefined,
    failure: undefined,
  }),
  initial: 'attempting',
  states: {
    attempting: {
      entry: 'askForAttempt',
      on: {
        SUCCEEDED: [
          { guard: { type: 'isOver', params: ({ event }) => event.attempt }, meta: { ignores: ATTEMPT_OVER } },
          { target: 'succeeded' },
        ],
        FAILED: [
          { guard: { type: 'isOver', params: ({ event }) => event.attempt }, meta: { ignores: ATTEMPT_OVER } },
          {
            guard: { type: 'isFatal', params: ({ event }) => event.failure },
            target: 'gaveUp',
            actions: { type: 'giveUp', params: ({ event }) => ({ gaveUp: 'fatal' as const, failure: event.failure }) },
          },
          {
            guard: 'isLast',
            target: 'gaveUp',
            actions: {
              type: 'giveUp',
              params: ({ event }) => ({ gaveUp: 'attempts' as const, failure: event.failure }),
            },
          },
          {
            guard: { type: 'isTooLong', params: ({ event: { at, failure } }) => ({ at, failure }) },
            target: 'gaveUp',
            actions: { type: 'giveUp', params: ({ event }) => ({ gaveUp: 'budget' as const, failure: event.failure }) },
          },
          {
            target: 'waiting',
            actions: {
              type: 'planWait',
              params: ({ context, event: { at, failure } }) => ({ at, failure, waitMs: nextWaitMs(context, failure) }),
            },
          },
        ],
      },
      after: {
        untilEnd: { target: 'gaveUp', actions: { type: 'giveUp', params: { gaveUp: 'budget' as const } } },
      },
    },
    waiting: {
      meta: { ignores: { [ATTEMPT_OVER]: ['SUCCEEDED', 'FAILED'] } },
      entry: 'announceRetry',
      after: { untilNext: { target: 'attempting', actions: 'countAttempt' } },
    },
    succeeded: { type: 'final' },
    gaveUp: { type: 'final' },
    aborted: { type: 'final' },
  },
  on: { ABORTED: '.aborted' },
});
