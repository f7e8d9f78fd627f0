import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { hangs, mints, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import { HOUR, type Managed, MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

const withKeysOf = (lifeMs: number) => managed({ provider: clock => new FakeCredentialProvider(clock, mints(lifeMs)) });

const timersOf = ({ manager }: Managed, sessionId: string) => manager.getSessionDiagnostics(sessionId).timerStatus;

const OWN_TIMERS = ['timeoutTimer', 'heartbeatTimer', 'warningTimer', 'lifetimeTimer'] as const;

/** What is left of the timers that a pause keeps. */
const leftOf = (world: Managed, sessionId: string) =>
  Object.fromEntries(OWN_TIMERS.map(name => [name, timersOf(world, sessionId)[name]?.timeRemainingMs]));

const CONFIG = {
  inactivityTimeoutMinutes: 240,
  heartbeatIntervalSeconds: 14_400,
  maxDurationMinutes: 300,
  durationWarningSeconds: 600,
};

describe('D29', () => {
  it('[D29] a pause stops renewal, idle, heartbeat, lifetime and warning: for a day nothing fires, no mint, no beat, no end', async () => {
    const world = await withKeysOf(HOUR);
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(10 * SECOND);
    await world.manager.pauseSession(sessionId);
    const events = world.events.length;
    for (const name of [...OWN_TIMERS, 'renewalTimer'] as const) {
      expect(timersOf(world, sessionId)[name]).toMatchObject({ isActive: false });
    }
    const left = leftOf(world, sessionId);
    await world.clock.advance(59 * MINUTE);
    expect(leftOf(world, sessionId)).toEqual(left);
    await world.clock.advance(24 * HOUR);
    expect(leftOf(world, sessionId)).toEqual(left);
    expect(world.manager.getSessionInfo(sessionId)).toMatchObject({
      state: 'paused',
      statistics: { heartbeatCount: 0 },
    });
    expect(world.provider.requests).toHaveLength(1);
    const told = world.events.slice(events).map(({ event }) => event.error?.code ?? event.type);
    expect(told).toEqual(['KEY_EXPIRED']);
    await world.close();
  });

  it('[D29] a paused session has no timer but the one that drops its secret at the expiry', async () => {
    const world = await withKeysOf(HOUR);
    const { sessionId } = await world.manager.startSession();
    await world.manager.pauseSession(sessionId);
    expect(world.clock.pending).toBe(1);
    expect(world.manager.credentialFor(sessionId)).toBeDefined();
    await world.clock.advance(HOUR);
    expect(world.clock.pending).toBe(0);
    expect(world.manager.credentialFor(sessionId)).toBeUndefined();
    expect(world.provider.outstanding).toEqual([]);
    await world.close();
  });

  it('[D29] after any number of cycles idle, heartbeat, lifetime and warning keep exactly what was left; the renewal is derived anew from the expiry, which does not pause', async () => {
    const cycle = fc.record({
      serveMs: fc.integer({ min: 0, max: 10 * MINUTE }),
      awayMs: fc.integer({ min: 0, max: 5 * HOUR }),
      pauses: fc.integer({ min: 1, max: 3 }),
      resumes: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(cycle, { minLength: 1, maxLength: 12 }), async cycles => {
        const world = await withKeysOf(1_000 * HOUR);
        const { sessionId, expiresAt } = await world.manager.startSession(CONFIG);
        const start = leftOf(world, sessionId);
        let servedMs = 0;
        for (const { serveMs, awayMs, pauses, resumes } of cycles) {
          await world.clock.advance(serveMs);
          servedMs += serveMs;
          const expected = Object.fromEntries(Object.entries(start).map(([name, ms]) => [name, (ms ?? 0) - servedMs]));
          expect(leftOf(world, sessionId)).toEqual(expected);
          for (let i = 0; i < pauses; i++) await world.manager.pauseSession(sessionId);
          await world.clock.advance(awayMs / 2);
          expect(leftOf(world, sessionId)).toEqual(expected);
          await world.clock.advance(awayMs / 2);
          for (let i = 0; i < resumes; i++) await world.manager.resumeSession(sessionId);
          expect(leftOf(world, sessionId)).toEqual(expected);
          const { renewalTimer } = timersOf(world, sessionId);
          expect(renewalTimer?.scheduledAt.getTime()).toBe((expiresAt?.getTime() ?? 0) - 10 * SECOND);
        }
        expect(world.provider.requests).toHaveLength(1);
        await world.close();
      }),
      { numRuns: 50 },
    );
  });

  it('[D29] what is left fires when it is due: 200 ms idle window, pause at 150, resume, end 50 ms later', async () => {
    const world = await withKeysOf(HOUR);
    const { sessionId } = await world.manager.startSession({ inactivityTimeoutMinutes: 200 / MINUTE });
    await world.clock.advance(150);
    await world.manager.pauseSession(sessionId);
    await world.clock.advance(10 * MINUTE);
    await world.manager.resumeSession(sessionId);
    await world.clock.advance(49);
    expect(world.manager.isSessionActive(sessionId)).toBe(true);
    await world.clock.advance(1);
    expect(world.manager.explain(sessionId)?.reason).toBe('idle');
    await world.close();
  });

  it.each(['while paused', 'after the resume'])('[D29] an activity %s gives the full window', async when => {
    const world = await withKeysOf(HOUR);
    const { sessionId } = await world.manager.startSession({ inactivityTimeoutMinutes: 200 / MINUTE });
    await world.clock.advance(150);
    await world.manager.pauseSession(sessionId);
    await world.clock.advance(1_000);
    if (when === 'while paused') await world.manager.resetInactivityTimer(sessionId);
    await world.clock.advance(1_000);
    await world.manager.resumeSession(sessionId);
    if (when !== 'while paused') await world.manager.resetInactivityTimer(sessionId);
    await world.clock.advance(199);
    expect(world.manager.isSessionActive(sessionId)).toBe(true);
    await world.clock.advance(1);
    expect(world.manager.explain(sessionId)?.reason).toBe('idle');
    await world.close();
  });

  it('[D29] a heartbeat interval goes on with what was left of it', async () => {
    const world = await withKeysOf(HOUR);
    const { sessionId } = await world.manager.startSession({ heartbeatIntervalSeconds: 10 });
    await world.clock.advance(14 * SECOND);
    await world.manager.pauseSession(sessionId);
    await world.clock.advance(MINUTE);
    await world.manager.resumeSession(sessionId);
    await world.clock.advance(6 * SECOND - 1);
    expect(world.manager.getSessionInfo(sessionId)?.statistics.heartbeatCount).toBe(1);
    await world.clock.advance(1);
    expect(world.manager.getSessionInfo(sessionId)?.statistics.heartbeatCount).toBe(2);
    await world.close();
  });

  it.each([
    ['one ms before the lead', 'active', 50 * SECOND - 1],
    ['at the lead', 'renewing', 50 * SECOND],
    ['inside the lead', 'renewing', 55 * SECOND],
    ['at the expiry', 'renewing', 60 * SECOND],
    ['long past the expiry', 'renewing', HOUR],
  ] as const)('[D29] a resume %s makes the session %s', async (_, state, awayMs) => {
    const world = await withKeysOf(MINUTE);
    const { sessionId } = await world.manager.startSession();
    await world.manager.pauseSession(sessionId);
    await world.clock.advance(awayMs);
    world.provider.next(slowly(SECOND));
    await world.manager.resumeSession(sessionId);
    expect(world.manager.getSessionInfo(sessionId)?.state).toBe(state);
    await world.clock.advance(20 * SECOND);
    expect(world.manager.getSessionInfo(sessionId)?.state).toBe('active');
    expect(world.manager.getSessionDiagnostics(sessionId).credentialStatus).toBe('valid');
    await world.close();
  });

  it('[D29] the renewal before the resume is one renewal like any other, with its events and one mint', async () => {
    const world = await withKeysOf(MINUTE);
    const { sessionId } = await world.manager.startSession();
    await world.manager.pauseSession(sessionId);
    await world.clock.advance(HOUR);
    await world.manager.resumeSession(sessionId);
    await world.settle();
    const renewals = world.events.filter(({ channel }) => channel === 'renewed').map(({ event }) => event.type);
    expect(renewals).toEqual(['renewal-started', 'renewal-completed']);
    expect(world.provider.requests).toHaveLength(2);
    await world.close();
  });

  it.each([
    [30 * MINUTE - 1, 'active'],
    [30 * MINUTE, 'ended'],
    [5 * HOUR, 'ended'],
  ] as const)(
    '[D29] the cap of the server does not pause: resumed after %i ms of a cap of 30 min the session is %s',
    async (awayMs, state) => {
      const world = await withKeysOf(10 * HOUR);
      const { sessionId } = await world.manager.startSession();
      world.manager.reportTransport(sessionId, { state: 'connected', expiresAt: world.clock.wall() + 30 * MINUTE });
      await world.manager.pauseSession(sessionId);
      await world.clock.advance(awayMs);
      expect(world.manager.getSessionInfo(sessionId)?.state).toBe('paused');
      await world.manager.resumeSession(sessionId);
      await world.settle();
      expect(world.manager.explain(sessionId)).toMatchObject(
        state === 'ended' ? { state, reason: 'lifetime' } : { state },
      );
      const edges = world.manager.explain(sessionId)?.transitions.map(({ from, to }) => `${from} > ${to}`);
      expect(edges?.includes('paused > active')).toBe(state === 'active');
      expect(world.provider.requests).toHaveLength(1);
      await world.close();
    },
  );

  it('[D29] the configured lifetime pauses: a session of 30 min, away for a day, has its 30 min', async () => {
    const world = await withKeysOf(100 * HOUR);
    const { sessionId } = await world.manager.startSession({ maxDurationMinutes: 30, inactivityTimeoutMinutes: 60 });
    await world.clock.advance(10 * MINUTE);
    await world.manager.pauseSession(sessionId);
    await world.clock.advance(24 * HOUR);
    const health = await world.manager.testSessionHealth(sessionId);
    expect(health.checks.find(({ name }) => name === 'session-age')?.status).toBe('pass');
    await world.manager.resumeSession(sessionId);
    await world.clock.advance(20 * MINUTE - 1);
    expect(world.manager.isSessionActive(sessionId)).toBe(true);
    await world.clock.advance(1);
    expect(world.manager.explain(sessionId)?.reason).toBe('lifetime');
    await world.close();
  });

  it('[D29] a pause breaks off the renewal under way: its signal aborts, its caller is told, what still arrives is given back', async () => {
    const world = await withKeysOf(MINUTE);
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(2 * SECOND);
    world.provider.next(async (request, { clock, secret }) => {
      await new Promise<void>(resolve => clock.setTimeout(resolve, SECOND));
      return { secret: secret(request), expiresAt: clock.wall() + MINUTE };
    });
    const renewal = world.manager.renewSession(sessionId);
    await world.settle();
    await world.manager.pauseSession(sessionId);
    expect(world.provider.requests[1]?.signal.aborted).toBe(true);
    expect(await renewal).toMatchObject({ success: false, error: { code: 'OPERATION_ABORTED' } });
    await world.clock.advance(2 * SECOND);
    expect(world.provider.outstanding).toHaveLength(1);
    expect(world.manager.getSessionInfo(sessionId)?.statistics.renewalCount).toBe(0);
    await world.manager.resumeSession(sessionId);
    expect(world.manager.getSessionInfo(sessionId)?.state).toBe('active');
    await world.close();
  });

  it('[D29] pause and resume tell one transition each, however often they are called, and refuse states that they are not for', async () => {
    const world = await withKeysOf(HOUR);
    const { sessionId } = await world.manager.startSession();
    const before = world.events.length;
    for (const call of ['pauseSession', 'pauseSession', 'resumeSession', 'resumeSession'] as const) {
      await world.manager[call](sessionId);
    }
    const told = world.events.slice(before).map(({ event }) => `${event.previousState} > ${event.newState}`);
    expect(told).toEqual(['active > paused', 'paused > active']);
    for (const call of ['pauseSession', 'resumeSession'] as const) {
      expect(await rejectionOf(world.manager[call]('unknown'))).toMatchObject({ code: 'SESSION_NOT_FOUND' });
    }
    world.provider.next(hangs());
    void world.manager.startSession().catch(() => undefined);
    const starting = world.manager.getAllSessions().find(({ state }) => state === 'starting')?.sessionId ?? '';
    for (const call of ['pauseSession', 'resumeSession'] as const) {
      expect(await rejectionOf(world.manager[call](starting))).toMatchObject({ code: 'SESSION_NOT_ACTIVE' });
    }
    await world.close();
  });
});
