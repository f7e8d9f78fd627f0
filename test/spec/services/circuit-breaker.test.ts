import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSessionchartError } from '../../../src/actors/errors.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createCircuitBreakers, type Permit } from '../../../src/services/circuit-breakers.ts';

const A = 'https://a';

function breakers(options: { threshold?: number; cooldownMs?: number } = {}) {
  const clock = new VirtualClock();
  const all = createCircuitBreakers({ clock, ...options });
  const fail = (times: number, endpoint = A) => {
    for (let i = 0; i < times; i++) all.enter(endpoint).failed();
  };
  const refusal = (endpoint = A) => {
    try {
      all.enter(endpoint);
    } catch (error) {
      if (isSessionchartError(error, 'CIRCUIT_OPEN')) return error;
      throw error;
    }
    return undefined;
  };
  return { clock, all, fail, refusal };
}

it('[REC-3] opens after 3 consecutive failures, and not one earlier', () => {
  const { all, fail, refusal } = breakers();
  fail(2);
  expect(all.stateOf(A)).toMatchObject({ state: 'closed', failureCount: 2, threshold: 3, cooldownMs: 40_000 });
  all.enter(A).succeeded();
  fail(2);
  expect(all.stateOf(A).state).toBe('closed');
  fail(1);
  expect(all.stateOf(A)).toMatchObject({ state: 'open', failureCount: 3, openedAt: new Date(Date.UTC(2026, 0, 1)) });
  expect(refusal()).toMatchObject({ isRetryable: true, details: { retryAfterMs: 40_000 } });
});

it('[REC-3] what is abandoned counts neither way', () => {
  const { all, fail } = breakers();
  fail(2);
  all.enter(A).abandoned();
  expect(all.stateOf(A).failureCount).toBe(2);
  fail(1);
  expect(all.stateOf(A).state).toBe('open');
});

it('[REC-4] trouble with one endpoint holds back nobody who calls another', () => {
  const { fail, refusal } = breakers();
  fail(3);
  expect([refusal(A) === undefined, refusal('https://b') === undefined]).toEqual([false, true]);
});

describe('[REC-5] half-open', () => {
  it('[REC-5] after the cool-down one probe passes, and the others are told when to come back', async () => {
    const { all, fail, refusal, clock } = breakers();
    fail(3);
    await clock.advance(39_999);
    expect(refusal()).toMatchObject({ details: { retryAfterMs: 1 } });
    await clock.advance(1);
    const probe = all.enter(A);
    expect(all.stateOf(A).state).toBe('half-open');
    expect(refusal()).toMatchObject({ details: { retryAfterMs: 40_000 } });
    probe.succeeded();
    expect(all.stateOf(A)).toEqual({ state: 'closed', failureCount: 0, threshold: 3, cooldownMs: 40_000 });
    expect(refusal()).toBe(undefined);
  });

  it('[REC-5] a probe that fails opens it again for a whole cool-down', async () => {
    const { all, fail, refusal, clock } = breakers();
    fail(3);
    await clock.advance(40_000);
    all.enter(A).failed();
    expect(refusal()).toMatchObject({ details: { retryAfterMs: 40_000 } });
  });

  it('[REC-5] an abandoned probe makes way for the next at once, a lost one after another cool-down', async () => {
    const { all, fail, refusal, clock } = breakers();
    fail(3);
    await clock.advance(40_000);
    all.enter(A).abandoned();
    const lost = all.enter(A);
    expect(refusal()).toBeDefined();
    await clock.advance(40_000);
    const next = all.enter(A);
    lost.failed();
    expect(all.stateOf(A).state).toBe('half-open');
    next.succeeded();
    expect(all.stateOf(A).state).toBe('closed');
  });

  it('[REC-5] the outcome of a call from before it opened changes nothing', async () => {
    const { all, fail, clock } = breakers();
    const [early, late] = [all.enter(A), all.enter(A)];
    fail(3);
    early.succeeded();
    expect(all.stateOf(A).state).toBe('open');
    await clock.advance(40_000);
    all.enter(A);
    late.failed();
    expect(all.stateOf(A).state).toBe('half-open');
  });
});

it('[REC-3] telling an outcome twice counts once', () => {
  const { all } = breakers();
  const permit = all.enter(A);
  permit.failed();
  permit.failed();
  permit.succeeded();
  expect(all.stateOf(A).failureCount).toBe(1);
});

it('[REC-6] breakers without trouble are not kept, and there is no timer', () => {
  const { all, fail, clock } = breakers();
  for (let i = 0; i < 1_000; i++) all.enter(`https://${i}`).succeeded();
  expect(all.size).toBe(0);
  const permit = all.enter(A);
  fail(3);
  all.reset(A);
  permit.failed();
  expect([all.size, clock.pending, all.stateOf(A).state]).toEqual([0, 0, 'closed']);
  fail(3);
  all.reset();
  expect(all.size).toBe(0);
});

it('[REC-3] threshold and cool-down are checked', () => {
  const clock = new VirtualClock();
  for (const threshold of [0, 1.5, Number.NaN, 101])
    expect(() => createCircuitBreakers({ clock, threshold })).toThrow(/threshold is/);
  for (const cooldownMs of [4_999, 120_001, Number.NaN])
    expect(() => createCircuitBreakers({ clock, cooldownMs })).toThrow(/cooldownMs is/);
  for (const cooldownMs of [5_000, 120_000])
    expect(createCircuitBreakers({ clock, cooldownMs, threshold: 1 }).size).toBe(0);
});

it('[REC-5] in any order of calls: while not closed at most one probe is out, and nothing passes before the cool-down', async () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('enter' as const) }),
    fc.record({
      type: fc.constantFrom('succeeded' as const, 'failed' as const, 'abandoned' as const),
      which: fc.nat(5),
    }),
    fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(1, 4_999, 5_000, 10_000) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const { all, clock } = breakers({ cooldownMs: 5_000 });
      const open: Permit[] = [];
      let refusedUntil = 0;
      for (const each of steps) {
        if (each.type === 'wait') clock.advanceSync(each.ms);
        else if (each.type === 'enter') {
          const before = all.stateOf(A).state;
          try {
            open.push(all.enter(A));
            if (before !== 'closed') expect(clock.now()).toBeGreaterThanOrEqual(refusedUntil);
          } catch (error) {
            if (!isSessionchartError(error, 'CIRCUIT_OPEN')) throw error;
            refusedUntil = clock.now() + Number(error.details.retryAfterMs);
            expect(before).not.toBe('closed');
            expect(refusedUntil).toBeGreaterThan(clock.now());
          }
        } else {
          const [permit] = open.splice(each.which % Math.max(1, open.length), 1);
          permit?.[each.type]();
          if (all.stateOf(A).state === 'open' && each.type === 'abandoned') refusedUntil = 0;
        }
      }
      expect(clock.pending).toBe(0);
    }),
  );
});
