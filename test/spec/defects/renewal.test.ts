import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, mints, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import { HOUR, type KeptEvent, type Managed, MINUTE, managed, SECOND } from '../../support/managed.ts';

const renewalsOf = (events: readonly KeptEvent[]): string[] =>
  events.filter(({ channel }) => channel === 'renewed').map(({ event }) => event.type);
const errorsOf = (events: readonly KeptEvent[], type: string) =>
  events.filter(({ channel, event }) => channel === 'error' && event.type === type);

describe('[D16] timers of a failed session', () => {
  it.each(['renewal', 'start'] as const)('[D16] entering failed by a failed %s stops all its timers', async what => {
    const world = await managed({ config: { heartbeatIntervalSeconds: 1, inactivityTimeoutMinutes: 1 } });
    const { manager, provider, clock, events } = world;
    if (what === 'start') provider.next(answers(401));
    const start = manager.startSession().catch(() => undefined);
    await start;
    const [{ sessionId = '' } = {}] = manager.getAllSessions();
    if (what === 'renewal') {
      await clock.advance(5 * SECOND);
      provider.next(answers(401));
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
    let isAnswering = false;
    const probe = async ({ sessionId, signal }: { sessionId: string; signal: AbortSignal }) => {
      const probes = running.get(sessionId) ?? new Set();
      running.set(sessionId, probes.add(signal));
      statesAtBeat.push(world.manager.getSessionInfo(sessionId)?.state);
      most = Math.max(most, [...probes].filter(({ aborted }) => !aborted).length);
      if (isAnswering) probes.delete(signal);
      else await new Promise(() => undefined);
    };
    const world: Managed = await managed({
      driver: { probe },
      config: { heartbeatIntervalSeconds: 1, renewalMarginSeconds: 10 },
    });
    const { manager, provider, clock } = world;
    provider.next(slowly(3 * SECOND));
    const start = manager.startSession();
    await clock.advance(3 * SECOND);
    const { sessionId } = await start;
    expect(statesAtBeat, 'none while it starts').toEqual([]);
    await clock.advance(5 * SECOND);
    await manager.pauseSession(sessionId);
    expect(
      [...(running.get(sessionId) ?? [])].every(({ aborted }) => aborted),
      'broken off by the pause',
    ).toBe(true);
    await clock.advance(10 * SECOND);
    expect(statesAtBeat).toHaveLength(5);
    await manager.resumeSession(sessionId);
    isAnswering = true;
    provider.next(slowly(4 * SECOND), answers(401));
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
  it.each(['automatic', 'manual'] as const)(
    '[D17] %s: renewal-started first; a transient failure is retried with back-off, the session serving all the while',
    async how => {
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
      provider.next(answers(503), answers(429));
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
      expect(manager.getSessionInfo(sessionId)).toMatchObject({
        state: 'active',
        statistics: { renewalCount: 1, failedRenewalCount: 0 },
      });
      expect(provider.requests).toHaveLength(4);
      const told = events.slice(since);
      expect(renewalsOf(told)).toEqual(['renewal-started', 'renewal-completed']);
      expect(told.findIndex(({ channel }) => channel !== 'state')).toBe(
        told.findIndex(({ event }) => event.type === 'renewal-started'),
      );
      expect(errorsOf(told, 'renewal-error')).toEqual([]);
      expect(manager.getSessionDiagnostics(sessionId).lastError).toBeUndefined();
      expect(operations).toEqual([
        'startSession:requestEphemeralKey',
        ...[1, 2, 3].map(() => 'renewSession:requestEphemeralKey'),
      ]);
      await world.close();
    },
  );

  it.each(['automatic', 'manual'] as const)(
    '[D17] %s: when the attempts are used up, renewal-failed and renewal-error come exactly once and lastError is set',
    async how => {
      const mintedAt: number[] = [];
      const world = await managed({ config: { maxRetryAttempts: 3, retryBackoffMs: 1_000 } });
      const { manager, provider, clock, events } = world;
      const mint = provider.mint.bind(provider);
      provider.mint = request => {
        mintedAt.push(clock.now());
        return mint(request);
      };
      const { sessionId } = await manager.startSession();
      await clock.advance(2 * SECOND);
      provider.next(answers(500), answers(500), answers(500));
      const renewal = how === 'manual' ? manager.renewSession(sessionId) : undefined;
      if (how === 'automatic') await clock.advance(48 * SECOND);
      await clock.advance(4 * SECOND);
      expect(provider.requests).toHaveLength(4);
      const [, first = 0, second = 0, third = 0] = mintedAt;
      expect(second - first).toBeGreaterThanOrEqual(SECOND);
      expect(third - second).toBeGreaterThanOrEqual(2 * SECOND);
      expect(renewalsOf(events)).toEqual(['renewal-started', 'renewal-failed']);
      expect(errorsOf(events, 'renewal-error')).toMatchObject([
        {
          event: {
            error: { code: 'RENEWAL_FAILED', context: { cause: 'SERVICE_UNAVAILABLE', status: 500 } },
            retryAttempt: 3,
          },
        },
      ]);
      expect(manager.getSessionDiagnostics(sessionId)).toMatchObject({
        state: 'failed',
        lastError: { code: 'RENEWAL_FAILED' },
      });
      if (renewal !== undefined)
        expect(await renewal).toMatchObject({ success: false, error: { code: 'RENEWAL_FAILED' } });
      await clock.advance(10 * MINUTE);
      expect(provider.requests).toHaveLength(4);
      expect(renewalsOf(events)).toHaveLength(2);
      await world.close();
    },
  );

  it("[D17] retries stop where the old credential's time ends, though attempts are left", async () => {
    const world = await managed({
      config: { maxRetryAttempts: 8, retryBackoffMs: 4_000 },
      provider: clock =>
        new FakeCredentialProvider(clock, (request, w) => (request.attempt === 1 ? mints() : answers(503))(request, w)),
    });
    const { manager, clock, provider, events } = world;
    const { sessionId } = await manager.startSession();
    // Renewal at 50 s, retry at 54 … 55 s; the next would be at 62 s or later, so it fails there and then.
    await clock.advance(56 * SECOND);
    expect(provider.requests).toHaveLength(3);
    expect(manager.getSessionInfo(sessionId)?.state).toBe('failed');
    expect(renewalsOf(events)).toEqual(['renewal-started', 'renewal-failed']);
    expect(errorsOf(events, 'renewal-error')).toHaveLength(1);
    await world.close();
  });
});
