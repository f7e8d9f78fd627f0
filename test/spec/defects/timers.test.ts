import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { hangs, mints } from '../../../src/integration/testing/provider-behaviours.ts';
import type { SessionTimerStatus, TimerEventInfo } from '../../../src/services/session-api.ts';
import { HOUR, type Managed, MINUTE, managed, SECOND } from '../../support/managed.ts';

const withKeysOf = (lifeMs: number) => managed({ provider: clock => new FakeCredentialProvider(clock, mints(lifeMs)) });

const TYPES = {
  renewalTimer: 'renewal',
  timeoutTimer: 'timeout',
  heartbeatTimer: 'heartbeat',
  warningTimer: 'warning',
  lifetimeTimer: 'lifetime',
} as const;
type TimerName = keyof typeof TYPES;

const armed = (status: SessionTimerStatus): [TimerName, NonNullable<SessionTimerStatus[TimerName]>][] =>
  (Object.keys(TYPES) as TimerName[]).flatMap(name => {
    const timer = status[name];
    return timer?.isActive ? [[name, timer]] : [];
  });

/** What has fired so far, by type of timer. Timeout and lifetime end the session. */
function fired({ manager, events, provider }: Managed, sessionId: string): Record<TimerEventInfo['type'], number> {
  const reason = manager.explain(sessionId)?.reason;
  const ended = events.find(({ channel }) => channel === 'ended')?.event.sessionInfo;
  const { heartbeatCount } = (manager.getSessionInfo(sessionId) ?? ended).statistics;
  return {
    renewal: provider.requests.length,
    timeout: reason === 'idle' ? 1 : 0,
    heartbeat: heartbeatCount,
    warning: events.filter(({ channel }) => channel === 'warning').length,
    lifetime: reason === 'lifetime' ? 1 : 0,
  };
}

/** Checks that what diagnostics say of the timers agrees with itself and with the clock. */
function checkConsistency({ manager, clock }: Managed, sessionId: string): TimerEventInfo | undefined {
  const { timerStatus, nextScheduledEvent } = manager.getSessionDiagnostics(sessionId);
  const timers = armed(timerStatus);
  for (const [name, { scheduledAt, timeRemainingMs, nextExecutionAt }] of timers) {
    expect(timeRemainingMs, name).toBe(scheduledAt.getTime() - clock.wall());
    if (name === 'heartbeatTimer') expect(nextExecutionAt).toEqual(scheduledAt);
  }
  const soonest = Math.min(...timers.map(([, { timeRemainingMs }]) => timeRemainingMs));
  if (timers.length === 0) expect(nextScheduledEvent).toBeUndefined();
  else {
    expect(nextScheduledEvent?.timeRemainingMs).toBe(soonest);
    const chosen = timers.find(([name]) => TYPES[name] === nextScheduledEvent?.type)?.[1];
    expect(chosen).toMatchObject({ timeRemainingMs: soonest, scheduledAt: nextScheduledEvent?.scheduledAt });
  }
  return nextScheduledEvent;
}

