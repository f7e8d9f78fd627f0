import { SessionchartError } from '../../actors/errors.ts';
import type { Clock } from '../../actors/ports.ts';
import { notAllowed } from '../../services/config-field.ts';
import { type HeapTimer, TimerHeap } from '../../services/timer-heap.ts';

/** 2026-01-01T00:00:00Z: where the wall clock of a {@link VirtualClock} starts unless told otherwise. */
const DEFAULT_START_MS = Date.UTC(2026, 0, 1);

/** Rounds of promise reactions that `runUntil` grants to work that armed no timer. */
const MOST_IDLE_ROUNDS = 1_000;

/** How far `runUntil` goes unless told otherwise, ms: a day. */
const LONGEST_RUN_MS = 86_400_000;

/** How many timers `runAll` runs unless told otherwise. */
const MOST_TIMERS = 10_000;

/** Lets everything run that is ready to: promise reactions, and what they start. */
const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/**
 * A clock that moves only when told to. It stops at every due instant on the way, runs the timers due there in the
 * order they were armed, and lets promises settle before it goes on.
 *
 * It waits for promises and for its own timers, and for nothing else: what needs a socket, a file or a timer of the
 * platform gets no time to answer, and its deadlines pass first. Give such work the real clock, or a stand-in from memory.
 *
 * @example
 * ```ts
 * import { createSessionManager } from 'sessionchart';
 * import { FakeCredentialProvider, VirtualClock } from 'sessionchart/testing';
 *
 * const clock = new VirtualClock();
 * const manager = createSessionManager({ clock, credentials: new FakeCredentialProvider(clock) });
 * await manager.initialize();
 * const { sessionId } = await clock.runUntil(manager.startSession({ enableInactivityTimeout: false }));
 * await clock.advance(8 * 3_600_000); // eight hours, in well under a second
 * console.log(manager.getSessionInfo(sessionId)?.state); // prints active
 * manager.dispose();
 * await clock.advance(2_000);
 * ```
 */
export class VirtualClock implements Clock {
  readonly #timers = new TimerHeap();
  #now: number;
  #wallOffset = 0;
  /** The latest `advance` that is not over. */
  #advancing: Promise<void> | undefined;

  /** @param startMs where both `now()` and `wall()` begin, ms since the Unix epoch. */
  constructor(startMs: number = DEFAULT_START_MS) {
    if (!Number.isFinite(startMs)) throw notAllowed('startMs', startMs, 'a finite number (ms since the Unix epoch)');
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

  /** When the earliest timer is due, on the scale of `now()`; `undefined` if none is armed. */
  get nextDueAt(): number | undefined {
    return this.#timers.nextDueAt;
  }

  setTimeout(callback: () => void, delayMs: number): HeapTimer {
    return this.#timers.add(callback, Number.isFinite(delayMs) ? this.#now + Math.max(0, delayMs) : delayMs);
  }

  clearTimeout(handle: unknown): void {
    if (handle !== undefined && handle !== null) this.#timers.cancel(handle as HeapTimer);
  }

  /**
   * Moves on by `ms`, instant by instant, with promises settled at each. `advance(0)` only lets them settle. One that is
   * called while another is under way begins when that is over: two of 10 ms at once are 20 ms.
   *
   * @throws SessionchartError `INVALID_CONFIG` where `ms` is negative or no finite number, as all that move this clock do.
   */
  async advance(ms: number): Promise<void> {
    checkedMs('ms', ms);
    const moveOn = (): Promise<void> => this.#moveOn(ms);
    const turn = this.#advancing === undefined ? moveOn() : this.#advancing.then(moveOn, moveOn);
    this.#advancing = turn;
    try {
      await turn;
    } finally {
      if (this.#advancing === turn) this.#advancing = undefined;
    }
  }

  /** Moves on by `ms`, instant by instant, without letting promises settle in between. */
  advanceSync(ms: number): void {
    checkedMs('ms', ms);
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

  /**
   * Moves on from timer to timer until `promise` settles, and settles like it.
   *
   * @param mostMs gives up after this much virtual time. [mostMs=86400000]
   * @throws SessionchartError `CLOCK_GAVE_UP` where `promise` is still pending by then, or where no timer is left that
   * could settle it.
   *
   * @example
   * ```ts
   * const session = await clock.runUntil(manager.startSession()); // however long the provider takes
   * ```
   */
  async runUntil<T>(promise: Promise<T>, mostMs: number = LONGEST_RUN_MS): Promise<T> {
    checkedMs('mostMs', mostMs);
    const until = this.#now + mostMs;
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    promise.then(over, over);
    await settle();
    for (let idle = 0; !isOver; await settle()) {
      const next = this.#timers.nextDueAt;
      if (next !== undefined && next > until) {
        const remedy = 'Look for what it waits for and never gets, or grant it more time with `mostMs`.';
        throw gaveUp(`still pending after ${mostMs} ms of virtual time`, remedy);
      }
      if (next !== undefined) this.#runDue(next);
      else if (++idle > MOST_IDLE_ROUNDS) {
        const remedy =
          'Give this clock to all that it waits for; where it needs a socket, a file or a timer of the platform, await it instead.';
        throw gaveUp('still pending, and no timer is armed that could settle it', remedy);
      }
    }
    return promise;
  }

  /**
   * Runs every timer, also those that are armed meanwhile, and stands still at the last.
   *
   * @param most how many at most: what keeps re-arming itself, a heartbeat for one, has no last timer. [most=10000]
   * @returns how many ran.
   * @throws SessionchartError `CLOCK_GAVE_UP` where timers are armed still after `most` of them.
   */
  async runAll(most: number = MOST_TIMERS): Promise<number> {
    if (!(Number.isInteger(most) && most > 0)) throw notAllowed('most', most, 'a whole number from 1');
    await settle();
    for (let ran = 0; ran < most; ran++) {
      if (!this.step()) return ran;
      await settle();
    }
    if (this.pending === 0) return most;
    const seen = `timers are armed still after ${most} have run: something arms itself again and again`;
    throw gaveUp(seen, 'Dispose of what does, a heartbeat for instance, or move on with advance(ms).');
  }

  /** The machine sleeps for `ms`: both clocks step, no timer runs on the way, all that are overdue run afterwards. */
  async sleep(ms: number): Promise<void> {
    checkedMs('ms', ms);
    this.#now += ms;
    await this.advance(0);
  }

  /** Sets the wall clock, as a user or NTP may do. `now()` is not touched. */
  setWall(ms: number): void {
    if (!Number.isFinite(ms)) throw notAllowed('ms', ms, 'a finite number (ms since the Unix epoch)');
    this.#wallOffset = ms - this.#now;
  }

  async #moveOn(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let next = this.#timers.nextDueAt; next !== undefined && next <= until; next = this.#timers.nextDueAt) {
      this.#runDue(next);
      await settle();
    }
    this.#now = Math.max(this.#now, until);
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

/** @throws SessionchartError `INVALID_CONFIG` where `ms` is no duration. */
export function checkedMs(name: string, ms: number): void {
  if (!(Number.isFinite(ms) && ms >= 0)) throw notAllowed(name, ms, '0 or more (milliseconds)');
}

function gaveUp(message: string, remediation: string): SessionchartError {
  return new SessionchartError('CLOCK_GAVE_UP', { message, remediation });
}
