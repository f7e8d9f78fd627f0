/** Longest silences at the receiver, ms. */
export interface AudioGaps {
  readonly longestGapMs: number;
  /** Of the gaps in which a renewal was under way at any moment. */
  readonly longestGapDuringRenewalMs: number;
  /** Of all others: what the same line does when nobody renews. */
  readonly longestGapOutsideRenewalMs: number;
}

/**
 * Measures the time between one piece of audio and the next as the receiver sees it.
 *
 * Both columns of the comparison are measured in the same way: a gap that a renewal touches counts as during renewal,
 * whole, and each gap counts once. Deliberate silence is left out by {@link GapMeter.suspend}.
 */
export class GapMeter {
  #lastAt: number | undefined;
  #renewing = false;
  /** Whether a renewal was under way at some moment since `#lastAt`. */
  #touched = false;
  #during = 0;
  #outside = 0;

  /** Starts to measure from here on, if nothing is being measured yet. */
  begin(now: number): void {
    if (this.#lastAt !== undefined) return;
    this.#lastAt = now;
    this.#touched = this.#renewing;
  }

  /** Audio arrived. */
  heard(now: number): void {
    if (this.#lastAt === undefined) return;
    this.#count(now);
    this.#lastAt = now;
    this.#touched = this.#renewing;
  }

  /** The silence since `quietSince` is meant; a gap that was open counts up to there. */
  suspend(quietSince: number): void {
    this.#count(quietSince);
    this.#lastAt = undefined;
  }

  markRenewal(renewing: boolean): void {
    this.#renewing = renewing;
    if (renewing) this.#touched = true;
  }

  /** The figures so far. A gap that is still open counts up to `openUntil`. */
  read(openUntil: number): AudioGaps {
    const open = openUntil - (this.#lastAt ?? openUntil);
    const during = this.#touched ? Math.max(this.#during, open) : this.#during;
    const outside = this.#touched ? this.#outside : Math.max(this.#outside, open);
    return {
      longestGapMs: Math.max(during, outside),
      longestGapDuringRenewalMs: during,
      longestGapOutsideRenewalMs: outside,
    };
  }

  #count(now: number): void {
    const gap = now - (this.#lastAt ?? now);
    if (this.#touched) this.#during = Math.max(this.#during, gap);
    else this.#outside = Math.max(this.#outside, gap);
  }
}
