import { createActor } from 'xstate';
import { SessionchartError } from '../actors/errors.ts';
import type { Clock } from '../actors/ports.ts';
import {
  admitsAt,
  circuitBreakerMachine,
  DEFAULT_BREAKER_COOLDOWN_MS,
  DEFAULT_BREAKER_THRESHOLD,
  isProbe,
} from '../machines/circuit-breaker.ts';
import { notAllowed } from './config-field.ts';

/** What a breaker looks like from outside. Times are of the wall clock. */
export interface CircuitBreakerState {
  readonly state: 'closed' | 'open' | 'half-open';
  readonly openedAt?: Date;
  readonly lastAttemptAt?: Date;
  /** Consecutive failures. */
  readonly failureCount: number;
  readonly threshold: number;
  readonly cooldownMs: number;
}

/** Leave to make one call. Tell its outcome once; a second telling is ignored. */
export interface Permit {
  succeeded(): void;
  /** The endpoint failed in a way that may pass. */
  failed(): void;
  /** The call says nothing about the endpoint: it was aborted, or refused for what it asked. */
  abandoned(): void;
}

export interface CircuitBreakers {
  /** @throws SessionchartError `CIRCUIT_OPEN`; `details.retryAfterMs` says when to ask again. */
  enter(endpoint: string): Permit;
  stateOf(endpoint: string): CircuitBreakerState;
  /** Closes a breaker by hand, or all of them. */
  reset(endpoint?: string): void;
  /** Breakers that are kept: those with failures or calls under way. */
  readonly size: number;
}

export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** Milliseconds, 5000 … 120000 (SP-037). [cooldownMs=40000] */
  readonly cooldownMs?: number;
  /** Consecutive failures after which a breaker opens, 1 … 100. [threshold=3] */
  readonly threshold?: number;
}

const SHORTEST_COOLDOWN_MS = 5_000;
const LONGEST_COOLDOWN_MS = 120_000;

interface Kept {
  readonly actor: ReturnType<typeof startBreaker>;
  underWay: number;
}

const startBreaker = (threshold: number, cooldownMs: number) =>
  createActor(circuitBreakerMachine, { input: { threshold, cooldownMs } }).start();

/**
 * One circuit breaker per endpoint: trouble with one endpoint holds back nobody who calls another.
 *
 * @throws SessionchartError `INVALID_CONFIG` for a threshold or cool-down out of range.
 *
 * @example
 * ```ts
 * const permit = breakers.enter('https://a.openai.azure.com');
 * try {
 *   const answer = await call();
 *   permit.succeeded();
 * } catch (error) {
 *   if (classifyFailure(error).retryable) permit.failed();
 *   else permit.abandoned();
 * }
 * ```
 */
export function createCircuitBreakers(options: CircuitBreakerOptions): CircuitBreakers {
  const { clock, threshold = DEFAULT_BREAKER_THRESHOLD, cooldownMs = DEFAULT_BREAKER_COOLDOWN_MS } = options;
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > 100) {
    throw notAllowed('threshold', threshold, 'a whole number, 1 to 100 (failures)');
  }
  if (!(cooldownMs >= SHORTEST_COOLDOWN_MS && cooldownMs <= LONGEST_COOLDOWN_MS)) {
    throw notAllowed('cooldownMs', cooldownMs, `${SHORTEST_COOLDOWN_MS} to ${LONGEST_COOLDOWN_MS} (milliseconds)`);
  }
  const kept = new Map<string, Kept>();
  let calls = 0;

  const keep = (endpoint: string): Kept => {
    let breaker = kept.get(endpoint);
    if (breaker === undefined) {
      breaker = { actor: startBreaker(threshold, cooldownMs), underWay: 0 };
      kept.set(endpoint, breaker);
    }
    return breaker;
  };

  const drop = (endpoint: string, breaker: Kept): void => {
    if (kept.get(endpoint) === breaker) kept.delete(endpoint);
    breaker.actor.stop();
  };

  const letGo = (endpoint: string, breaker: Kept): void => {
    const { value, context } = breaker.actor.getSnapshot();
    if (breaker.underWay === 0 && value === 'closed' && context.failureCount === 0) drop(endpoint, breaker);
  };

  return {
    enter(endpoint) {
      const breaker = keep(endpoint);
      const call = ++calls;
      const now = clock.now();
      breaker.actor.send({ type: 'ASKED', call, at: now });
      const { value, context } = breaker.actor.getSnapshot();
      if (value !== 'closed' && !isProbe(value, context, call)) {
        throw new SessionchartError('CIRCUIT_OPEN', { retryAfterMs: admitsAt(value, context, now) - now });
      }
      breaker.underWay++;
      let isTold = false;
      const tell = (type: 'SUCCEEDED' | 'FAILED' | 'ABANDONED') => (): void => {
        if (isTold) return;
        isTold = true;
        breaker.underWay--;
        if (kept.get(endpoint) !== breaker) return; // reset by hand meanwhile
        breaker.actor.send({ type, call, at: clock.now() });
        letGo(endpoint, breaker);
      };
      return { succeeded: tell('SUCCEEDED'), failed: tell('FAILED'), abandoned: tell('ABANDONED') };
    },
    stateOf(endpoint) {
      const snapshot = kept.get(endpoint)?.actor.getSnapshot();
      if (snapshot === undefined) return Object.freeze({ state: 'closed', failureCount: 0, threshold, cooldownMs });
      const { openedAt, lastAttemptAt, failureCount } = snapshot.context;
      const dated = (at: number): Date => new Date(clock.wall() - (clock.now() - at));
      return Object.freeze({
        state: snapshot.value === 'halfOpen' ? 'half-open' : snapshot.value,
        ...(openedAt !== undefined && { openedAt: dated(openedAt) }),
        ...(lastAttemptAt !== undefined && { lastAttemptAt: dated(lastAttemptAt) }),
        failureCount,
        threshold,
        cooldownMs,
      });
    },
    reset(endpoint) {
      for (const [key, breaker] of kept) if (endpoint === undefined || key === endpoint) drop(key, breaker);
    },
    get size() {
      return kept.size;
    },
  };
}
