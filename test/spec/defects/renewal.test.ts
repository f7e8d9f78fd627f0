import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MINT_FLOOR_MS } from '../../../src/machines/session-deadlines.ts';
import { ANSWERS, FakeProvider, MINTS, SLOWLY } from '../../support/fake-provider.ts';
import { HOUR, type KeptEvent, MINUTE, type Managed, managed, rejectionOf, SECOND } from '../../support/managed.ts';

const renewalsOf = (events: readonly KeptEvent[]): string[] =>
  events.filter(({ channel }) => channel === 'renewed').map(({ event }) => event.type);
const errorsOf = (events: readonly KeptEvent[], type: string) =>
  events.filter(({ channel, event }) => channel === 'error' && event.type === type);

describe('[D16] timers of a failed session', () => {
  it.each(['renewal', 'start'] as const)('[D16] entering failed by a failed %s stops all its timers', async what => {
    const world = await managed({ config: { heartbeatIntervalSeconds: 1, inactivityTimeoutMinutes: 1 } });
    const { manager, provider, clock, events } = world;
    if (what === 'start') provider.next(ANSWERS(401));
    const start = manager.startSession().catch(() => undefined);
    await start;
    const [{ sessionId = '' } = {}] = manager.getAllSessions();
    if (what === 'renewal') {
      await clock.advance(5 * SECOND);
      provider.next(ANSWERS(401));
      await manager.renewSession(sessionId);
    }
    await world.settle();
    const failed = manager.getSessionInfo(sessionId);
    expect(failed?.state).toBe('failed');
    expect(failed?.statistics.heartbeatCount).toBe(what === 'start' ? 0 : 5);
    for (const timer of Object.values(manager.getSessionDiagnostics(sessionId).timerStatus)) {
      if (typeof timer === 'object') expect(timer.isActive).toBe(false);
    }
    expect(manager.getSessionDiagnostics(sessionId).nextScheduledEvent).toBeUndefined();
    expect(clock.pending).toBe(0);
    const told = events.length;
    await clock.advance(48 * HOUR); // past idle, renewal and lifetime
    expect(manager.getSessionInfo(sessionId)).toEqual(failed);
    expect(events).toHaveLength(told);
    await world.close();
  });

  it('[D16] a heartbeat runs only in active and renewing, one at a time per session, whatever the probe does', async () => {
    const running = new Map<string, Set<AbortSignal>>();
    const statesAtBeat: (string | undefined)[] = [];
    let most = 0;
    let answers = false;
    const probe = async ({ sessionId, signal }: { sessionId: string; signal: AbortSignal }) => {
      const probes = running.get(sessionId) ?? new Set();
      running.set(sessionId, probes.add(signal));
      statesAtBeat.push(world.manager.getSessionInfo(sessionId)?.state);
      most = Math.max(most, [...probes].filter(({ aborted }) => !aborted).length);
      if (answers) probes.delete(signal);
      else await new Promise(() => undefined);
    };
    const world: Managed = await managed({ driver: { probe }, config: { heartbeatIntervalSeconds: 1, renewalMarginSeconds: 10 } });
    const { manager, provider, clock } = world;
    const start = (provider.next(SLOWLY(3 * SECOND)), manager.startSession());
    await clock.advance(3 * SECOND);
    const { sessionId } = await start;
    expect(statesAtBeat, 'none while it starts').toEqual([]);
    await clock.advance(5 * SECOND);
    await manager.pauseSession(sessionId);
    expect([...(running.get(sessionId) ?? [])].every(({ aborted }) => aborted), 'broken off by the pause').toBe(true);
    await clock.advance(10 * SECOND);
    expect(statesAtBeat).toHaveLength(5);
    await manager.resumeSession(sessionId);
    answers = true;
    provider.next(SLOWLY(4 * SECOND), ANSWERS(401));
    const renewal = manager.renewSession(sessionId);
    await clock.advance(4 * SECOND);
    await renewal;
    expect(new Set(statesAtBeat)).toEqual(new Set(['active', 'renewing']));
    expect(most).toBe(1);
    const beats = statesAtBeat.length;
    await manager.renewSession(sessionId);
    await clock.advance(10 * SECOND);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('failed');
    expect(statesAtBeat).toHaveLength(beats);
    await manager.endSession(sessionId);
    await clock.advance(10 * SECOND);
    expect(statesAtBeat).toHaveLength(beats);
    await world.close();
  });

  it('[D16] heartbeats change nothing but their counter and the diagnostics', async () => {
    const lifeWith = async (enableHeartbeat: boolean, silent: boolean) => {
      let beats = 0;
      const probe = async () => {
        beats += 1;
        if (silent) throw Object.assign(new Error('no'), { status: 503 });
      };
      const world = await managed({ driver: { probe }, config: { enableHeartbeat, heartbeatIntervalSeconds: 1 } });
      const { sessionId } = await world.manager.startSession();
      await world.clock.advance(70 * SECOND); // over one renewal
      const info = world.manager.getSessionInfo(sessionId);
      const { timerStatus, connectionStatus } = world.manager.getSessionDiagnostics(sessionId);
      expect(connectionStatus).toBe(enableHeartbeat && silent ? 'degraded' : 'healthy');
      const { heartbeatCount, ...statistics } = info?.statistics ?? {};
      expect([heartbeatCount, beats]).toEqual(enableHeartbeat ? [70, 70] : [0, 0]);
      const { renewalTimer, timeoutTimer, lifetimeTimer, warningTimer } = timerStatus;
      const events = world.events.map(({ channel, event }) => [channel, event.type, event.timestamp]);
      await world.close();
      const { config: _, sessionId: __, connectionInfo, ...rest } = info ?? {};
      const { sessionId: ___, ...key } = connectionInfo?.ephemeralKeyInfo ?? {};
      return { rest: { ...rest, statistics }, key, events, renewalTimer, timeoutTimer, lifetimeTimer, warningTimer };
    };
    const without = await lifeWith(false, false);
    expect(await lifeWith(true, false)).toEqual(without);
    expect(await lifeWith(true, true)).toEqual(without);
  });
});

