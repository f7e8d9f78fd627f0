import { seedOf, unitOf } from '../../machines/backoff.ts';
import { notAllowed } from '../../services/config-field.ts';

/**
 * Chance that comes out the same each time: the numbers depend on the seed and on how many were drawn, nothing else.
 * Not for secrets.
 *
 * @example
 * ```ts
 * const random = new SeededRandom(42);
 * random.integer(1, 6); // the same throw in every run
 * const faults = random.fork('faults'); // numbers of its own: drawing them does not shift the others
 * ```
 */
export class SeededRandom {
  readonly #seed: number;
  #drawn = 0;

  /**
   * @param seed any whole number; only its lowest 32 bits count.
   * @throws SessionchartError `INVALID_CONFIG` where it is none, as all that draw do where they cannot.
   */
  constructor(seed: number) {
    if (!Number.isInteger(seed)) throw notAllowed('seed', seed, 'a whole number');
    this.#seed = seed;
  }

  /** A stream of its own, fixed by this seed and `name`. */
  fork(name: string): SeededRandom {
    return new SeededRandom(seedOf(`${this.#seed}/${name}`));
  }

  /** A number in [0, 1). */
  unit(): number {
    return unitOf(this.#seed, ++this.#drawn);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    if (!Number.isInteger(min)) throw notAllowed('min', min, 'a whole number');
    if (!(Number.isInteger(max) && max >= min)) throw notAllowed('max', max, `a whole number from min (${min})`);
    return min + Math.floor(this.unit() * (max - min + 1));
  }

  /** A number between the two, both above 0; each order of magnitude is as likely as any other. */
  spread(min: number, max: number): number {
    return min * (max / min) ** this.unit();
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly [T, ...T[]]): T {
    if (!Array.isArray(list) || list.length === 0) throw notAllowed('list', list, 'a list that is not empty');
    return list[this.integer(0, list.length - 1)] as T;
  }

  /** One of the names, in proportion to their weights. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const names = Object.keys(weights) as K[];
    let left = this.unit() * names.reduce((sum, name) => sum + weights[name], 0);
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    return names[names.length - 1] as K;
  }
}
