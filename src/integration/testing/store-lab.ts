import type { Clock } from '../../actors/ports.ts';
import type { PurgeableStore, PurgedCount } from '../../services/privacy.ts';
import { kind } from './provider-judgements.ts';
import { type Seen, watch, wordsOf } from './watch.ts';

/** A store that holds data of many sessions, and what a test needs to fill it and to look into it. */
export interface StoreUnderTest {
  readonly store: PurgeableStore;
  /** Puts one item of this session into the store. */
  put(sessionId: string): unknown;
  /** How many items of this session are in it. */
  count(sessionId: string): number | Promise<number>;
  /** Called when it is done with. */
  close?(): unknown;
}

/** Purges under a deadline. */
export class StoreLab {
  readonly under: StoreUnderTest;
  readonly #clock: Clock;
  readonly #deadlineMs: number;

  constructor(under: StoreUnderTest, clock: Clock, deadlineMs: number) {
    this.under = under;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  purge(id: string | undefined, signal: AbortSignal = new AbortController().signal) {
    return watch(this.#clock, this.#deadlineMs, () => this.under.store.purge(id, signal));
  }
}

/** A store may answer at once or with a promise. */
export const hasSettled = (seen: Seen): seen is Extract<Seen, { readonly value: unknown }> =>
  seen.kind === 'resolved' || seen.kind === 'no promise';

/** What a purge told. */
export function countsOf(seen: Seen): Partial<PurgedCount> | undefined {
  if (!hasSettled(seen)) return undefined;
  return typeof seen.value === 'object' && seen.value !== null ? (seen.value as PurgedCount) : undefined;
}

/** The same in words, for what cannot be read. */
export function told(seen: Seen, deadlineMs: number): string {
  if (!hasSettled(seen)) return wordsOf(seen, deadlineMs);
  const what = countsOf(seen) === undefined ? kind(seen.value) : 'no number of items cleared';
  return `${seen.kind === 'resolved' ? 'resolved to' : 'returned'} ${what}`;
}

/** A whole number from 0. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
