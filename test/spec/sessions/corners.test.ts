import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, mints } from '../../../src/integration/testing/provider-behaviours.ts';
import { MINUTE, managed, SECOND } from '../../support/managed.ts';

const refused = { state: 'failed', credentialRefused: true } as const;

describe('corners of the session chart', () => {
  it('[SES-29] a credential that is refused while its session is paused takes its timer along', async () => {
    const t = await managed();
    const { manager, clock } = t;
    const { sessionId } = await manager.startSession();
    await manager.pauseSession(sessionId);
    expect(clock.pending).toBe(1);
    manager.reportTransport(sessionId, refused);
    await t.settle();
    expect(clock.pending).toBe(0);
    await t.close();
  });

  it('[SES-29] a session without a credential has none that could be refused', async () => {
    const t = await managed({ credentials: undefined, driver: { open: async () => undefined } } as never);
    const { manager, events } = t;
    const { sessionId } = await manager.startSession();
    await manager.pauseSession(sessionId);
    manager.reportTransport(sessionId, { ...refused, state: 'connected' });
    await t.settle();
    expect(events.filter(({ channel }) => channel === 'error')).toEqual([]);
    expect(manager.getSessionDiagnostics(sessionId).lastError).toBeUndefined();
    await t.close();
  });

  it('[SES-30] a question that was open when the session failed says nothing of the session that is revived', async () => {
    const t = await managed({
      provider: clock => new FakeCredentialProvider(clock, mints(10 * MINUTE)),
      config: { inactivityTimeoutMinutes: 60 },
      driver: { probe: () => new Promise(() => undefined) },
    });
    const { manager, clock, provider } = t;
    const { sessionId } = await manager.startSession();
    await clock.advance(30 * SECOND);
    provider.next(answers(401));
    await manager.renewSession(sessionId);
    await clock.advance(SECOND);
    expect((await manager.renewSession(sessionId)).success).toBe(true);
    const status = () => manager.getSessionDiagnostics(sessionId).connectionStatus;
    await clock.advance(30 * SECOND);
    expect(status()).toBe('healthy');
    await clock.advance(30 * SECOND);
    expect(status()).toBe('degraded');
    await t.close();
  });

  it('[SES-31] time that passes in a pause does not keep a warning from being given again', async () => {
    const t = await managed({ config: { maxDurationMinutes: 10, inactivityTimeoutMinutes: 60 } });
    const { manager, clock, events } = t;
    const { sessionId } = await manager.startSession();
    const warnings = () => events.filter(({ channel }) => channel === 'warning').length;
    await clock.advance(9 * MINUTE + 30 * SECOND);
    expect(warnings()).toBe(1);
    await manager.pauseSession(sessionId);
    await clock.advance(20 * MINUTE);
    await manager.updateSessionConfig(sessionId, { maxDurationMinutes: 15 });
    await manager.resumeSession(sessionId);
    await clock.advance(4 * MINUTE + 29 * SECOND);
    expect(warnings()).toBe(1);
    await clock.advance(SECOND);
    expect(warnings()).toBe(2);
    await t.close();
  });

  it('[SES-32] a failed session whose lifetime is over is not renewed, and no credential is asked for', async () => {
    const t = await managed({ config: { maxDurationMinutes: 10, inactivityTimeoutMinutes: 60 } });
    const { manager, clock, provider } = t;
    const { sessionId } = await manager.startSession();
    await clock.advance(30 * SECOND);
    provider.next(answers(401));
    await manager.renewSession(sessionId);
    await clock.advance(9 * MINUTE + 30 * SECOND);
    const asked = provider.requests.length;
    expect(await manager.renewSession(sessionId)).toMatchObject({
      success: false,
      error: { code: 'SESSION_NOT_ACTIVE' },
    });
    expect(provider.requests).toHaveLength(asked);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('failed');
    await t.close();
  });
});
