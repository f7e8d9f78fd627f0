import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { hangs, mints } from '../../../src/integration/testing/provider-behaviours.ts';
import { leadMs } from '../../../src/machines/session-deadlines.ts';
import type { SessionConfigPatch } from '../../../src/services/session-config.ts';
import { HOUR, type Managed, MINUTE, managed, SECOND } from '../../support/managed.ts';

const DAY = 24 * HOUR;
const LIFE_MS = 2 * DAY;

const longLived = () => managed({ provider: clock => new FakeCredentialProvider(clock, mints(LIFE_MS)) });

const timersOf = ({ manager }: Managed, sessionId: string) => manager.getSessionDiagnostics(sessionId).timerStatus;

/** Updates that bring no timer due within the hours of a run, so that the history of beats stays empty. */
const farPatch: fc.Arbitrary<SessionConfigPatch> = fc.record(
  {
    renewalMarginSeconds: fc.integer({ min: 0, max: 3_600 }),
    inactivityTimeoutMinutes: fc.integer({ min: 600, max: 525_600 }),
    heartbeatIntervalSeconds: fc.integer({ min: 36_000, max: 86_400 }),
    enableHeartbeat: fc.boolean(),
    enableInactivityTimeout: fc.boolean(),
    maxDurationMinutes: fc.integer({ min: 1_500, max: 525_600 }),
    durationWarningSeconds: fc.integer({ min: 0, max: 3_600 }),
  },
  { requiredKeys: [] },
);

const step = fc.record({
  waitMs: fc.integer({ min: 0, max: 20 * MINUTE }),
  patch: farPatch,
  active: fc.boolean(),
});

describe('D26', () => {
  it('[D26] every accepted idle window, the longest included, ends the session at its deadline, neither early nor never', async () => {
    const windows = fc.oneof(
      fc.double({ min: 0.001, max: 525_600, noNaN: true }),
      fc.constantFrom(40_000, 43_200, 35_791.394, 35_791.395, 525_600), // around 2^31 ms, and 30 days
    );
    await fc.assert(
      fc.asyncProperty(windows, async inactivityTimeoutMinutes => {
        const world = await managed({ provider: clock => new FakeCredentialProvider(clock, mints(800 * DAY)) });
        const config = { inactivityTimeoutMinutes, maxDurationMinutes: 525_600, enableHeartbeat: false };
        const { sessionId } = await world.manager.startSession({ ...config, durationWarningSeconds: 0 });
        const windowMs = inactivityTimeoutMinutes * MINUTE;
        await world.clock.advance(windowMs - 1);
        expect(world.manager.isSessionActive(sessionId)).toBe(true);
        await world.clock.advance(1.001);
        expect(world.manager.getSessionInfo(sessionId)).toBeUndefined();
        if (inactivityTimeoutMinutes < 525_600) expect(world.manager.explain(sessionId)?.reason).toBe('idle');
        await world.close();
      }),
      { numRuns: 60 },
    );
  });

  it('[D26] a window of 30 days holds 30 days, with renewals and heartbeats all the while', async () => {
    const world = await managed({ provider: clock => new FakeCredentialProvider(clock, mints(HOUR)) });
    const { sessionId } = await world.manager.startSession({
      inactivityTimeoutMinutes: 30 * 24 * 60,
      maxDurationMinutes: 525_600,
      heartbeatIntervalSeconds: 3_600,
    });
    await world.clock.advance(30 * DAY - 1);
    expect(world.manager.isSessionActive(sessionId)).toBe(true);
    expect(world.manager.getSessionInfo(sessionId)?.statistics.heartbeatCount).toBe(30 * 24 - 1);
    await world.clock.advance(1);
    expect(world.manager.explain(sessionId)?.reason).toBe('idle');
    expect(world.provider.outstanding).toEqual([]);
    await world.close();
  });

  it('[D26] every other long duration too: heartbeat of a day, lifetime of a year, its warning a day before', async () => {
    const world = await managed({ provider: clock => new FakeCredentialProvider(clock, mints(800 * DAY)) });
    const { sessionId } = await world.manager.startSession({
      enableInactivityTimeout: false,
      heartbeatIntervalSeconds: 86_400,
      maxDurationMinutes: 525_600,
      durationWarningSeconds: 86_400,
    });
    await world.clock.advance(364 * DAY - 1);
    expect(world.manager.getSessionInfo(sessionId)?.statistics.heartbeatCount).toBe(363);
    expect(world.events.some(({ channel }) => channel === 'warning')).toBe(false);
    await world.clock.advance(1);
    expect(world.events.filter(({ channel }) => channel === 'warning')).toHaveLength(1);
    await world.clock.advance(DAY - 1);
    expect(world.manager.isSessionActive(sessionId)).toBe(true);
    await world.clock.advance(1);
    expect(world.manager.explain(sessionId)?.reason).toBe('lifetime');
    await world.close();
  });
});

