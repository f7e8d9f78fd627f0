import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, mints } from '../../../src/integration/testing/provider-behaviours.ts';
import { HOUR, type Managed, MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

/** A session whose start failed, and that waits to be renewed or ended. */
async function failedStart(t: Managed, status = 401): Promise<string> {
  t.provider.next(answers(status));
  const start = rejectionOf(t.manager.startSession());
  await t.settle();
  expect((await start).code).toBe('SESSION_START_FAILED');
  const session = t.manager.getAllSessions().find(({ state }) => state === 'failed');
  return session?.sessionId ?? 'none';
}

describe('revived sessions', () => {
  it.each([30, 59, 61])(
    '[SES-14] revived after a failed start, %i minutes later, it has the deadlines of one that starts then',
    async minutes => {
      const t = await managed({
        provider: clock => new FakeCredentialProvider(clock, mints(5 * HOUR)),
        config: { maxDurationMinutes: 60, inactivityTimeoutMinutes: 50, heartbeatIntervalSeconds: 600 },
      });
      const { manager, clock } = t;
      const failed = await failedStart(t);
      await clock.advance(minutes * MINUTE);
      const renewal = manager.renewSession(failed);
      const start = manager.startSession();
      await t.settle();
      expect(await renewal).toMatchObject({ success: true });
      const both = [failed, (await start).sessionId];
      const told = both.map(id => ({ ...manager.getSessionDiagnostics(id).timerStatus, sessionId: '' }));
      expect(told[0]).toEqual(told[1]);
      expect(told[0]?.lifetimeTimer?.timeRemainingMs).toBe(HOUR);
      const beats = () => both.map(id => manager.getSessionInfo(id)?.statistics.heartbeatCount);
      await clock.advance(10 * MINUTE - 1);
      expect(beats()).toEqual([0, 0]);
      await clock.advance(1);
      expect(beats()).toEqual([1, 1]);
      for (const id of both) await manager.resetInactivityTimer(id);
      await clock.advance(49 * MINUTE - 1);
      expect(t.events.filter(({ channel }) => channel === 'warning')).toEqual([]);
      await clock.advance(1);
      expect(t.events.filter(({ channel }) => channel === 'warning')).toHaveLength(2);
      await clock.advance(MINUTE - 1);
      expect(both.map(id => manager.isSessionActive(id))).toEqual([true, true]);
      await clock.advance(1);
      expect(both.map(id => manager.explain(id)?.reason)).toEqual(['lifetime', 'lifetime']);
      await t.close();
    },
  );

  it('[SES-14] the cap of the connection that a revived session had is gone', async () => {
    const t = await managed({ config: { enableInactivityTimeout: false, maxRetryAttempts: 1 } });
    const { manager, clock, events } = t;
    const { sessionId } = await manager.startSession();
    manager.reportTransport(sessionId, { state: 'connected', expiresAt: clock.wall() + 30 * MINUTE });
    await clock.advance(SECOND);
    t.provider.next(answers(401));
    const failing = manager.renewSession(sessionId);
    await t.settle();
    expect(await failing).toMatchObject({ success: false });
    await clock.advance(31 * MINUTE);
    const renewal = manager.renewSession(sessionId);
    await t.settle();
    expect(await renewal).toMatchObject({ success: true });
    expect(manager.getSessionDiagnostics(sessionId).timerStatus.lifetimeTimer?.timeRemainingMs).toBe(
      24 * HOUR - 31 * MINUTE - SECOND,
    );
    await clock.advance(HOUR);
    expect(manager.isSessionActive(sessionId)).toBe(true);
    expect(events.filter(({ channel }) => channel === 'warning')).toEqual([]);
    await t.close();
  });

  it('[SES-21] a revived session with a channel that fails again answers the renewal with the failure', async () => {
    const t = await managed({ driver: { open: async () => undefined } });
    const { manager, clock } = t;
    const failed = await failedStart(t);
    await clock.advance(2 * SECOND);
    t.provider.next(answers(403));
    const renewal = manager.renewSession(failed);
    await t.settle();
    expect(await renewal).toMatchObject({
      success: false,
      sessionId: failed,
      error: { code: 'SESSION_START_FAILED', context: { status: 403 } },
    });
    expect(manager.getSessionInfo(failed)?.state).toBe('failed');
    await t.close();
  });
});
