import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, hangs, mints, returns, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import type { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import type { SessionManager } from '../../../src/services/session-manager.ts';
import { MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

const secretOf = (manager: SessionManager, id: string): string | undefined => manager.credentialFor(id)?.reveal();

/** All that a manager tells of one session, without the parts that name it. */
async function factsOf(manager: SessionManager, id: string): Promise<string> {
  const facts = [manager.getSessionInfo(id), manager.getSessionDiagnostics(id), await manager.testSessionHealth(id)];
  return JSON.stringify(facts).replaceAll(id, 'ID');
}

describe('[D04] whose credential', () => {
  it('[D04] k sessions hold k different credentials, each the one of the mint made for it, and each is released exactly once', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 * SECOND }), { minLength: 1, maxLength: 20 }),
        async latencies => {
          const world = await managed({ limit: 20, config: { enableHeartbeat: false } });
          const { manager, provider, clock } = world;
          provider.next(...latencies.map(ms => slowly(ms)));
          const starts = latencies.map(() => manager.startSession()); // in one tick
          await clock.advance(3 * SECOND);
          const ids = (await Promise.all(starts)).map(({ sessionId }) => sessionId);
          for (const id of ids) {
            const mine = provider.minted.filter(({ sessionId }) => sessionId === id).map(({ secret }) => secret);
            expect(mine).toEqual([secretOf(manager, id)]);
          }
          expect(new Set(ids.map(id => secretOf(manager, id))).size).toBe(ids.length);
          await Promise.all(ids.map(id => manager.endSession(id)));
          expect(provider.revoked.map(({ secret }) => secret).toSorted()).toEqual(
            provider.minted.map(({ secret }) => secret).toSorted(),
          );
          await world.close();
        },
      ),
      { numRuns: 40 },
    ));

  it("[D04] the expiry of one session's credential leaves another's diagnostics and health unchanged", async () => {
    // The same life of A twice: beside a B whose credential runs out at 30 s, and alone.
    const lifeOfA = async (besideB: boolean): Promise<string[]> => {
      const silentFor = new Set<string>();
      const provider = (clock: VirtualClock) =>
        new FakeCredentialProvider(clock, (request, world) =>
          (silentFor.has(request.sessionId) ? hangs() : mints())(request, world),
        );
      const world = await managed({ provider });
      const { manager, clock } = world;
      const startA = manager.startSession();
      let b = '';
      if (besideB) {
        world.provider.next(mints(30 * SECOND));
        const startB = manager.startSession();
        b = (await startB).sessionId;
        silentFor.add(b);
      }
      const { sessionId: a } = await startA;
      const facts: string[] = [];
      for (const at of [19_999, 1, 9_999, 1, 1, 40_000]) {
        await clock.advance(at);
        facts.push(await factsOf(manager, a));
      }
      if (besideB) {
        expect(manager.getSessionDiagnostics(b)).toMatchObject({ state: 'failed', lastError: { code: 'KEY_EXPIRED' } });
      }
      await world.close();
      expect(world.provider.outstanding).toEqual([]);
      return facts;
    };
    const alone = await lifeOfA(false);
    expect(await lifeOfA(true)).toEqual(alone);
    expect(alone.join()).not.toContain('expired');
  });
});

