import type { Clock } from '../../actors/ports.ts';
import type { RateLimit } from './options.ts';

export interface RateDecision {
  /** Requests left in the window after this one. */
  readonly remaining: number;
  /** Milliseconds until a request fits again; 0 when this one did. */
  readonly retryAfterMs: number;
}

/** A sliding window: at most `requests` within any `perSeconds`. A refused request does not count. */
export class SlidingWindow {
  readonly #clock: Clock;
  readonly #limit: RateLimit;
  /** Times of the requests that fitted, oldest first. */
  readonly #taken: number[] = [];

  constructor(limit: RateLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  take(): RateDecision {
    const now = this.#clock.now();
    const windowMs = this.#limit.perSeconds * 1000;
    while (this.#taken[0] !== undefined && this.#taken[0] + windowMs <= now) this.#taken.shift();
    const oldest = this.#taken[0];
    if (oldest !== undefined && this.#taken.length >= this.#limit.requests) {
      return { remaining: 0, retryAfterMs: Math.ceil(oldest + windowMs - now) };
    }
    this.#taken.push(now);
    return { remaining: this.#limit.requests - this.#taken.length, retryAfterMs: 0 };
  }
}
