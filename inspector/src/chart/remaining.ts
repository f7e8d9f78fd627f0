import type { ActorTimer } from '../../../src/integration/inspect/page-protocol.ts';

/** How much is left of a timer: in words that are at most five characters wide, and as a part of the whole. */
export interface Remaining {
  readonly text: string;
  readonly part: number;
}

const two = (n: number): string => String(n).padStart(2, '0');

/** `4.2s`, `42s`, `12:07`, `3h05`, `2d`. */
export function shortTime(ms: number): string {
  const left = Math.max(0, ms);
  if (left < 9_950) return `${(left / 1_000).toFixed(1)}s`;
  const seconds = Math.round(left / 1_000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours}h${two(minutes % 60)}` : `${Math.floor(hours / 24)}d`;
}

/**
 * Remembers how much was left of each timer when it was seen first: that is the whole of which a part is left. A timer
 * that was armed anew is another one.
 */
export class Totals {
  #totals = new Map<string, number>();

  remaining(timers: readonly ActorTimer[], now: number): Map<ActorTimer, Remaining> {
    const totals = new Map<string, number>();
    const all = new Map<ActorTimer, Remaining>();
    for (const timer of timers) {
      const key = `${timer.id}\n${timer.at}`;
      const left = Math.max(0, timer.at - now);
      // In a moment of the past more may be left than when it was seen first.
      const total = Math.max(this.#totals.get(key) ?? 0, left, 1);
      totals.set(key, total);
      all.set(timer, { text: shortTime(left), part: left / total });
    }
    this.#totals = totals;
    return all;
  }
}