describe('D27', () => {
  it('[D27] after any updates at any times all deadlines equal those of a session that had the configuration from the start', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async steps => {
        const base = { inactivityTimeoutMinutes: 600, heartbeatIntervalSeconds: 36_000, maxDurationMinutes: 1_500 };
        const last = Object.assign({}, base, ...steps.map(({ patch }) => patch));
        const [changed, reference] = [await longLived(), await longLived()];
        const { sessionId } = await changed.manager.startSession(base);
        const other = await reference.manager.startSession(last);
        const states = changed.events.length;
        for (const { waitMs, patch, active } of steps) {
          await Promise.all([changed.clock.advance(waitMs), reference.clock.advance(waitMs)]);
          if (active) await changed.manager.resetInactivityTimer(sessionId);
          if (active) await reference.manager.resetInactivityTimer(other.sessionId);
          await changed.manager.updateSessionConfig(sessionId, patch);
        }
        const { sessionId: _, ...timers } = timersOf(changed, sessionId);
        expect(timers).toEqual({ ...timersOf(reference, other.sessionId), sessionId: undefined });
        expect(changed.clock.pending).toBe(reference.clock.pending);
        expect(changed.events).toHaveLength(states);
        await Promise.all([changed.close(), reference.close()]);
      }),
      { numRuns: 60 },
    );
  });

  it('[D27] with beats, renewals and activity in the past: renewal = expiry - lead, idle = lastActivity + window, heartbeat = last beat + interval', async () => {
    const anyPatch = fc.record(
      {
        renewalMarginSeconds: fc.integer({ min: 0, max: 60 }),
        inactivityTimeoutMinutes: fc.integer({ min: 10, max: 30 }),
        heartbeatIntervalSeconds: fc.integer({ min: 1, max: 300 }),
        enableHeartbeat: fc.boolean(),
        enableInactivityTimeout: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const steps = fc.array(fc.record({ waitMs: fc.integer({ min: 0, max: 60_000 }), patch: anyPatch }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(steps, async given => {
        const world = await managed({ provider: clock => new FakeCredentialProvider(clock, mints(90 * SECOND)) });
        const { sessionId } = await world.manager.startSession({ inactivityTimeoutMinutes: 30 });
        let beatAt = world.clock.wall();
        let beats = 0;
        const noteBeat = () => {
          const { heartbeatCount } = world.manager.getSessionInfo(sessionId)?.statistics ?? expect.fail('it is gone');
          if (heartbeatCount === beats) return;
          beats = heartbeatCount;
          beatAt = timersOf(world, sessionId).heartbeatTimer?.lastExecutedAt?.getTime() ?? Number.NaN;
        };
        for (const { waitMs, patch } of given) {
          await world.clock.advance(waitMs);
          noteBeat();
          await world.manager.updateSessionConfig(sessionId, patch);
          await world.settle();
          noteBeat();
          const info = world.manager.getSessionInfo(sessionId);
          const timers = timersOf(world, sessionId);
          const { config, lastActivity } = info ?? expect.fail('the session is gone');
          const lead = leadMs(config.renewalMarginSeconds, 90 * SECOND);
          expect(timers.renewalTimer?.scheduledAt.getTime()).toBe((info?.expiresAt?.getTime() ?? 0) - lead);
          expect(timers.timeoutTimer?.scheduledAt.getTime()).toBe(
            config.enableInactivityTimeout
              ? lastActivity.getTime() + config.inactivityTimeoutMinutes * MINUTE
              : undefined,
          );
          const beatDueAt = beatAt + config.heartbeatIntervalSeconds * SECOND;
          expect(timers.heartbeatTimer?.nextExecutionAt?.getTime()).toBe(
            config.enableHeartbeat ? beatDueAt : undefined,
          );
        }
        await world.close();
      }),
      { numRuns: 40 },
    );
  });

  it('[D27] a margin of 60 instead of 10 s moves the renewal by 50 s', async () => {
    const world = await managed({ provider: clock => new FakeCredentialProvider(clock, mints(10 * MINUTE)) });
    const { sessionId } = await world.manager.startSession({ inactivityTimeoutMinutes: 60 });
    await world.manager.updateSessionConfig(sessionId, { renewalMarginSeconds: 60 });
    await world.clock.advance(9 * MINUTE - 1);
    expect(world.provider.requests).toHaveLength(1);
    await world.clock.advance(1);
    expect(world.provider.requests).toHaveLength(2);
    await world.close();
  });

  it('[D27] a margin that makes the renewal overdue renews at once, by the renewal timer', async () => {
    const world = await managed({ provider: clock => new FakeCredentialProvider(clock, mints(10 * MINUTE)) });
    const { sessionId } = await world.manager.startSession({ inactivityTimeoutMinutes: 60 });
    await world.clock.advance(8 * MINUTE);
    await world.manager.updateSessionConfig(sessionId, { renewalMarginSeconds: 180 });
    await world.settle();
    expect(world.provider.requests).toHaveLength(2);
    expect(world.manager.explain(sessionId)?.transitions.map(({ cause }) => cause)).toContain('renewal due');
    await world.close();
  });

  it('[D27] a shorter idle window counts from the last activity; one that is past ends the session at once', async () => {
    const world = await longLived();
    const { sessionId } = await world.manager.startSession({ inactivityTimeoutMinutes: 60 });
    await world.clock.advance(10 * MINUTE);
    await world.manager.resetInactivityTimer(sessionId);
    await world.clock.advance(4 * MINUTE);
    await world.manager.updateSessionConfig(sessionId, { inactivityTimeoutMinutes: 4.001 });
    expect(world.manager.isSessionActive(sessionId)).toBe(true);
    await world.manager.updateSessionConfig(sessionId, { inactivityTimeoutMinutes: 4 });
    await world.settle();
    expect(world.manager.explain(sessionId)?.reason).toBe('idle');
    await world.close();
  });

  it('[D27] the flags start and stop their timers in the same turn, without a change of state', async () => {
    const world = await longLived();
    const { sessionId } = await world.manager.startSession();
    const armed = world.clock.pending;
    const states = world.events.filter(({ channel }) => channel === 'state').length;
    void world.manager.updateSessionConfig(sessionId, { enableHeartbeat: false, enableInactivityTimeout: false });
    expect(world.clock.pending).toBe(armed - 2);
    expect(timersOf(world, sessionId)).not.toHaveProperty('heartbeatTimer');
    expect(timersOf(world, sessionId)).not.toHaveProperty('timeoutTimer');
    await world.clock.advance(20 * MINUTE);
    expect(world.manager.getSessionInfo(sessionId)?.statistics.heartbeatCount).toBe(0);
    await world.manager.resetInactivityTimer(sessionId);
    void world.manager.updateSessionConfig(sessionId, { enableHeartbeat: true, enableInactivityTimeout: true });
    expect(world.clock.pending).toBe(armed);
    await world.settle();
    expect(world.manager.getSessionInfo(sessionId)?.statistics.heartbeatCount).toBe(1);
    expect(timersOf(world, sessionId).timeoutTimer?.timeRemainingMs).toBe(5 * MINUTE);
    expect(world.events.filter(({ channel }) => channel === 'state')).toHaveLength(states);
    await world.close();
  });

  it('[D27] an update while renewing moves the running timers, and the next renewal follows the new margin', async () => {
    const world = await managed({ provider: clock => new FakeCredentialProvider(clock, mints(60 * SECOND)) });
    const { sessionId } = await world.manager.startSession();
    world.provider.next(hangs());
    void world.manager.renewSession(sessionId);
    await world.settle();
    await world.manager.updateSessionConfig(sessionId, { heartbeatIntervalSeconds: 7, renewalMarginSeconds: 20 });
    expect(world.manager.getSessionInfo(sessionId)?.state).toBe('renewing');
    expect(timersOf(world, sessionId).heartbeatTimer?.timeRemainingMs).toBe(7 * SECOND);
    const beats = () => world.manager.getSessionInfo(sessionId)?.statistics.heartbeatCount;
    await world.clock.advance(7 * SECOND - 1);
    expect(beats()).toBe(0);
    await world.clock.advance(1);
    expect(beats()).toBe(1);
    expect(world.manager.getSessionInfo(sessionId)?.state).toBe('renewing');
    await world.clock.advance(6 * SECOND);
    expect(timersOf(world, sessionId).renewalTimer?.scheduledAt.getTime()).toBe(
      (world.manager.getSessionInfo(sessionId)?.expiresAt?.getTime() ?? 0) - 20 * SECOND,
    );
    await world.close();
  });
});
