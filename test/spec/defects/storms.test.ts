import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { mints } from '../../../src/integration/testing/provider-behaviours.ts';
import { MINT_FLOOR_MS } from '../../../src/machines/session-deadlines.ts';
import { type Managed, MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

describe('[D18] no storm', () => {
  it('[D18] for any margin, life and clock skew: mints in any minute <= 60, the floor lies between two, and the event loop turns', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.integer({ min: 0, max: 1_000_000 }), fc.constantFrom(0, 1, 30, 59, 60, 61, 3_600)),
        fc.oneof(fc.integer({ min: -10, max: 100_000 }), fc.integer({ min: -10, max: 70 })),
        fc.oneof(fc.integer({ min: -3_600, max: 3_600 }), fc.constant(0)),
        fc.array(fc.constantFrom('wait', 'renew', 'resume', 'refuse'), { minLength: 1, maxLength: 8 }),
        async (renewalMarginSeconds, lifeSeconds, skewSeconds, calls) => {
          const mints: { readonly sessionId: string; readonly at: number; readonly turn: number }[] = [];
          let turn = 0;
          let turning = true;
          const tick = (): void => {
            turn += 1;
            if (turning) setImmediate(tick);
          };
          setImmediate(tick);
          const provider = (clock: Managed['clock']) =>
            new FakeCredentialProvider(clock, async ({ sessionId }) => {
              mints.push({ sessionId, at: clock.now(), turn });
              // The expiry is by the clock of the server, which ours is off by the skew.
              return { secret: `ek_${mints.length}`, expiresAt: clock.wall() + (lifeSeconds - skewSeconds) * SECOND };
            });
          const world = await managed({ provider, config: { enableInactivityTimeout: false, enableHeartbeat: false } });
          const { manager, clock } = world;
          const start = manager.startSession({ renewalMarginSeconds }).catch((error: unknown) => error);
          if (renewalMarginSeconds > 3_600) {
            expect(await start).toMatchObject({ code: 'INVALID_CONFIG' });
            expect(mints).toEqual([]);
          } else if (lifeSeconds - skewSeconds < 2) {
            await clock.advance(MINUTE);
            expect(await start).toMatchObject({
              code: 'SESSION_START_FAILED',
              cause: { code: 'INVALID_PROVIDER_ANSWER' },
            });
          }
          for (const call of calls) {
            const { sessionId = '' } = manager.getAllSessions()[0] ?? {};
            if (call === 'renew') for (let i = 0; i < 5; i++) void manager.renewSession(sessionId);
            else if (call === 'refuse')
              manager.reportTransport(sessionId, { state: 'failed', credentialRefused: true });
            else if (call === 'resume') {
              await manager.pauseSession(sessionId).catch(() => undefined);
              await manager.resumeSession(sessionId).catch(() => undefined);
            }
            await clock.advance(call === 'wait' ? 30 * SECOND : 300);
          }
          await clock.advance(2 * MINUTE);
          turning = false;
          for (const [i, { at, turn: turned }] of mints.entries()) {
            const before = mints[i - 1];
            if (before === undefined) continue;
            expect(at - before.at).toBeGreaterThanOrEqual(MINT_FLOOR_MS);
            expect(turned, 'the event loop turned').toBeGreaterThan(before.turn);
            expect(mints.filter(mint => mint.at > at - MINUTE && mint.at <= at).length).toBeLessThanOrEqual(60);
          }
          await world.close();
        },
      ),
      { numRuns: 200 },
    ));

  it('[D18] the lead is at most half the life of the credential', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 3_600 }),
        fc.integer({ min: 2, max: 100_000 }),
        async (margin, life) => {
          const world = await managed({ provider: clock => new FakeCredentialProvider(clock, mints(life * SECOND)) });
          const { connectionInfo } = await world.manager.startSession({ renewalMarginSeconds: margin });
          const { secondsUntilRefresh = 0 } = connectionInfo.ephemeralKeyInfo ?? {};
          expect(secondsUntilRefresh).toBe(life - Math.min(margin, life / 2));
          await world.close();
        },
      ),
      { numRuns: 60 },
    ));

  it.each([-10, 0, 1.999])(
    '[D18] a credential that lives for %d s, expired or below the floor, is a failed mint',
    async lifeSeconds => {
      const world = await managed({ config: { maxRetryAttempts: 2 } });
      const { manager, provider, clock } = world;
      provider.next(mints(lifeSeconds * SECOND), mints(lifeSeconds * SECOND));
      const start = rejectionOf(manager.startSession());
      await clock.advance(5 * SECOND);
      expect(await start).toMatchObject({
        cause: { code: 'INVALID_PROVIDER_ANSWER', details: { field: 'expiresAt' } },
      });
      expect(provider.requests).toHaveLength(2);
      expect(provider.outstanding).toEqual([]);
      await world.close();
    },
  );

  it('[D18] the floor holds too for a session that failed at its channel and is renewed in a loop', async () => {
    const at: number[] = [];
    const world = await managed({
      driver: { open: async () => Promise.reject(Object.assign(new Error('no'), { status: 401 })) },
      provider: clock =>
        new FakeCredentialProvider(clock, (request, w) => {
          at.push(clock.now());
          return mints()(request, w);
        }),
    });
    const { manager, clock } = world;
    const start = rejectionOf(manager.startSession());
    await start;
    const [{ sessionId = '' } = {}] = manager.getAllSessions();
    for (let i = 0; i < 50; i++) {
      await clock.advance(100);
      void manager.renewSession(sessionId);
    }
    await clock.advance(5 * SECOND);
    expect(at.length).toBeGreaterThan(3);
    for (const [i, time] of at.entries())
      if (i > 0) expect(time - (at[i - 1] ?? 0)).toBeGreaterThanOrEqual(MINT_FLOOR_MS);
    await world.close();
  });
});
