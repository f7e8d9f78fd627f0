import type { Clock } from '../../actors/ports.ts';
import type { Observation } from './observation.ts';
import type { ActorRow, ListQuery } from './page-protocol.ts';

/** While nothing happens there are no news either. */
const MOST_PAGES = 16;

/** A page of the list, and its rows as they are sent. */
export interface SharedPage {
  readonly total: number;
  readonly matched: number;
  readonly rows: readonly ActorRow[];
  readonly text: string;
}

/**
 * Pages of the list that hold until the next news, the latest few: when the list changed all viewers ask anew, and most ask the same.
 *
 * Its rows are followed meanwhile, so that of a page that is given a second time the news tell what has changed since.
 */
export class SharedLists {
  readonly #observation: Observation;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #pages = new Map<string, SharedPage>();
  #tookMs = 0;

  constructor(observation: Observation, clock: Pick<Clock, 'now'>) {
    this.#observation = observation;
    this.#clock = clock;
  }

  page(query: ListQuery): SharedPage {
    const key = JSON.stringify(query);
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    const since = this.#clock.now();
    const { total, matched, rows } = this.#observation.list(query);
    const page = { total, matched, rows, text: JSON.stringify(rows) };
    for (const { actor } of rows) this.#observation.followRow(actor);
    this.#pages.set(key, page);
    if (this.#pages.size > MOST_PAGES) this.#dropOldest();
    this.#tookMs += this.#clock.now() - since;
    return page;
  }

  /**
   * There are news, or nobody is left to ask.
   *
   * @returns what it took to make pages since the last time, ms.
   */
  clear(): number {
    while (this.#pages.size > 0) this.#dropOldest();
    const tookMs = this.#tookMs;
    this.#tookMs = 0;
    return tookMs;
  }

  #dropOldest(): void {
    for (const [key, { rows }] of this.#pages) {
      this.#pages.delete(key);
      for (const { actor } of rows) this.#observation.unfollowRow(actor);
      return;
    }
  }
}
