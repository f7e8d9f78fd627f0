/** The inspector takes 50 messages at once and 20 a second, and closes on who says more; the page stays well below. */
const BURST = 30;
const PER_SECOND = 15;

/** Spreads what the page says: whoever wants to say something is told how long to wait, in turn. */
export class Pacer {
  readonly #now: () => number;
  /** How many could be said at once, below 0 for those that wait. */
  #room = BURST;
  #at: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#at = now();
  }

  /** Takes a turn; the wait until then, ms. */
  turn(): number {
    const now = this.#now();
    this.#room = Math.min(BURST, this.#room + ((now - this.#at) / 1_000) * PER_SECOND) - 1;
    this.#at = now;
    return this.#room >= 0 ? 0 : (-this.#room / PER_SECOND) * 1_000;
  }
}
