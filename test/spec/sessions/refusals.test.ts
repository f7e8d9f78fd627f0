import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, mints, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import { type Managed, MINUTE, managed, SECOND } from '../../support/managed.ts';

const LONG_LIVED = {
  provider: (clock: Managed['clock']) => new FakeCredentialProvider(clock, mints(30 * MINUTE)),
  config: { inactivityTimeoutMinutes: 60 },
};

const refuse = (t: Managed, sessionId: string): void =>
  t.manager.reportTransport(sessionId, { state: 'failed', credentialRefused: true });

/** The service refuses the credential so often, each time as soon as a new one is there. */
async function refuseInARow(t: Managed, sessionId: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    refuse(t, sessionId);
    await t.clock.advance(2 * SECOND);
  }
}

describe('credentials that the service refuses', () => {
  it.each([
    ['Retry-After', answers(429, { retryAfterMs: 30_000 }), 30 * SECOND, 30 * SECOND],
    ['back-off', answers(500), 5 * SECOND, 6.25 * SECOND],
  ])('[SES-17] a refusal during a renewal keeps the %s', async (_, answer, earliest, latest) => {
    const t = await managed({ ...LONG_LIVED, config: { ...LONG_LIVED.config, retryBackoffMs: 5_000 } });
    const { manager, clock, provider } = t;
    const { sessionId } = await manager.startSession();
    await clock.advance(10 * SECOND);
    provider.next(answer);
    const renewal = manager.renewSession(sessionId);
    await clock.advance(2 * SECOND);
    expect(provider.requests).toHaveLength(2);
    refuse(t, sessionId);
    expect(provider.outstanding).toEqual([]);
    await clock.advance(earliest - 2 * SECOND - 1);
    expect(provider.requests).toHaveLength(2);
    await clock.advance(latest - earliest + 1);
    expect(provider.requests).toHaveLength(3);
    expect((await renewal).success).toBe(true);
    await t.close();
  });

  it('[SES-17] a service that refuses what maxRetryAttempts renewals brought fails the session', async () => {
    const t = await managed(LONG_LIVED);
    const { manager, provider } = t;
    const { sessionId } = await manager.startSession();
    await refuseInARow(t, sessionId, 3);
    expect(manager.isSessionActive(sessionId)).toBe(true);
    await refuseInARow(t, sessionId, 1);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('failed');
    expect(manager.getSessionDiagnostics(sessionId).lastError?.context?.cause).toBe('AUTH_ERROR');
    expect(provider.minted).toHaveLength(4);
    expect(provider.outstanding).toEqual([]);
    await t.close();
  });

  it('[SES-17] a connection in between starts the count anew', async () => {
    const t = await managed(LONG_LIVED);
    const { manager } = t;
    const { sessionId } = await manager.startSession();
    for (let i = 0; i < 3; i++) {
      await refuseInARow(t, sessionId, 3);
      manager.reportTransport(sessionId, { state: 'connected' });
    }
    expect(manager.getSessionInfo(sessionId)).toMatchObject({ state: 'active', statistics: { renewalCount: 9 } });
    await t.close();
  });

  it('[SES-17] so does a renewal for another reason', async () => {
    const t = await managed(LONG_LIVED);
    const { manager } = t;
    const { sessionId } = await manager.startSession();
    await refuseInARow(t, sessionId, 3);
    await Promise.all([manager.renewSession(sessionId), t.clock.advance(2 * SECOND)]);
    await refuseInARow(t, sessionId, 3);
    expect(manager.isSessionActive(sessionId)).toBe(true);
    await t.close();
  });

  it('[SES-17] a refusal that names an older credential changes nothing', async () => {
    const t = await managed(LONG_LIVED);
    const { manager, clock, provider } = t;
    const { sessionId } = await manager.startSession();
    const older = manager.credentialFor(sessionId);
    await clock.advance(2 * SECOND);
    await Promise.all([manager.renewSession(sessionId), t.settle()]);
    await clock.advance(2 * SECOND);
    const current = manager.credentialFor(sessionId);
    if (older === undefined || current === undefined) throw new Error('no credential');
    manager.reportTransport(sessionId, { state: 'connecting', credentialRefused: true, credential: older });
    expect(manager.getSessionInfo(sessionId)?.state).toBe('active');
    expect(manager.credentialFor(sessionId)).toBe(current);
    manager.reportTransport(sessionId, { state: 'connecting', credentialRefused: true, credential: current });
    expect(manager.credentialFor(sessionId)).toBeUndefined();
    await t.settle();
    expect(provider.minted).toHaveLength(3);
    await t.close();
  });
  // Fails as long as every report counts as one more refused credential, and breaks the mint off that is under way.
  it('[SES-17] one refusal that is reported again and again is one', async () => {
    const t = await managed(LONG_LIVED);
    const { manager, clock, provider } = t;
    const { sessionId } = await manager.startSession();
    await clock.advance(2 * SECOND);
    provider.next(slowly(3 * SECOND));
    for (let i = 0; i < 5; i++) {
      refuse(t, sessionId);
      await clock.advance(500);
    }
    await clock.advance(5 * SECOND);
    const { state } = manager.getSessionInfo(sessionId) ?? {};
    await t.close();
    expect([state, provider.requests.length]).toEqual(['active', 2]);
  });
});