describe('[D05] superseded credentials', () => {
  it('[D05] the superseded credential is released once, after the new one is in use', async () => {
    const world = await managed();
    const { manager, provider, clock } = world;
    const { sessionId } = await manager.startSession();
    const inUseAtRelease: unknown[] = [];
    provider.usualRevoke = async ({ secret }) => {
      inUseAtRelease.push([secret.reveal(), secretOf(manager, sessionId)]);
    };
    await clock.advance(2 * 50 * SECOND); // two automatic renewals
    await clock.advance(2 * SECOND);
    await manager.renewSession(sessionId); // and one by hand
    const [first, second, third, fourth] = provider.minted.map(({ secret }) => secret);
    expect(inUseAtRelease).toEqual([
      [first, second],
      [second, third],
      [third, fourth],
    ]);
    await world.close();
  });

  it('[D05] when a session has ended, releases = mints, whatever it went through', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('renew', 'fail', 'pause', 'resume', 'period', 'bad answer', 'refused'), {
          maxLength: 12,
        }),
        async life => {
          const world = await managed({ config: { enableInactivityTimeout: false, retryBackoffMs: 100 } });
          const { manager, provider, clock } = world;
          const { sessionId } = await manager.startSession();
          for (const event of life) {
            if (event === 'period') await clock.advance(70 * SECOND);
            else if (event === 'pause') await manager.pauseSession(sessionId).catch(() => undefined);
            else if (event === 'resume') await manager.resumeSession(sessionId).catch(() => undefined);
            else if (event === 'refused')
              manager.reportTransport(sessionId, { state: 'failed', credentialRefused: true });
            else {
              if (event === 'fail') provider.next(answers(401));
              if (event === 'bad answer') provider.next(mints(500));
              void manager.renewSession(sessionId);
              await clock.advance(3 * SECOND);
            }
          }
          await manager.endSession(sessionId);
          expect(provider.revoked.map(({ secret }) => secret).toSorted()).toEqual(
            provider.minted.map(({ secret }) => secret).toSorted(),
          );
          await world.close();
        },
      ),
      { numRuns: 60 },
    ));
});

describe('[D15] a credential that runs out', () => {
  const keyExpired = (events: { readonly channel: string; readonly event: { error?: { code: string } } }[]) =>
    events.filter(({ channel, event }) => channel === 'error' && event.error?.code === 'KEY_EXPIRED');

  it('[D15] at the expiry instant: one expired notice, the secret is dropped, the session fails with KEY_EXPIRED', async () => {
    const world = await managed();
    const { manager, provider, clock, events } = world;
    const { sessionId } = await manager.startSession();
    provider.next(hangs(), hangs(), hangs());
    await clock.advance(MINUTE - 1);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('renewing');
    expect(secretOf(manager, sessionId)).toBeDefined();
    expect(keyExpired(events)).toEqual([]);
    await clock.advance(1);
    expect(manager.getSessionDiagnostics(sessionId)).toMatchObject({
      state: 'failed',
      lastError: { code: 'KEY_EXPIRED' },
    });
    expect(keyExpired(events)).toMatchObject([{ event: { type: 'authentication-error', sessionId } }]);
    expect(secretOf(manager, sessionId)).toBeUndefined();
    expect(provider.outstanding).toEqual([]);
    await clock.advance(10 * MINUTE);
    expect(keyExpired(events)).toHaveLength(1);
    expect(clock.pending, 'nothing is scheduled any more').toBe(0);
    await world.close();
  });

  it('[D15] with a lead of 0 the renewal is running at the expiry instant, and the expired secret is gone', async () => {
    const world = await managed({ config: { renewalMarginSeconds: 0 } });
    const { manager, provider, clock, events } = world;
    const { sessionId } = await manager.startSession();
    provider.next(slowly(SECOND));
    await clock.advance(MINUTE);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('renewing');
    expect(keyExpired(events)).toHaveLength(1);
    expect(secretOf(manager, sessionId)).toBeUndefined();
    expect(provider.outstanding).toEqual([]);
    await clock.advance(SECOND);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('active');
    expect(keyExpired(events)).toHaveLength(1);
    await world.close();
  });

  it('[D15] a paused session drops it too, with one notice, and renews before it goes on', async () => {
    const world = await managed();
    const { manager, provider, clock, events } = world;
    const { sessionId } = await manager.startSession();
    await manager.pauseSession(sessionId);
    await clock.advance(MINUTE);
    expect(keyExpired(events)).toHaveLength(1);
    expect(secretOf(manager, sessionId)).toBeUndefined();
    expect(provider.outstanding).toEqual([]);
    await manager.resumeSession(sessionId);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('renewing');
    await clock.advance(SECOND);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('active');
    expect(keyExpired(events)).toHaveLength(1);
    await world.close();
  });
});

