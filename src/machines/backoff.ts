/** Share of a delay that jitter may add. */
const JITTER_SHARE = 0.25;

export interface Backoff {
  /** Number of the attempt that failed, from 1. */
  readonly attempt: number;
  /** Delay after the first failed attempt, ms. */
  readonly baseMs: number;
  readonly factor: number;
  /** Longest delay before jitter, ms. */
  readonly maxMs: number;
  /** Any integer; equal seeds give equal delays. */
  readonly seed: number;
}

/**
 * The wait before the next attempt, ms: `base × factor^(attempt-1)`, at most `max`, plus up to 25 % of jitter that
 * depends on seed and attempt alone.
 */
export function backoffDelayMs({ attempt, baseMs, factor, maxMs, seed }: Backoff): number {
  const plain = Math.min(maxMs, baseMs * factor ** (attempt - 1));
  return Math.round(plain * (1 + JITTER_SHARE * unitOf(seed, attempt)));
}

/** A number in [0, 1) from two integers (the mixing step of mulberry32). */
function unitOf(seed: number, step: number): number {
  let a = (seed + Math.imul(step, 0x6d2b79f5)) | 0;
  a = Math.imul(a ^ (a >>> 15), a | 1);
  a ^= a + Math.imul(a ^ (a >>> 7), a | 61);
  return ((a ^ (a >>> 14)) >>> 0) / 2 ** 32;
}

/** A 32-bit seed from a text (FNV-1a). */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
