import type { LogEntry } from '../../../src/integration/inspect/viewer/watched.ts';

/** Where in its history an actor is looked at: behind a record, at a time. `null` is the present. */
export interface Place {
  /** Of the record; 0 before the first. Numbers stay right while old records are let go. */
  readonly seq: number;
  /** The time that the view shows. */
  readonly at: number;
}

export type Step = 'previous' | 'next' | 'first' | 'last';

/** Index of the entry that a place stands behind: the last one not after it; -1 before the first. */
export function indexOf(log: readonly LogEntry[], place: Place): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((log[middle]?.seq ?? Number.POSITIVE_INFINITY) <= place.seq) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The view stands still at the latest record. */
export const paused = (log: readonly LogEntry[], now: number): Place => ({ seq: log.at(-1)?.seq ?? 0, at: now });

/** The view behind the entry at an index; the oldest entry if that is gone. */
export function placeAt(log: readonly LogEntry[], index: number): Place | null {
  const entry = log[Math.min(Math.max(0, index), log.length - 1)];
  return entry === undefined ? null : { seq: entry.seq, at: entry.at };
}

/** One step through the records. From the present a step back leads to the one before the latest. */
export function stepped(log: readonly LogEntry[], place: Place | null, step: Step, now: number): Place | null {
  if (log.length === 0) return place;
  const last = log.length - 1;
  const index = place === null ? last : indexOf(log, place);
  switch (step) {
    case 'first':
      return placeAt(log, 0);
    case 'last':
      return paused(log, now);
    case 'previous': {
      // A pause stands at its own time; the record itself is one step back from there.
      const entry = log[index];
      const behind = place !== null && entry !== undefined && place.at > entry.at;
      return placeAt(log, behind ? index : index - 1);
    }
    case 'next':
      return place === null ? null : index >= last ? place : placeAt(log, index + 1);
  }
}