describe('[D19] unusable answers', () => {
  const BAD: readonly (readonly [string, unknown, string])[] = [
    ['no answer', undefined, 'credential'],
    ['null', null, 'credential'],
    ['a text', 'ek_canary', 'credential'],
    ['no secret', { expiresAt: 4e12 }, 'secret'],
    ['an empty secret', { secret: '', expiresAt: 4e12 }, 'secret'],
    ['a blank secret', { secret: ' \t', expiresAt: 4e12 }, 'secret'],
    ['a secret that is no text', { secret: 42, expiresAt: 4e12 }, 'secret'],
    ['no expiry', { secret: 'ek_canary' }, 'expiresAt'],
    ['null as expiry', { secret: 'ek_canary', expiresAt: null }, 'expiresAt'],
    ['NaN', { secret: 'ek_canary', expiresAt: Number.NaN }, 'expiresAt'],
    ['Infinity', { secret: 'ek_canary', expiresAt: Number.POSITIVE_INFINITY }, 'expiresAt'],
    ['an invalid date', { secret: 'ek_canary', expiresAt: new Date('no') }, 'expiresAt'],
    ['a text as expiry', { secret: 'ek_canary', expiresAt: '2999-01-01' }, 'expiresAt'],
    ['a time that no date can hold', { secret: 'ek_canary', expiresAt: 9e15 }, 'expiresAt'],
    ['a time in the past', { secret: 'ek_canary', expiresAt: 1 }, 'expiresAt'],
  ];

  const isSecret = (secret: string): boolean => secret.trim() !== '';

  it.each(BAD)(
    '[D19] %s fails the start with a code and the name of the field, and leaks nothing',
    async (_, answer, field) => {
      const world = await managed({ config: { maxRetryAttempts: 1 } });
      const { manager, provider, clock, events, log } = world;
      provider.next(returns(answer));
      const error = await rejectionOf(manager.startSession());
      expect(error).toMatchObject({
        code: 'SESSION_START_FAILED',
        cause: { code: 'INVALID_PROVIDER_ANSWER', details: { field } },
      });
      await world.settle();
      expect(events.map(({ channel }) => channel)).not.toContain('started');
      const states = events.filter(({ channel }) => channel === 'state').map(({ event }) => event.newState);
      expect(states, 'no state but starting was entered before the check').toEqual(['starting', 'failed']);
      expect(provider.outstanding.filter(isSecret)).toEqual([]);
      expect(clock.pending).toBe(0);
      expect(JSON.stringify([events, log.lines, error])).not.toContain('canary');
      await world.close();
    },
  );

  it.each(BAD)('[D19] %s fails a renewal; nothing of it is in use', async (_, answer, field) => {
    const world = await managed({ config: { maxRetryAttempts: 1 } });
    const { manager, provider, clock, events } = world;
    const { sessionId } = await manager.startSession();
    await clock.advance(2 * SECOND);
    provider.next(returns(answer));
    const seen: (string | undefined)[] = [];
    manager.onSessionStateChanged(() => void seen.push(secretOf(manager, sessionId)));
    expect(await manager.renewSession(sessionId)).toMatchObject({
      success: false,
      error: { code: 'RENEWAL_FAILED', context: { cause: 'INVALID_PROVIDER_ANSWER', field } },
    });
    await world.settle();
    expect(seen).not.toContain('ek_canary');
    expect(provider.outstanding.filter(isSecret)).toEqual([]);
    expect(JSON.stringify(events)).not.toContain('canary');
    await world.close();
  });

  it('[D19] an answer whose getters throw fails the attempt as well', async () => {
    const world = await managed({ config: { maxRetryAttempts: 1 } });
    const trap = {
      ...mints(),
      get secret(): string {
        throw new Error('canary');
      },
    };
    world.provider.mint = async () => trap as never;
    expect(await rejectionOf(world.manager.startSession())).toMatchObject({
      cause: { code: 'INVALID_PROVIDER_ANSWER' },
    });
    await world.close();
  });
});
