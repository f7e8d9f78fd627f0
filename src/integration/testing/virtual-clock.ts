import type { Clock } from '../../actors/ports.ts';
import { type HeapTimer, TimerHeap } from '../../services/timer-heap.ts';

/** 2026-01-01T00:00:00Z: where the wall clock of a {@link VirtualClock} starts unless told otherwise. */
const DEFAULT_START_MS = Date.UTC(2026, 0, 1);

/** Lets everything run that is ready to: promise reactions, and what they start. */
const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/**
 * A clock that moves only when told to. It stops at every due instant on the way, runs the timers due there in the
 * order they were armed, and lets promises settle before it goes on.
 *
 * @example
 * ```ts
 * const clock = new VirtualClock();
 * const manager = createSessionManager({ credentials, clock });
 * const session = await manager.startSession();
 * await clock.advance(8 * 3_600_000); // eight hours, in a few milliseconds
 * ```
 */
export class VirtualClock implements Clock {
  readonly #timers = new TimerHeap();
  #now: number;
  #wallOffset = 0;

  /** @param startMs where both `now()` and `wall()` begin, ms since the Unix epoch. */
  constructor(startMs: number = DEFAULT_START_MS) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now + this.#wallOffset;
  }

  /** Timers that are armed. */
  get pending(): number {
    return this.#timers.size;
  }

  setTimeout(callback: () => void, delayMs: number): HeapTimer {
    return this.#timers.add(callback, Number.isFinite(delayMs) ? this.#now + Math.max(0, delayMs) : delayMs);
  }

  clearTimeout(handle: unknown): void {
    if (handle !== undefined && handle !== null) this.#timers.cancel(handle as HeapTimer);
  }

  /** Moves on by `ms`, instant by instant, with promises settled at each. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let next = this.#timers.nextDueAt; next !== undefined && next <= until; next = this.#timers.nextDueAt) {
      this.#runDue(next);
      await settle();
    }
    this.#now = Math.max(this.#now, until);
  }

  /** Moves on by `ms`, instant by instant, without letting promises settle in between. */
  advanceSync(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#timers.nextDueAt; next !== undefined && next <= until; next = this.#timers.nextDueAt) {
      this.#runDue(next);
    }
    this.#now = Math.max(this.#now, until);
  }

  /**
   * Moves to the earliest timer and runs that one alone, without letting promises settle.
   *
   * @returns whether there was one.
   */
  step(): boolean {
    const next = this.#timers.nextDueAt;
    if (next === undefined) return false;
    this.#now = Math.max(this.#now, next);
    this.#timers.takeDue(this.#now)?.callback();
    return true;
  }

  /** The machine sleeps for `ms`: both clocks step, no timer runs on the way, all that are overdue run afterwards. */
  async sleep(ms: number): Promise<void> {
    this.#now += ms;
    await this.advance(0);
  }

  /** Sets the wall clock, as a user or NTP may do. `now()` is not touched. */
  setWall(ms: number): void {
    this.#wallOffset = ms - this.#now;
  }

  #runDue(at: number): void {
    this.#now = Math.max(this.#now, at);
    for (let timer = this.#timers.takeDue(this.#now); timer !== undefined; timer = this.#timers.takeDue(this.#now)) {
      timer.callback();
      // Only what was due at this instant: a timer armed by a callback for later waits its turn.
      if (this.#timers.nextDueAt !== undefined && this.#timers.nextDueAt > this.#now) break;
    }
  }
}
