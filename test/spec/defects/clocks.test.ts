import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../../src/actors/ports.ts';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, mints } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createSessionManager } from '../../../src/services/session-manager.ts';
import { systemClock } from '../../../src/services/system-clock.ts';
import { HOUR, keepEvents, MINUTE, managed, SECOND } from '../../support/managed.ts';

/** The longest that the system clock may take to notice that the machine slept, ms. */
const NOTICED_WITHIN_MS = 1_000;
/** The wall clock may run ahead by this much before that counts as a sleep, ms. */
const TOLERATED_MS = 500;

afterEach(() => void vi.useRealTimers());

/** A system clock on a platform whose steady clock, wall clock and timers move only when told to. */
function platform() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let steady = 5_000;
  let wall = Date.UTC(2026, 5, 1);
  const delays: number[] = [];
  const set = globalThis.setTimeout;
  globalThis.setTimeout = Object.assign((callback: () => void, ms?: number) => {
    delays.push(ms ?? 0);
    return set(callback, ms);
  }, set) as typeof globalThis.setTimeout;
  return {
    clock: systemClock({ wall: () => wall, steady: () => steady }),
    delays,
    async run(ms: number) {
      for (let left = ms; left > 0; left -= Math.min(left, 100)) {
        steady += Math.min(left, 100);
        wall += Math.min(left, 100);
        await vi.advanceTimersByTimeAsync(Math.min(left, 100));
      }
    },
    /** Hours in which the platform lets its timers run but once. */
    async leap(ms: number) {
      steady += ms;
      wall += ms;
      await vi.advanceTimersByTimeAsync(NOTICED_WITHIN_MS);
    },
    /** The machine sleeps: neither the steady clock nor the platform's timers move. */
    sleep(ms: number) {
      wall += ms;
    },
    setBack(ms: number) {
      wall -= ms;
    },
  };
}

