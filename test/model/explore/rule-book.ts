/**
 * The numbers that sessions are held to. They stand here a second time, so that a chart that changes one of its own does not
 * change what it is judged by.
 */
export const RULE_BOOK = {
  /** Two credentials are asked for at least so far apart, ms. */
  floorMs: 1_000,
  /** A provider or a channel that has not answered by then will not, ms. */
  attemptMs: 10_000,
  /** An operation with all its attempts, ms (SP-037). */
  budgetMs: 70_000,
  /** The steps of an end, ms: together below the 2 s of SP-005. */
  notifyMs: 500,
  releaseMs: 800,
  purgeMs: 500,
  /** A back-off doubles with each attempt up to this, ms (SP-004), and jitter may add a quarter. */
  longestBackoffMs: 30_000,
  jitter: 0.25,
} as const;

/** Lead before the expiry at which a credential is renewed, ms: as configured, at most half its life. */
export const leadMs = (marginSeconds: number, lifeMs: number): number => Math.min(marginSeconds * 1_000, lifeMs / 2);

/** The wait after the attempt of this number, ms: between `least` and `most`. */
export function backoffRange(attempt: number, baseMs: number): { readonly least: number; readonly most: number } {
  const least = Math.min(RULE_BOOK.longestBackoffMs, baseMs * 2 ** (attempt - 1));
  return { least, most: Math.ceil(least * (1 + RULE_BOOK.jitter)) };
}