describe('D30', () => {
  it('[D30] before the first heartbeat the next beat is one interval away, not two', async () => {
    const world = await withKeysOf(HOUR);
    const { sessionId } = await world.manager.startSession({ heartbeatIntervalSeconds: 1 });
    const { heartbeatTimer } = world.manager.getSessionDiagnostics(sessionId).timerStatus;
    expect(heartbeatTimer).toMatchObject({ isActive: true, timeRemainingMs: 1_000, intervalMs: 1_000 });
    expect(heartbeatTimer?.nextExecutionAt?.getTime()).toBe(world.clock.wall() + 1_000);
    expect(heartbeatTimer).not.toHaveProperty('lastExecutedAt');
    await world.close();
  });

  it('[D30] at any moment the soonest event that is told is the one that fires next, exactly then, and nothing fires before', async () => {
    const act = fc.oneof(
      fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 40_000 }) }),
      fc.record({ type: fc.constant('activity' as const), ms: fc.constant(0) }),
      fc.record({ type: fc.constant('pause' as const), ms: fc.integer({ min: 0, max: 100_000 }) }),
      fc.record({ type: fc.constant('configure' as const), ms: fc.integer({ min: 1_000, max: 90_000 }) }),
      fc.record({ type: fc.constant('renew' as const), ms: fc.constant(0) }),
    );
    const config = fc.record({
      heartbeatIntervalSeconds: fc.integer({ min: 7, max: 90 }),
      inactivityTimeoutMinutes: fc.integer({ min: 1, max: 4 }),
      maxDurationMinutes: fc.integer({ min: 2, max: 6 }),
      durationWarningSeconds: fc.integer({ min: 0, max: 100 }),
      renewalMarginSeconds: fc.integer({ min: 0, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(config, fc.array(act, { maxLength: 12 }), async (settings, acts) => {
        const world = await withKeysOf(70 * SECOND);
        const { manager, clock } = world;
        const { sessionId } = await manager.startSession(settings);
        const lives = () => manager.isSessionActive(sessionId);
        for (const { type, ms } of acts) {
          if (!lives()) break;
          if (type === 'wait') await clock.advance(ms);
          else if (type === 'activity') await manager.resetInactivityTimer(sessionId);
          else if (type === 'configure') {
            await manager.updateSessionConfig(sessionId, { heartbeatIntervalSeconds: ms / SECOND });
          } else if (type === 'renew') void manager.renewSession(sessionId);
          else {
            await manager.pauseSession(sessionId);
            await clock.advance(ms);
            expect(manager.getSessionDiagnostics(sessionId).nextScheduledEvent).toBeUndefined();
            await manager.resumeSession(sessionId);
          }
          await clock.advance(1_000); // past the floor of two mints, and whatever was overdue has fired
          if (!lives()) break;
          const next = checkConsistency(world, sessionId) ?? expect.fail('nothing is scheduled');
          const before = fired(world, sessionId);
          await clock.advance(next.timeRemainingMs - 1);
          expect(fired(world, sessionId)).toEqual(before);
          expect(checkConsistency(world, sessionId)).toMatchObject({ type: next.type, timeRemainingMs: 1 });
          // Of two that are due at the same instant, the one that ends the session may leave the other no time.
          const due = armed(manager.getSessionDiagnostics(sessionId).timerStatus)
            .filter(([, { timeRemainingMs }]) => timeRemainingMs === 1)
            .map(([name]) => TYPES[name]);
          await clock.advance(1);
          const after = fired(world, sessionId);
          const hits = due.filter(name => after[name] === before[name] + 1);
          expect(hits).toEqual(lives() ? due : expect.arrayContaining([expect.any(String)]));
        }
        await world.close();
      }),
      { numRuns: 60 },
    );
  });

  it('[D30] while a renewal is under way no renewal is told as scheduled; all else goes on', async () => {
    const world = await withKeysOf(MINUTE);
    const { sessionId } = await world.manager.startSession();
    world.provider.next(hangs());
    void world.manager.renewSession(sessionId);
    await world.clock.advance(SECOND);
    const { timerStatus } = world.manager.getSessionDiagnostics(sessionId);
    expect(timerStatus).not.toHaveProperty('renewalTimer');
    expect(checkConsistency(world, sessionId)).toMatchObject({ type: 'heartbeat', timeRemainingMs: 29 * SECOND });
    await world.close();
  });

  it('[D30] the last beat is told as it was, also after a pause', async () => {
    const world = await withKeysOf(HOUR);
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(30 * SECOND);
    const beatAt = world.clock.wall();
    await world.clock.advance(SECOND);
    await world.manager.pauseSession(sessionId);
    await world.clock.advance(MINUTE);
    const last = () => world.manager.getSessionDiagnostics(sessionId).timerStatus.heartbeatTimer?.lastExecutedAt;
    expect(last()?.getTime()).toBe(beatAt);
    await world.manager.resumeSession(sessionId);
    expect(last()?.getTime()).toBe(beatAt);
    await world.close();
  });

  it('[D30] while paused the cap of the server is told as it is, for it does not pause', async () => {
    const world = await withKeysOf(HOUR);
    const { sessionId } = await world.manager.startSession();
    const expiresAt = world.clock.wall() + 30 * MINUTE;
    world.manager.reportTransport(sessionId, { state: 'connected', expiresAt });
    await world.manager.pauseSession(sessionId);
    await world.clock.advance(10 * MINUTE);
    const { lifetimeTimer } = world.manager.getSessionDiagnostics(sessionId).timerStatus;
    expect(lifetimeTimer).toMatchObject({ isActive: false, timeRemainingMs: 20 * MINUTE });
    expect(lifetimeTimer?.scheduledAt.getTime()).toBe(expiresAt);
    await world.close();
  });
});
