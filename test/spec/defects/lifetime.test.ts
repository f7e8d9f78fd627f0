import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { mints } from '../../../src/integration/testing/provider-behaviours.ts';
import { HOUR, type Managed, MINUTE, managed, SECOND } from '../../support/managed.ts';

const withLongKeys = (options: Parameters<typeof managed>[0] = {}) =>
  managed({ provider: clock => new FakeCredentialProvider(clock, mints(1_000 * HOUR)), ...options });

const QUIET = { enableInactivityTimeout: false, enableHeartbeat: false } as const;

const warnings = ({ events }: Managed) => events.filter(({ channel }) => channel === 'warning');

const ageOf = async ({ manager }: Managed, sessionId: string) =>
  (await manager.testSessionHealth(sessionId)).checks.find(({ name }) => name === 'session-age')?.status;

describe('D33', () => {
  it('[D33] the lifetime ends at the earlier of the cap of the server and the configured one; the warning comes the configured time before; the age check turns with it', async () => {
    const second = fc.integer({ min: 1, max: 7_200 });
    await fc.assert(
      fc.asyncProperty(second, fc.option(second), second, async (ownCap, serverCap, warning) => {
        const world = await withLongKeys();
        const { manager, clock } = world;
        const config = { maxDurationMinutes: ownCap / 60, durationWarningSeconds: warning, ...QUIET };
        const { sessionId } = await manager.startSession(config);
        const startedAt = clock.wall();
        if (serverCap !== null) {
          manager.reportTransport(sessionId, { state: 'connected', expiresAt: startedAt + serverCap * SECOND });
        }
        const lifeMs = Math.min(ownCap, serverCap ?? Infinity) * SECOND;
        const quietMs = Math.max(0, lifeMs - warning * SECOND);
        if (quietMs > 1) {
          await clock.advance(quietMs - 1);
          expect(warnings(world)).toEqual([]);
          expect(await ageOf(world, sessionId)).toBe('pass');
          await clock.advance(1);
        } else await clock.advance(quietMs);
        await world.settle();
        expect(warnings(world)).toHaveLength(1);
        expect(warnings(world)[0]?.event.endsAt.getTime()).toBe(startedAt + lifeMs);
        expect(await ageOf(world, sessionId)).toBe('warn');
        await clock.advance(lifeMs - quietMs - 1);
        expect(manager.isSessionActive(sessionId)).toBe(true);
        await clock.advance(1);
        expect(manager.explain(sessionId)).toMatchObject({ state: 'ended', reason: 'lifetime' });
        expect(world.events.find(({ channel }) => channel === 'ended')?.event.reason).toBe('lifetime');
        expect(warnings(world)).toHaveLength(1);
        await world.close();
      }),
      { numRuns: 60 },
    );
  });

  it('[D33] the cap that the channel tells when it opens counts as well', async () => {
    const opened = await withLongKeys({ driver: { open: async () => ({ expiresAt: Date.UTC(2026, 0, 1, 0, 30) }) } });
    const { sessionId } = await opened.manager.startSession(QUIET);
    const { lifetimeTimer } = opened.manager.getSessionDiagnostics(sessionId).timerStatus;
    expect(lifetimeTimer?.timeRemainingMs).toBe(30 * MINUTE);
    await opened.clock.advance(30 * MINUTE);
    expect(opened.manager.explain(sessionId)?.reason).toBe('lifetime');
    await opened.close();
  });

  it('[D33] the cap is that of the session, not a fixed 60 min: a session of a day is not old after two hours', async () => {
    const world = await withLongKeys();
    const { sessionId } = await world.manager.startSession({ maxDurationMinutes: 1_440, ...QUIET });
    await world.clock.advance(2 * HOUR);
    expect(await ageOf(world, sessionId)).toBe('pass');
    await world.close();
  });

  it('[D33] a new cap after a reconnect takes the place of the old one; a later end is warned of anew', async () => {
    const world = await withLongKeys();
    const { manager, clock } = world;
    const { sessionId } = await manager.startSession(QUIET);
    manager.reportTransport(sessionId, { state: 'connected', expiresAt: clock.wall() + 10 * MINUTE });
    await clock.advance(9 * MINUTE);
    expect(warnings(world)).toHaveLength(1);
    manager.reportTransport(sessionId, { state: 'connecting' });
    manager.reportTransport(sessionId, { state: 'connected', expiresAt: clock.wall() + 10 * MINUTE });
    await clock.advance(9 * MINUTE - 1);
    expect(warnings(world)).toHaveLength(1);
    expect(manager.isSessionActive(sessionId)).toBe(true);
    await clock.advance(1);
    expect(warnings(world)).toHaveLength(2);
    await clock.advance(MINUTE);
    expect(manager.explain(sessionId)?.reason).toBe('lifetime');
    await world.close();
  });

  it('[D33] a cap that is past ends the session at once', async () => {
    const world = await withLongKeys();
    const { sessionId } = await world.manager.startSession(QUIET);
    world.manager.reportTransport(sessionId, { state: 'connected', expiresAt: world.clock.wall() - 1 });
    await world.settle();
    expect(world.manager.explain(sessionId)?.reason).toBe('lifetime');
    await world.close();
  });

  it('[D33] warning and end come in the midst of a renewal too, and the credentials are given back', async () => {
    const world = await withLongKeys();
    const { manager, clock, provider } = world;
    const { sessionId } = await manager.startSession({ maxDurationMinutes: 1, durationWarningSeconds: 5, ...QUIET });
    await clock.advance(52 * SECOND);
    provider.next(() => new Promise(() => undefined));
    const renewal = manager.renewSession(sessionId);
    await clock.advance(8 * SECOND);
    expect(await renewal).toMatchObject({ success: false });
    expect(warnings(world)).toHaveLength(1);
    expect(manager.explain(sessionId)?.reason).toBe('lifetime');
    expect(provider.outstanding).toEqual([]);
    await world.close();
  });
});