describe('D32', () => {
  it('[D32] after hours of sleep an idle session ends, with one end, no mint and no replayed heartbeat', async () => {
    const world = await managed();
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(45 * SECOND);
    await world.clock.sleep(8 * HOUR);
    expect(world.manager.explain(sessionId)).toMatchObject({ state: 'ended', reason: 'idle' });
    const ended = world.events.filter(({ channel }) => channel === 'ended');
    expect(ended).toHaveLength(1);
    expect(ended[0]?.event.sessionInfo.statistics.heartbeatCount).toBeLessThanOrEqual(2);
    expect(world.provider.outstanding).toEqual([]);
    await world.close();
  });

  it('[D32] an overdue lifetime ends the session', async () => {
    const world = await managed();
    const config = { enableInactivityTimeout: false, maxDurationMinutes: 60 };
    const { sessionId } = await world.manager.startSession(config);
    await world.clock.sleep(8 * HOUR);
    expect(world.manager.explain(sessionId)?.reason).toBe('lifetime');
    await world.close();
  });

  it('[D32] an overdue renewal makes one attempt; missed heartbeats are one beat, and the next is a full interval away', async () => {
    const world = await managed();
    const { sessionId } = await world.manager.startSession({ enableInactivityTimeout: false });
    await world.clock.sleep(8 * HOUR);
    expect(world.provider.requests).toHaveLength(2);
    expect(world.manager.getSessionInfo(sessionId)).toMatchObject({
      state: 'active',
      statistics: { heartbeatCount: 1, renewalCount: 1 },
    });
    const { heartbeatTimer } = world.manager.getSessionDiagnostics(sessionId).timerStatus;
    expect(heartbeatTimer?.timeRemainingMs).toBe(30 * SECOND);
    expect(world.provider.outstanding).toHaveLength(1);
    await world.close();
  });

  it('[D32] a wall clock that is set to any time moves no deadline, and the dates that are told follow it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -400 * 24 * HOUR, max: 400 * 24 * HOUR }), async jump => {
        const world = await managed();
        const { sessionId } = await world.manager.startSession();
        await world.clock.advance(10 * SECOND);
        world.clock.setWall(world.clock.wall() + jump);
        const { timeoutTimer, renewalTimer } = world.manager.getSessionDiagnostics(sessionId).timerStatus;
        expect(timeoutTimer?.timeRemainingMs).toBe(290 * SECOND);
        expect(timeoutTimer?.scheduledAt.getTime()).toBe(world.clock.wall() + 290 * SECOND);
        expect(renewalTimer?.timeRemainingMs).toBe(40 * SECOND);
        await world.clock.advance(40 * SECOND);
        expect(world.provider.requests).toHaveLength(2);
        await world.clock.advance(250 * SECOND - 1);
        expect(world.manager.isSessionActive(sessionId)).toBe(true);
        await world.clock.advance(1);
        expect(world.manager.explain(sessionId)?.reason).toBe('idle');
        await world.close();
      }),
      { numRuns: 25 },
    );
  });

  it('[D32] system clock: a sleep is noticed within a second of waking, and what is overdue fires then', async () => {
    const { clock, run, sleep } = platform();
    const fired: string[] = [];
    clock.setTimeout(() => fired.push('one hour'), HOUR);
    clock.setTimeout(() => fired.push('ten hours'), 10 * HOUR);
    await run(10 * SECOND);
    sleep(8 * HOUR);
    await run(NOTICED_WITHIN_MS);
    expect(fired).toEqual(['one hour']);
    sleep(2 * HOUR);
    await run(NOTICED_WITHIN_MS);
    expect(fired).toEqual(['one hour', 'ten hours']);
    expect([clock.pending, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('[D32] system clock: whatever the clocks do, no timer fires before its time nor later than its full duration, and now() never goes back', async () => {
    const act = fc.oneof(
      fc.record({ type: fc.constant('run' as const), ms: fc.integer({ min: 1, max: 5_000 }) }),
      fc.record({ type: fc.constant('sleep' as const), ms: fc.integer({ min: 1, max: 2 * HOUR }) }),
      fc.record({ type: fc.constant('setBack' as const), ms: fc.integer({ min: 1, max: 2 * HOUR }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(act, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 60_000 }),
        async (acts, ms) => {
          const world = platform();
          const before = world.clock.now();
          let firedAt: number | undefined;
          let ran = 0;
          let awake = 0;
          world.clock.setTimeout(() => (firedAt = world.clock.now()), ms);
          let seen = before;
          for (const { type, ms: by } of acts) {
            await world[type](by);
            if (type === 'run') ran += by;
            if (type !== 'setBack') awake += by;
            expect(world.clock.now()).toBeGreaterThanOrEqual(seen);
            seen = world.clock.now();
            // Not early: only time that passed on some clock counts. Not late: time that was measured always counts.
            if (awake < ms) expect(firedAt).toBeUndefined();
            if (ran >= ms + 100) expect(firedAt).toBeDefined();
          }
          await world.run(ms + 100);
          expect(firedAt).toBeGreaterThanOrEqual(before + ms);
          vi.useRealTimers();
        },
      ),
      { numRuns: 100 },
    );
  });

  it('[D32] system clock: a small drift of the wall clock is no sleep', async () => {
    const { clock, run, sleep } = platform();
    const before = clock.now();
    sleep(TOLERATED_MS);
    await run(1_000);
    expect(clock.now()).toBe(before + 1_000);
  });
});

describe('D26', () => {
  it('[D26] system clock: a wait of 30 days is cut into pieces far below 2^31 ms, and fires at its time', async () => {
    const { clock, leap, delays } = platform();
    let fired = false;
    clock.setTimeout(() => (fired = true), 30 * 24 * HOUR);
    for (let hour = 1; hour < 30 * 24; hour++) await leap(HOUR);
    expect(fired).toBe(false);
    await leap(HOUR);
    expect(fired).toBe(true);
    expect(delays.length).toBeGreaterThan(700);
    expect(Math.max(...delays)).toBeLessThanOrEqual(2_147_483_647);
  });
});

/** A clock as a user might write it, from what the platform offers and nothing else. */
class PlainClock implements Clock {
  now(): number {
    return performance.now();
  }
  wall(): number {
    return Date.now();
  }
  setTimeout(callback: () => void, delayMs: number): unknown {
    return Number.isFinite(delayMs) ? globalThis.setTimeout(callback, delayMs) : undefined;
  }
  clearTimeout(handle: unknown): void {
    globalThis.clearTimeout(handle as NodeJS.Timeout);
  }
}

/** A whole life, told as a list of what happened when. Everything that a timer can cause is in it. */
async function trace(
  clock: Clock | undefined,
  measure: Clock,
  advance: (ms: number) => Promise<void>,
): Promise<{ told: string[]; counts: number[] }> {
  const provider = new FakeCredentialProvider(measure, mints(MINUTE));
  const manager = createSessionManager({ ...(clock && { clock }), credentials: provider });
  await manager.initialize();
  const events = keepEvents(manager);
  const startedAt = measure.wall();
  const { sessionId } = await manager.startSession({ maxDurationMinutes: 60, retryBackoffMs: 0 });
  provider.next(mints(MINUTE), answers(503), mints(MINUTE), answers(500));
  await advance(2 * MINUTE);
  await manager.pauseSession(sessionId);
  await advance(10 * MINUTE);
  await manager.resumeSession(sessionId);
  await advance(3 * MINUTE + 5);
  const capped = await manager.startSession({ maxDurationMinutes: 1.5, durationWarningSeconds: 30 });
  await advance(3 * MINUTE);
  const told = events.map(({ channel, event }) => {
    const what = [event.newState, event.error?.code, event.reason].filter(part => part !== undefined);
    const which = event.sessionId === sessionId ? 'a' : event.sessionId === capped.sessionId ? 'b' : '?';
    return `${event.timestamp.getTime() - startedAt} ${which} ${channel} ${event.type} ${what.join(' ')}`;
  });
  const counts = events
    .filter(({ channel }) => channel === 'ended')
    .map(({ event }) => event.sessionInfo.statistics.heartbeatCount);
  manager.dispose();
  await advance(5 * SECOND);
  return { told, counts };
}

describe('D44', () => {
  const virtualTrace = () => {
    const clock = new VirtualClock();
    return trace(clock, clock, ms => clock.advance(ms));
  };

  it('[D44] with an injected clock an idle end tells INACTIVITY_TIMEOUT and heartbeats are counted, though nobody wired a callback', async () => {
    const { told, counts } = await virtualTrace();
    expect(told.join('\n')).toMatch(/a error timeout-error INACTIVITY_TIMEOUT\n.* a state state-changed ending/);
    expect(told.join('\n')).toMatch(/b warning lifetime-warning/);
    expect(counts).toEqual([9, 2]);
  });

  it.each([
    ['the default clock', (): Clock | undefined => undefined],
    ['an injected system clock', (): Clock => systemClock()],
    ['a clock of the user', (): Clock => new PlainClock()],
  ] as const)('[D44] %s and the virtual one give the same events at the same times', async (_, make) => {
    const expected = await virtualTrace();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    const actual = await trace(make(), new PlainClock(), async ms => void (await vi.advanceTimersByTimeAsync(ms)));
    expect(vi.getTimerCount()).toBe(0);
    expect(actual).toEqual(expected);
  });
});
