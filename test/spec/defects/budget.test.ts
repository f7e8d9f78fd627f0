import { describe, expect, it } from 'vitest';
import { answers, hangs, mints, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import { managed, rejectionOf, SECOND } from '../../support/managed.ts';

describe('what is left of a budget', () => {
  it('[D22] a renewal that the provider makes wait for longer than the budget has all its time afterwards', async () => {
    const t = await managed();
    const { manager, clock, provider } = t;
    const { sessionId } = await manager.startSession();
    await clock.advance(5 * SECOND);
    provider.next(answers(429, { retryAfterMs: 100 * SECOND }), slowly(9 * SECOND));
    const refused = manager.renewSession(sessionId);
    await clock.advance(SECOND);
    expect((await refused).error?.code).toBe('RENEWAL_FAILED');
    const renewal = manager.renewSession(sessionId);
    await clock.advance(99 * SECOND);
    expect(provider.requests).toHaveLength(3);
    await clock.advance(9 * SECOND);
    expect(await renewal).toMatchObject({ success: true });
    expect(provider.requests.at(-1)?.signal.aborted).toBe(false);
    await t.close();
  });

  it('[D32] an attempt that a sleep of the machine has put off is made, and waited for', async () => {
    const t = await managed({ config: { retryBackoffMs: 5_000, enableInactivityTimeout: false } });
    const { manager, clock, provider } = t;
    provider.next(answers(500), slowly(9 * SECOND, mints(60 * SECOND)));
    const start = manager.startSession();
    await clock.advance(SECOND);
    await clock.sleep(3_600 * SECOND);
    expect(provider.requests).toHaveLength(2);
    await clock.advance(9 * SECOND);
    await expect(start).resolves.toMatchObject({ state: 'active' });
    await t.close();
  });

  it('[D32] and no other one follows it beyond the budget', async () => {
    const t = await managed({ config: { retryBackoffMs: 5_000 } });
    const { manager, clock, provider } = t;
    provider.next(answers(500), hangs());
    const start = rejectionOf(manager.startSession());
    await clock.advance(SECOND);
    await clock.sleep(3_600 * SECOND);
    await clock.advance(10 * SECOND);
    expect((await start).code).toBe('SESSION_START_FAILED');
    expect(provider.requests).toHaveLength(2);
    await t.close();
  });

  it('[D15] a renewal that a pause broke off is due again when the credential runs out, not later', async () => {
    const t = await managed({ config: { renewalMarginSeconds: 0 } });
    const { manager, clock, provider } = t;
    provider.next(mints(2 * SECOND), hangs());
    const { sessionId } = await manager.startSession();
    await clock.advance(1_500);
    void manager.renewSession(sessionId);
    await clock.advance(100);
    await manager.pauseSession(sessionId);
    await manager.resumeSession(sessionId);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('active');
    await clock.advance(399);
    expect(manager.credentialFor(sessionId)).toBeDefined();
    await clock.advance(1);
    // The floor holds the next mint back until a second after the one before; nobody is told meanwhile that all is well.
    expect(manager.getSessionInfo(sessionId)?.state).toBe('renewing');
    expect(t.events.filter(({ event }) => event.error?.code === 'KEY_EXPIRED')).toHaveLength(1);
    expect(provider.requests).toHaveLength(2);
    await clock.advance(500);
    expect(provider.requests).toHaveLength(3);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('active');
    await t.close();
  });
});