describe('[D17] one path of renewal', () => {
  it.each(['automatic', 'manual'] as const)('[D17] %s: renewal-started first; a transient failure is retried with back-off, the session serving all the while', async how => {
    const operations: string[] = [];
    const world = await managed({
      recovery: {
        execute: (operation, options) => {
          operations.push(options.operation);
          return operation(new AbortController().signal);
        },
      },
    });
    const { manager, provider, clock, events } = world;
    const { sessionId } = await manager.startSession();
    const secret = manager.credentialFor(sessionId)?.reveal();
    await clock.advance(2 * SECOND);
    const since = events.length;
    provider.next(ANSWERS(503), ANSWERS(429));
    const renewal = how === 'manual' ? manager.renewSession(sessionId) : clock.advance(48 * SECOND);
    for (let i = 0; i < 30; i++) {
      if (how === 'manual' || i === 0) await (how === 'manual' ? clock.advance(100) : renewal);
      else await clock.advance(100);
      expect(manager.isSessionActive(sessionId)).toBe(true);
      expect(manager.getSessionInfo(sessionId)?.state).toBe('renewing');
      expect(manager.credentialFor(sessionId)?.reveal()).toBe(secret);
    }
    expect(manager.getSessionDiagnostics(sessionId).lastError).toMatchObject({ code: 'RATE_LIMITED' });
    await clock.advance(SECOND);
    await renewal;
    expect(manager.getSessionInfo(sessionId)).toMatchObject({ state: 'active', statistics: { renewalCount: 1, failedRenewalCount: 0 } });
    expect(provider.requests).toHaveLength(4);
    const told = events.slice(since);
    expect(renewalsOf(told)).toEqual(['renewal-started', 'renewal-completed']);
    expect(told.findIndex(({ channel }) => channel !== 'state')).toBe(told.findIndex(({ event }) => event.type === 'renewal-started'));
    expect(errorsOf(told, 'renewal-error')).toEqual([]);
    expect(manager.getSessionDiagnostics(sessionId).lastError).toBeUndefined();
    expect(operations).toEqual(['startSession:requestEphemeralKey', ...[1, 2, 3].map(() => 'renewSession:requestEphemeralKey')]);
    await world.close();
  });

  it.each(['automatic', 'manual'] as const)('[D17] %s: when the attempts are used up, renewal-failed and renewal-error come exactly once and lastError is set', async how => {
    const mintedAt: number[] = [];
    const world = await managed({ config: { maxRetryAttempts: 3, retryBackoffMs: 1_000 } });
    const { manager, provider, clock, events } = world;
    const mint = provider.mint.bind(provider);
    provider.mint = request => (mintedAt.push(clock.now()), mint(request));
    const { sessionId } = await manager.startSession();
    await clock.advance(2 * SECOND);
    provider.next(ANSWERS(500), ANSWERS(500), ANSWERS(500));
    const renewal = how === 'manual' ? manager.renewSession(sessionId) : undefined;
    if (how === 'automatic') await clock.advance(48 * SECOND);
    await clock.advance(4 * SECOND);
    expect(provider.requests).toHaveLength(4);
    const [, first = 0, second = 0, third = 0] = mintedAt;
    expect(second - first).toBeGreaterThanOrEqual(SECOND);
    expect(third - second).toBeGreaterThanOrEqual(2 * SECOND);
    expect(renewalsOf(events)).toEqual(['renewal-started', 'renewal-failed']);
    expect(errorsOf(events, 'renewal-error')).toMatchObject([{ event: { error: { code: 'RENEWAL_FAILED', context: { cause: 'SERVICE_UNAVAILABLE', status: 500 } }, retryAttempt: 3 } }]);
    expect(manager.getSessionDiagnostics(sessionId)).toMatchObject({ state: 'failed', lastError: { code: 'RENEWAL_FAILED' } });
    if (renewal !== undefined) expect(await renewal).toMatchObject({ success: false, error: { code: 'RENEWAL_FAILED' } });
    await clock.advance(10 * MINUTE);
    expect(provider.requests).toHaveLength(4);
    expect(renewalsOf(events)).toHaveLength(2);
    await world.close();
  });

  it("[D17] retries stop where the old credential's time ends, though attempts are left", async () => {
    const world = await managed({
      config: { maxRetryAttempts: 8, retryBackoffMs: 4_000 },
      provider: clock => new FakeProvider(clock, (request, w) => (request.attempt === 1 ? MINTS() : ANSWERS(503))(request, w)),
    });
    const { manager, clock, provider, events } = world;
    const { sessionId } = await manager.startSession();
    await clock.advance(MINUTE); // renewal at 50 s, retry at 54 … 55 s, the next would be at 62 s or later
    expect(provider.requests).toHaveLength(3);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('failed');
    expect(renewalsOf(events)).toEqual(['renewal-started', 'renewal-failed']);
    expect(errorsOf(events, 'renewal-error')).toHaveLength(1);
    await world.close();
  });
});

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
            new FakeProvider(clock, async ({ sessionId }) => {
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
            expect(await start).toMatchObject({ code: 'SESSION_START_FAILED', cause: { code: 'INVALID_PROVIDER_ANSWER' } });
          }
          for (const call of calls) {
            const { sessionId = '' } = manager.getAllSessions()[0] ?? {};
            if (call === 'renew') for (let i = 0; i < 5; i++) void manager.renewSession(sessionId);
            else if (call === 'refuse') manager.reportTransport(sessionId, { state: 'failed', credentialRefused: true });
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
      fc.asyncProperty(fc.integer({ min: 0, max: 3_600 }), fc.integer({ min: 2, max: 100_000 }), async (margin, life) => {
        const world = await managed({ provider: clock => new FakeProvider(clock, MINTS(life * SECOND)) });
        const { connectionInfo } = await world.manager.startSession({ renewalMarginSeconds: margin });
        const { secondsUntilRefresh = 0 } = connectionInfo.ephemeralKeyInfo ?? {};
        expect(secondsUntilRefresh).toBe(life - Math.min(margin, life / 2));
        await world.close();
      }),
      { numRuns: 60 },
    ));

  it.each([-10, 0, 1.999])('[D18] a credential that lives for %d s, expired or below the floor, is a failed mint', async lifeSeconds => {
    const world = await managed({ config: { maxRetryAttempts: 2 } });
    const { manager, provider, clock } = world;
    provider.next(MINTS(lifeSeconds * SECOND), MINTS(lifeSeconds * SECOND));
    const start = rejectionOf(manager.startSession());
    await clock.advance(5 * SECOND);
    expect(await start).toMatchObject({ cause: { code: 'INVALID_PROVIDER_ANSWER', details: { field: 'expiresAt' } } });
    expect(provider.requests).toHaveLength(2);
    expect(provider.outstanding).toEqual([]);
    await world.close();
  });

  it('[D18] the floor holds too for a session that failed at its channel and is renewed in a loop', async () => {
    const at: number[] = [];
    const world = await managed({
      driver: { open: async () => Promise.reject(Object.assign(new Error('no'), { status: 401 })) },
      provider: clock => new FakeProvider(clock, (request, w) => (at.push(clock.now()), MINTS()(request, w))),
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
    for (const [i, time] of at.entries()) if (i > 0) expect(time - (at[i - 1] ?? 0)).toBeGreaterThanOrEqual(MINT_FLOOR_MS);
    await world.close();
  });
});
