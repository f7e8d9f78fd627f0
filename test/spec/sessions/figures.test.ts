import { describe, expect, it } from 'vitest';
import { answers, hangs, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import { MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

describe('the figures of a session', () => {
  it('[SES-22] heartbeats that are switched off leave no failed probe behind', async () => {
    const t = await managed({
      driver: { probe: () => Promise.reject(new Error('gone')) },
      config: { heartbeatIntervalSeconds: 5 },
    });
    const { manager, clock } = t;
    const { sessionId } = await manager.startSession();
    await clock.advance(6 * SECOND);
    expect(manager.getSessionDiagnostics(sessionId).connectionStatus).toBe('degraded');
    await manager.updateSessionConfig(sessionId, { enableHeartbeat: false });
    expect(manager.getSessionDiagnostics(sessionId).connectionStatus).toBe('healthy');
    expect((await manager.testSessionHealth(sessionId)).isHealthy).toBe(true);
    await t.close();
  });

  it('[SES-22] attempts to mint and attempts to open are counted apart', async () => {
    let opens = 0;
    const open = async (): Promise<never> => {
      opens += 1;
      throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    };
    const t = await managed({ driver: { open }, config: { maxRetryAttempts: 3 } });
    t.provider.next(answers(500), answers(500));
    const failure = rejectionOf(t.manager.startSession());
    await t.clock.advance(MINUTE);
    expect((await failure).code).toBe('SESSION_START_FAILED');
    expect([t.provider.requests.length, opens]).toEqual([3, 3]);
    await t.close();
  });

  it('[SES-22] a session that has never served is not active, whatever its state', async () => {
    const t = await managed();
    const { manager, clock, provider } = t;
    provider.next(answers(401));
    const start = rejectionOf(manager.startSession());
    await clock.advance(2 * SECOND);
    await start;
    const sessionId = manager.getAllSessions()[0]?.sessionId ?? '';
    provider.next(slowly(SECOND));
    const renewal = manager.renewSession(sessionId);
    await t.settle();
    expect(manager.getSessionInfo(sessionId)?.state).toBe('renewing');
    expect([manager.isSessionActive(sessionId), manager.isSessionActive()]).toEqual([false, false]);
    await clock.advance(SECOND);
    expect((await renewal).success).toBe(true);
    expect(manager.isSessionActive(sessionId)).toBe(true);
    provider.next(hangs());
    void manager.renewSession(sessionId);
    await clock.advance(2 * SECOND);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('renewing');
    expect([manager.isSessionActive(sessionId), manager.isSessionActive()]).toEqual([true, true]);
    await t.close();
  });
});
