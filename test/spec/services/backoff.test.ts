import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelayMs, seedOf, unitOf } from '../../../src/machines/backoff.ts';
import { JITTERS, RETRY_POLICIES, type RetryLimits, retryDelayMs } from '../../../src/machines/retry.ts';
import { RETRY_ENVELOPES } from '../../../src/services/retry-limits.ts';

const limits = (change: Partial<RetryLimits> = {}): RetryLimits => ({
  ...RETRY_ENVELOPES.auth,
  jitter: 'none',
  ...change,
});
const waits = (change: Partial<RetryLimits>) =>
  [1, 2, 3, 4, 5, 6].map(attempt => retryDelayMs(limits(change), attempt, 0));

it('[REC-1] base × factor^(attempt-1), at most max, plus up to 25 %, for any input', () => {
  const input = fc.record({
    attempt: fc.integer({ min: 1, max: 5_000 }),
    baseMs: fc.double({ min: 0, max: 60_000, noNaN: true }),
    factor: fc.double({ min: 1, max: 5, noNaN: true }),
    maxMs: fc.double({ min: 0, max: 60_000, noNaN: true }),
    seed: fc.integer(),
  });
  fc.assert(
    fc.property(input, backoff => {
      const { attempt, baseMs, factor, maxMs } = backoff;
      const plain = baseMs === 0 ? 0 : Math.min(maxMs, baseMs * factor ** (attempt - 1));
      const delay = backoffDelayMs(backoff);
      expect(delay).toBe(backoffDelayMs({ ...backoff }));
      expect(delay).toBeGreaterThanOrEqual(Math.floor(plain));
      expect(delay).toBeLessThanOrEqual(Math.ceil(plain * 1.25));
      expect(backoffDelayMs({ ...backoff, jitter: false })).toBe(Math.round(plain));
    }),
  );
});

it('[REC-1] different seeds spread the waits, equal seeds do not', () => {
  const delays = Array.from({ length: 500 }, (_, i) =>
    backoffDelayMs({ attempt: 2, baseMs: 1_000, factor: 2, maxMs: 30_000, seed: seedOf(`session-${i}`) }),
  );
  expect(new Set(delays).size).toBeGreaterThan(300);
  const units = Array.from({ length: 10_000 }, (_, i) => unitOf(seedOf(`s${i}`), 1));
  const mean = units.reduce((sum, unit) => sum + unit, 0) / units.length;
  expect(mean).toBeGreaterThan(0.48);
  expect(mean).toBeLessThan(0.52);
  expect(units.every(unit => unit >= 0 && unit < 1)).toBe(true);
});

it('[REC-1] the seed of a text is its FNV-1a hash', () => {
  expect([seedOf(''), seedOf('a'), seedOf('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

describe('[REC-2] waits by policy', () => {
  const table: [Partial<RetryLimits>, number[]][] = [
    [{ policy: 'immediate' }, [0, 0, 0, 0, 0, 0]],
    [{ policy: 'exponential' }, [1_000, 2_000, 4_000, 8_000, 12_000, 12_000]],
    [{ policy: 'linear' }, [1_000, 2_000, 3_000, 4_000, 5_000, 6_000]],
    [{ policy: 'hybrid' }, [0, 1_000, 2_000, 4_000, 8_000, 12_000]],
    [{ policy: 'custom', delaysMs: [5, 50, 70_000] }, [5, 50, 12_000, 12_000, 12_000, 12_000]],
    [{ policy: 'custom' }, [1_000, 2_000, 4_000, 8_000, 12_000, 12_000]],
  ];
  for (const [change, expected] of table) {
    it(`[REC-2] ${change.policy}${change.delaysMs ? ' with a list' : ''}: ${expected.join(', ')}`, () => {
      expect(waits(change)).toEqual(expected);
    });
  }

  it('[REC-2] jitter is deterministic and stays within its bounds, for any policy', () => {
    const some = fc.record({
      policy: fc.constantFrom(...RETRY_POLICIES),
      jitter: fc.constantFrom(...JITTERS),
      attempt: fc.integer({ min: 1, max: 8 }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(some, ({ policy, jitter, attempt, seed }) => {
        const plain = retryDelayMs(limits({ policy }), attempt, seed);
        const wait = retryDelayMs(limits({ policy, jitter }), attempt, seed);
        expect(wait).toBe(retryDelayMs(limits({ policy, jitter }), attempt, seed));
        expect(wait).toBeLessThanOrEqual(plain);
        expect(wait).toBeGreaterThanOrEqual(
          jitter === 'deterministic-full' ? 0 : jitter === 'none' ? plain : Math.floor(plain / 2),
        );
      }),
    );
  });
});
