import { describe, expect, it } from 'vitest';
import { mints, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import { HOUR, MINUTE, managed, SECOND } from '../../support/managed.ts';

describe('the life of a session', () => {
  it('[SES-1] eight hours of speech: every renewal in time, one credential at a time, one end', async () => {
    const t = await managed();
    const { manager, clock, provider, events } = t;
    const { sessionId } = await manager.startSession();
    for (let minute = 0; minute < 8 * 60; minute++) {
      await clock.advance(MINUTE);
      await manager.resetInactivityTimer(sessionId);
      expect(manager.credentialFor(sessionId)).toBeDefined();
    }
    const info = manager.getSessionInfo(sessionId);
    expect(info?.state).toBe('active');
    expect(info?.statistics.renewalCount).toBe((8 * HOUR) / (50 * SECOND));
    expect(info?.statistics.heartbeatCount).toBe((8 * HOUR) / (30 * SECOND));
    expect(provider.outstanding).toHaveLength(1);
    await clock.advance(5 * MINUTE);
    const ends = events.filter(({ channel }) => channel === 'ended');
    expect(ends.map(({ event }) => event.reason)).toEqual(['idle']);
    expect(provider.outstanding).toEqual([]);
    await t.close();
  });

  it('[SES-2] an end is over within 2 s though the provider never answers, and tells what was not revoked', async () => {
    const t = await managed({ hooks: { onSessionEnding: () => new Promise(() => undefined) } });
    const { manager, clock, provider, events } = t;
    provider.usualRevoke = () => new Promise(() => undefined);
    manager.setPrivacyController({ issuePurge: () => new Promise(() => undefined) });
    const { sessionId } = await manager.startSession();
    let over = false;
    const end = manager.endSession(sessionId).then(() => {
      over = true;
    });
    expect(manager.credentialFor(sessionId)).toBeUndefined();
    await clock.advance(2 * SECOND);
    expect(over).toBe(true);
    await end;
    const unfinished = ['HOOK_TIMEOUT', 'RELEASE_TIMEOUT', 'PURGE_TIMEOUT'];
    expect(manager.explain(sessionId)).toMatchObject({ reason: 'user', unfinished });
    expect(manager.getCredentialCounts()).toEqual({ minted: 1, released: 0, unreleased: 1, held: 0 });
    expect(events.find(({ channel }) => channel === 'ended')?.event).toMatchObject({ reason: 'user', unfinished });
    await t.close();
  });

  it('[SES-3] a session serves on the old credential until the new one is in hand', async () => {
    const t = await managed();
    const { manager, clock, provider } = t;
    const { sessionId } = await manager.startSession();
    const old = manager.credentialFor(sessionId)?.reveal();
    provider.next(slowly(5 * SECOND));
    await clock.advance(50 * SECOND);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('renewing');
    expect(manager.isSessionActive(sessionId)).toBe(true);
    expect(manager.credentialFor(sessionId)?.reveal()).toBe(old);
    expect(provider.revoked).toEqual([]);
    await clock.advance(5 * SECOND);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('active');
    expect(manager.credentialFor(sessionId)?.reveal()).not.toBe(old);
    expect(provider.revoked.map(({ secret }) => secret)).toEqual([old]);
    await t.close();
  });

  it('[SES-4] a pause during a renewal breaks it off: the mint is aborted, and the resume renews first', async () => {
    const t = await managed();
    const { manager, clock, provider } = t;
    const { sessionId } = await manager.startSession();
    provider.next(slowly(5 * SECOND));
    const renewal = manager.renewSession(sessionId);
    await clock.advance(2 * SECOND);
    await manager.pauseSession(sessionId);
    expect((await renewal).success).toBe(false);
    expect(provider.requests.at(-1)?.signal.aborted).toBe(true);
    await clock.advance(55 * SECOND);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('paused');
    await manager.resumeSession(sessionId);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('renewing');
    await t.settle();
    expect(manager.getSessionInfo(sessionId)?.state).toBe('active');
    await t.close();
  });

  it('[SES-5] the warning comes before the end of the lifetime, once, and the end has its reason', async () => {
    const t = await managed({ config: { maxDurationMinutes: 10, inactivityTimeoutMinutes: 60 } });
    const { manager, clock, events } = t;
    const { sessionId } = await manager.startSession();
    await clock.advance(9 * MINUTE - 1);
    expect(events.some(({ channel }) => channel === 'warning')).toBe(false);
    await clock.advance(1);
    const warnings = events.filter(({ channel }) => channel === 'warning');
    expect(warnings.map(({ event }) => event.endsAt.getTime() - clock.wall())).toEqual([MINUTE]);
    await clock.advance(MINUTE);
    expect(manager.explain(sessionId)?.reason).toBe('lifetime');
    await t.close();
  });

  it('[SES-6] explain tells the cause of every transition and the one reason of the end', async () => {
    const t = await managed();
    const { manager, clock, provider } = t;
    const { sessionId } = await manager.startSession();
    provider.next(mints(2 * MINUTE));
    await clock.advance(50 * SECOND);
    await manager.pauseSession(sessionId);
    await manager.resumeSession(sessionId);
    const end = manager.endSession(sessionId);
    await t.settle();
    await end;
    const story = manager.explain(sessionId);
    expect(story?.transitions.map(({ to, cause }) => `${to}: ${cause}`)).toEqual([
      'starting: admitted',
      'active: credential obtained',
      'renewing: renewal due',
      'active: credential obtained',
      'paused: pause requested',
      'active: resume requested',
      'ending: end requested (user)',
      'ended: torn down',
    ]);
    expect(story).toMatchObject({ state: 'ended', reason: 'user', omitted: 0, unfinished: [] });
    expect(Object.isFrozen(story)).toBe(true);
    await t.close();
  });
});
