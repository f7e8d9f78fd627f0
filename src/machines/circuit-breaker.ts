import { assign, setup } from 'xstate';
import type { StateMeta, TransitionMeta } from './disposition.ts';

/** SP-028 AC-002: opens after this many consecutive failures. */
export const DEFAULT_BREAKER_THRESHOLD = 3;
/** SP-037: cool-down of the session domain, ms. */
export const DEFAULT_BREAKER_COOLDOWN_MS = 40_000;

export interface CircuitBreakerInput {
  readonly threshold: number;
  readonly cooldownMs: number;
}

export interface CircuitBreakerContext extends CircuitBreakerInput {
  /** Consecutive failures. */
  readonly failureCount: number;
  readonly openedAt: number | undefined;
  readonly lastAttemptAt: number | undefined;
  /** The one call that may pass while half-open. */
  readonly probe: number | undefined;
}

/** `at` is the time of the event, ms, on one scale that never goes back; `call` numbers the calls, from 1. */
export type CircuitBreakerEvent =
  | { type: 'ASKED'; call: number; at: number } // e.g. a caller wants to reach the endpoint
  | { type: 'SUCCEEDED'; call: number; at: number } // e.g. it answered
  | { type: 'FAILED'; call: number; at: number } // e.g. it answered 503, or not at all
  | { type: 'ABANDONED'; call: number; at: number }; // e.g. the caller was aborted, or asked for something forbidden

/** When the cool-down is over: of the breaker, or of a probe that is not heard of. The way into each state sets its time. */
const coolAt = (value: 'open' | 'halfOpen', { openedAt, lastAttemptAt, cooldownMs }: CircuitBreakerContext): number =>
  ((value === 'open' ? openedAt : lastAttemptAt) as number) + cooldownMs;

const EARLIER_CALL = 'the call is not the probe: it began earlier';

/**
 * A circuit breaker. It never acts by itself: a caller asks, and may call if the state is `closed` or if it is the
 * `probe` of `halfOpen` afterwards (see {@link isProbe}).
 *
 * Once open it stays so for the cool-down; who asks after that becomes the one probe, whose outcome decides. A probe
 * that is not heard of for another cool-down is given up, and the next to ask takes its place. The outcome of a call
 * that began before the breaker opened changes nothing.
 */
export const circuitBreakerMachine = setup({
  types: {
    context: {} as CircuitBreakerContext,
    events: {} as CircuitBreakerEvent,
    input: {} as CircuitBreakerInput,
    meta: {} as StateMeta<CircuitBreakerEvent['type'], 'CIRCUIT_OPEN'>,
    transitionMeta: {} as TransitionMeta,
  },
  actions: {
    countFailure: assign({ failureCount: ({ context }) => context.failureCount + 1 }),
    open: assign({ openedAt: ({ event }) => event.at, probe: undefined }),
    admit: assign({ lastAttemptAt: ({ event }) => event.at }),
    admitProbe: assign({ lastAttemptAt: ({ event }) => event.at, probe: ({ event }) => event.call }),
    reset: assign({ failureCount: 0, openedAt: undefined, probe: undefined }),
    forgetProbe: assign({ probe: undefined }),
  },
  guards: {
    isLastStraw: ({ context }) => context.failureCount + 1 >= context.threshold,
    hasCooledDown: ({ context, event }) => event.at >= coolAt('open', context),
    isProbe: ({ context, event }) => event.call === context.probe,
    isProbeLost: ({ context, event }) => event.at >= coolAt('halfOpen', context),
  },
}).createMachine({
  id: 'circuitBreaker',
  context: ({ input }) => ({
    threshold: input.threshold,
    cooldownMs: input.cooldownMs,
    failureCount: 0,
    openedAt: undefined,
    lastAttemptAt: undefined,
    probe: undefined,
  }),
  initial: 'closed',
  states: {
    closed: {
      meta: { ignores: { 'it says nothing about the endpoint': ['ABANDONED'] } },
      on: {
        ASKED: { actions: 'admit' },
        SUCCEEDED: { actions: 'reset' },
        FAILED: [
          { guard: 'isLastStraw', target: 'open', actions: ['countFailure', 'open'] },
          { actions: 'countFailure' },
        ],
      },
    },
    open: {
      meta: {
        ignores: { [EARLIER_CALL]: ['SUCCEEDED', 'FAILED', 'ABANDONED'] },
        refuses: { CIRCUIT_OPEN: ['ASKED'] },
      },
      on: { ASKED: { guard: 'hasCooledDown', target: 'halfOpen', actions: 'admitProbe' } },
    },
    halfOpen: {
      meta: {
        ignores: { [EARLIER_CALL]: ['SUCCEEDED', 'FAILED', 'ABANDONED'] },
        refuses: { CIRCUIT_OPEN: ['ASKED'] },
      },
      on: {
        ASKED: { guard: 'isProbeLost', actions: 'admitProbe' },
        SUCCEEDED: { guard: 'isProbe', target: 'closed', actions: 'reset' },
        FAILED: { guard: 'isProbe', target: 'open', actions: ['countFailure', 'open'] },
        // Says nothing about the endpoint: the cool-down is over already, so the next to ask is the next probe.
        ABANDONED: { guard: 'isProbe', target: 'open', actions: 'forgetProbe' },
      },
    },
  },
});

/** Whether the call that asked last may go ahead although the breaker is not closed. */
export function isProbe(value: 'open' | 'halfOpen', context: CircuitBreakerContext, call: number): boolean {
  return value === 'halfOpen' && context.probe === call;
}

/** The earliest time at which a breaker that is not closed can admit a new call, ms on the scale of the events. */
export function admitsAt(value: 'open' | 'halfOpen', context: CircuitBreakerContext, now: number): number {
  return Math.max(now, coolAt(value, context));
}
