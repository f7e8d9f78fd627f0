/** A jump of more than this is no delay of a message, ms: the clock of the process was set, or is a virtual one. */
const JUMP_MS = 2_000;
/** How much of a delay is taken for a drift of the clocks. */
const DRIFT = 0.02;

/**
 * How far the clock of the process is ahead of ours, ms, after one more message. Messages are late, never early: the
 * largest difference that was seen is the best.
 */
export function skewAfter(skew: number | null, serverNow: number, localNow: number): number {
  const seen = serverNow - localNow;
  if (skew === null || seen > skew || skew - seen > JUMP_MS) return seen;
  return skew + (seen - skew) * DRIFT;
}
