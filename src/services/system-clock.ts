import type { Clock } from '../actors/ports.ts';
import { type HeapTimer, TimerHeap } from './timer-heap.ts';

/**
 * Longest wait handed to the platform, ms. After a sleep of the machine the platform goes on with what was left of a
 * wait, so this bounds how late a deadline is noticed that passed meanwhile; it is also far below the 2^31-1 ms above
 * which Node fires at once.
 */
const LONGEST_WAIT_MS = 1_000;

/** How far the wall clock may run ahead of the measured time before that counts as a sleep, ms (NTP slews by less). */
const SLEEP_THRESHOLD_MS = 500;

export interface SystemClockOptions {
  /** Whether pending timers keep the process alive. [keepAlive=false] */
  readonly keepAlive?: boolean;
  /** The wall clock, ms since the epoch. [wall=Date.now] */
  readonly wall?: () => number;
  /** A steady clock, ms. [steady=performance.now] */
  readonly steady?: () => number;
}

/** A {@link Clock} of the platform, with a count of what waits in it. */
export interface SystemClock extends Clock {
  /** Timers that are armed. */
  readonly pending: number;
}

/**
 * The real clock. All timers wait in one heap behind a single platform timer, which keeps the process alive only while it
 * is held: while somebody waits for a start, a renewal or an end.
 *
 * `now()` follows the steady clock. When the wall clock runs ahead of it, the machine slept (the steady clock stands
 * still meanwhile) and `now()` steps forward, so overdue deadlines are met within {@link LONGEST_WAIT_MS} of waking. A
 * wall clock that is set back changes nothing: no deadline gets longer.
 *
 * @example
 * ```ts
 * const clock = systemClock();
 * clock.setTimeout(() => endTrial(), 30 * 24 * 3_600_000); // 30 days: honoured
 * ```
 */
export function systemClock(options: SystemClockOptions = {}): SystemClock {
  const wall = options.wall ?? (() => Date.now());
  const steady = options.steady ?? (() => performance.now());
  const timers = new TimerHeap();
  let offset = wall() - steady();
  let lead = 0; // how far the wall clock is behind our scale since it was set back
  let platformTimer: NodeJS.Timeout | undefined;
  let platformDueAt = Number.POSITIVE_INFINITY;
  let holds = options.keepAlive ? 1 : 0;

  const now = (): number => {
    const measured = steady() + offset;
    const ahead = wall() - (measured - lead);
    if (ahead > SLEEP_THRESHOLD_MS) {
      // A wall clock that was set back and is set right again did not sleep.
      const setRight = Math.min(lead, ahead);
      lead -= setRight;
      offset += ahead - setRight;
    } else if (ahead < -SLEEP_THRESHOLD_MS) lead -= ahead;
    return steady() + offset;
  };

  const arm = (): void => {
    const dueAt = timers.nextDueAt;
    if (dueAt === undefined) {
      clearTimeout(platformTimer);
      platformTimer = undefined;
      platformDueAt = Number.POSITIVE_INFINITY;
      return;
    }
    const at = now();
    const wakeAt = Math.min(dueAt, at + LONGEST_WAIT_MS);
    if (platformTimer !== undefined && platformDueAt <= wakeAt) return;
    clearTimeout(platformTimer);
    platformDueAt = wakeAt;
    platformTimer = setTimeout(wake, Math.max(0, Math.ceil(wakeAt - at)));
    if (holds === 0) platformTimer.unref();
  };

  const wake = (): void => {
    platformTimer = undefined;
    platformDueAt = Number.POSITIVE_INFINITY;
    const at = now();
    for (let timer = timers.takeDue(at); timer !== undefined; timer = timers.takeDue(at)) {
      try {
        timer.callback();
      } catch (error) {
        // As the platform does it: one failing callback is reported, the others run.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    arm();
  };

  return {
    now,
    wall,
    setTimeout(callback, delayMs) {
      const timer = timers.add(callback, Number.isFinite(delayMs) ? now() + Math.max(0, delayMs) : delayMs);
      arm();
      return timer;
    },
    clearTimeout(handle) {
      if (handle === undefined || handle === null) return;
      timers.cancel(handle as HeapTimer);
      if (timers.size === 0) arm();
    },
    hold() {
      holds += 1;
      platformTimer?.ref();
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        holds -= 1;
        if (holds === 0) platformTimer?.unref();
      };
    },
    get pending() {
      return timers.size;
    },
  };
}
