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
  /** Whether to spread the delays. [jitter=true] */
  readonly jitter?: boolean;
}

/**
 * The wait before the next attempt, whole ms: `base × factor^(attempt-1)`, at most `max`, plus up to 25 % of jitter
 * that depends on seed and attempt alone. Never below the delay without jitter, never above `max × 1.25`.
 *
 * @example
 * ```ts
 * backoffDelayMs({ attempt: 3, baseMs: 1_000, factor: 2, maxMs: 30_000, seed: seedOf(sessionId) }); // 4000 … 5000
 * ```
 */
export function backoffDelayMs({ attempt, baseMs, factor, maxMs, seed, jitter = true }: Backoff): number {
  const plain = plainDelayMs(attempt, baseMs, factor, maxMs);
  return Math.round(jitter ? plain * (1 + JITTER_SHARE * unitOf(seed, attempt)) : plain);
}

/** `base × factor^(attempt-1)`, at most `max`; also where the power is beyond all numbers. */
export function plainDelayMs(attempt: number, baseMs: number, factor: number, maxMs: number): number {
  return baseMs === 0 ? 0 : Math.min(maxMs, baseMs * factor ** (attempt - 1));
}

/** A number in [0, 1) from two integers (the mixing step of mulberry32). */
export function unitOf(seed: number, step: number): number {
  let a = (seed + Math.imul(step, 0x6d2b79f5)) | 0;
  a = Math.imul(a ^ (a >>> 15), a | 1);
  a ^= a + Math.imul(a ^ (a >>> 7), a | 61);
  return ((a ^ (a >>> 14)) >>> 0) / 2 ** 32;
}

/** A 32-bit seed from a text (FNV-1a over UTF-16 code units). */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
