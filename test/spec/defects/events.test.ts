import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, type Behaviour, hangs, mints, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import type { SessionManager } from '../../../src/services/session-manager.ts';
import { HOUR, type Managed, MINUTE, managed, SECOND } from '../../support/managed.ts';

const withLongKeys = (options: Parameters<typeof managed>[0] = {}) =>
  managed({ provider: clock => new FakeCredentialProvider(clock, mints(100 * HOUR)), ...options });

/** The edges of 1.3, and those of a renewal asked for by a failed session. */
const EDGES: Record<string, readonly string[]> = {
  idle: ['starting'],
  starting: ['active', 'failed', 'ending'],
  active: ['renewing', 'paused', 'ending'],
  renewing: ['active', 'failed', 'paused', 'ending'],
  paused: ['active', 'renewing', 'ending'],
  failed: ['renewing', 'starting', 'ended'],
  ending: ['ended'],
};

/** Checks the rules of the events of every session that was ever seen, and that the events agree with the states. */
function checkChains({ events, manager }: Managed): void {
  for (const id of new Set(events.map(({ event }) => event.sessionId))) {
    const own = events.filter(({ event }) => event.sessionId === id);
    const states = own.filter(({ channel }) => channel === 'state').map(({ event }) => event);
    let last = 'idle';
    for (const { previousState, newState, reason } of states) {
      expect(previousState).toBe(last);
      expect(EDGES[previousState]).toContain(newState);
      expect(reason).toMatch(/\S/);
      last = newState;
    }
    expect(manager.explain(id)?.state).toBe(last);
    const started = own.findIndex(({ channel }) => channel === 'started');
    const ended = own.findIndex(({ channel }) => channel === 'ended');
    const count = (name: string) => own.filter(({ channel }) => channel === name).length;
    expect(count('started')).toBeLessThanOrEqual(1);
    expect(count('ended')).toBe(last === 'ended' ? 1 : 0);
    if (started >= 0) {
      const info = own[started]?.event.sessionInfo;
      expect(info).toMatchObject({ state: 'active', connectionInfo: { ephemeralKeyInfo: { isValid: true } } });
      const becameActive = own.findIndex(({ event }) => event.newState === 'active');
      expect(becameActive).toBeGreaterThanOrEqual(0);
    } else expect(states.some(({ newState }) => newState === 'active')).toBe(false);
    if (ended >= 0) expect(ended, 'something follows `ended`').toBe(own.length - 1);
    expect(states.filter(({ newState }) => newState === 'active').length > 0).toBe(started >= 0);
  }
}

const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 5, max: 90 }).map(seconds => mints(seconds * SECOND)) },
  fc.constantFrom(401, 429, 500, 503).map(status => answers(status)),
  fc.integer({ min: 1, max: 4_000 }).map(ms => slowly(ms)), // settled before the world closes
  fc.constant(hangs()),
);

const CALLS = {
  start: (m: SessionManager) => m.startSession(),
  end: (m: SessionManager, id: string) => m.endSession(id),
  pause: (m: SessionManager, id: string) => m.pauseSession(id),
  resume: (m: SessionManager, id: string) => m.resumeSession(id),
  renew: (m: SessionManager, id: string) => m.renewSession(id),
  touch: (m: SessionManager, id: string) => m.resetInactivityTimer(id),
  lose: async (m: SessionManager, id: string) => m.reportTransport(id, { state: 'failed' }),
  refuse: async (m: SessionManager, id: string) =>
    m.reportTransport(id, { state: 'connected', credentialRefused: true }),
  configure: (m: SessionManager, id: string) => m.updateSessionConfig(id, { inactivityTimeoutMinutes: 1 }),
} as const;

const act = fc.record({
  call: fc.constantFrom(...(Object.keys(CALLS) as (keyof typeof CALLS)[])),
  which: fc.nat(2),
  waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 70_000 })),
  next: fc.option(behaviour, { nil: undefined }),
});

describe('D34', () => {
  it('[D34] whatever a life brings: one state-changed per transition, each from where the last one led; started once, when usable, followed by exactly one ended; nothing after ended', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 25 }), async acts => {
        const world = await managed();
        void world.manager.startSession().catch(() => undefined);
        for (const { call, which, waitMs, next } of acts) {
          if (next !== undefined) world.provider.next(next);
          const sessionId = world.manager.getAllSessions()[which]?.sessionId ?? 'none';
          void CALLS[call](world.manager, sessionId).catch(() => undefined);
          await world.clock.advance(waitMs);
          checkChains(world);
        }
        await world.close();
        checkChains(world);
        const count = (name: string) => world.events.filter(({ channel }) => channel === name).length;
        expect(count('ended')).toBeGreaterThanOrEqual(count('started'));
        expect(world.provider.outstanding).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('[D34] a life without trouble, told from the first state to the last', async () => {
    const world = await managed();
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(50 * SECOND);
    await world.manager.pauseSession(sessionId);
    await world.manager.resumeSession(sessionId);
    await world.manager.endSession(sessionId);
    expect(world.events.map(({ channel, event }) => `${channel} ${event.newState ?? event.type}`)).toEqual([
      'state starting',
      'state active',
      'started started',
      'state renewing',
      'renewed renewal-started',
      'renewed renewal-completed',
      'state active',
      'state paused',
      'state active',
      'state ending',
      'state ended',
      'ended ended',
    ]);
    await world.close();
  });

  it('[D34] a start that fails tells no `started`; its end, when it comes, is told once', async () => {
    const world = await managed();
    world.provider.next(answers(401));
    await world.manager.startSession().catch(() => undefined);
    expect(world.events.map(({ channel, event }) => `${channel} ${event.newState ?? event.error.code}`)).toEqual([
      'state starting',
      'error SESSION_START_FAILED',
      'state failed',
    ]);
    await world.manager.endSession(world.manager.getAllSessions()[0]?.sessionId);
    expect(world.events.slice(3).map(({ channel }) => channel)).toEqual(['state', 'ended']);
    await world.close();
  });
});

describe('D36', () => {
  it.each([true, false])(
    '[D36] lastError is set at the failure, cleared by the next success and gone with the session (listeners: %s)',
    async listens => {
      const { manager, clock, provider } = await withLongKeys();
      if (listens) manager.onSessionError(() => undefined);
      const { sessionId } = await manager.startSession({ maxRetryAttempts: 2, retryBackoffMs: 5_000 });
      const lastError = () => manager.getSessionDiagnostics(sessionId).lastError;
      expect(lastError()).toBeUndefined();
      await clock.advance(SECOND);
      provider.next(answers(503));
      const renewal = manager.renewSession(sessionId);
      await clock.advance(0);
      expect(lastError()).toMatchObject({ code: 'SERVICE_UNAVAILABLE', isRetryable: true, context: { status: 503 } });
      expect(lastError()?.timestamp.getTime()).toBe(clock.wall());
      await clock.advance(10 * SECOND);
      expect((await renewal).success).toBe(true);
      expect(lastError()).toBeUndefined();
      provider.next(answers(401));
      await manager.renewSession(sessionId);
      expect(lastError()).toMatchObject({ code: 'RENEWAL_FAILED', context: { cause: 'INVALID_CREDENTIALS' } });
      await clock.advance(SECOND);
      expect((await manager.renewSession(sessionId)).success).toBe(true);
      expect(lastError()).toBeUndefined();
      await manager.endSession(sessionId);
      expect(() => manager.getSessionDiagnostics(sessionId)).toThrow();
      await manager[Symbol.asyncDispose]();
      expect(clock.pending).toBe(0);
    },
  );

  it('[D36] a manager that nobody listens to knows the last error of a failed start as well', async () => {
    const { clock } = await managed();
    const provider = new FakeCredentialProvider(clock, answers(403));
    const { manager } = await managed({ clock, provider: () => provider });
    await manager.startSession().catch(() => undefined);
    const { sessionId } = manager.getAllSessions()[0] ?? expect.fail('no failed session is kept');
    expect(manager.getSessionDiagnostics(sessionId).lastError?.code).toBe('SESSION_START_FAILED');
    await manager[Symbol.asyncDispose]();
  });
});

describe('D40', () => {
  const statusOf = ({ manager }: Managed, sessionId: string) =>
    manager.getSessionDiagnostics(sessionId).connectionStatus;

  it('[D40] after a failed renewal the status is degraded while it is retried, and healthy again after the success', async () => {
    const world = await withLongKeys();
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(SECOND);
    world.provider.next(answers(500));
    void world.manager.renewSession(sessionId);
    await world.settle();
    expect(statusOf(world, sessionId)).toBe('degraded');
    await world.clock.advance(10 * SECOND);
    expect(statusOf(world, sessionId)).toBe('healthy');
    world.provider.next(answers(401));
    await world.manager.renewSession(sessionId);
    expect(statusOf(world, sessionId)).toBe('failed');
    await world.clock.advance(SECOND);
    await world.manager.renewSession(sessionId);
    expect(statusOf(world, sessionId)).toBe('healthy');
    await world.close();
  });

  it('[D40] one unanswered heartbeat degrades, the next answered one heals', async () => {
    const answers = [async () => Promise.reject(new Error('silence')), async () => undefined];
    const world = await withLongKeys({ driver: { probe: () => (answers.shift() ?? (async () => undefined))() } });
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(30 * SECOND);
    await world.settle();
    expect(statusOf(world, sessionId)).toBe('degraded');
    expect((await world.manager.testSessionHealth(sessionId)).isHealthy).toBe(false);
    await world.clock.advance(30 * SECOND);
    await world.settle();
    expect(statusOf(world, sessionId)).toBe('healthy');
    expect((await world.manager.testSessionHealth(sessionId)).isHealthy).toBe(true);
    await world.close();
  });

  it('[D40] only transport reports write webrtcState; a lost transport tells connection-error once and its reconnection is counted', async () => {
    const world = await withLongKeys();
    const { manager, clock } = world;
    const { sessionId } = await manager.startSession();
    const seen = () => manager.getSessionInfo(sessionId)?.connectionInfo;
    const losses = () => world.events.filter(({ event }) => event.type === 'connection-error').length;
    await clock.advance(SECOND);
    await manager.renewSession(sessionId);
    expect(seen()).toMatchObject({ webrtcState: 'disconnected', reconnectAttempts: 0 });
    const report = (state: 'connecting' | 'connected' | 'failed' | 'disconnected') =>
      manager.reportTransport(sessionId, { state });
    const told: unknown[] = [];
    for (const state of [
      'connecting',
      'connected',
      'failed',
      'failed',
      'connecting',
      'connected',
      'disconnected',
      'connecting',
      'connected',
    ] as const) {
      await clock.advance(SECOND);
      report(state);
      told.push([state, statusOf(world, sessionId), losses(), seen()?.reconnectAttempts]);
      expect(seen()?.webrtcState).toBe(state);
      if (state === 'connected') expect(seen()?.lastConnectedAt?.getTime()).toBe(clock.wall());
    }
    expect(told).toEqual([
      ['connecting', 'degraded', 0, 0],
      ['connected', 'healthy', 0, 0],
      ['failed', 'failed', 1, 0],
      ['failed', 'failed', 1, 0],
      ['connecting', 'degraded', 1, 1],
      ['connected', 'healthy', 1, 1],
      ['disconnected', 'healthy', 2, 1],
      ['connecting', 'degraded', 2, 2],
      ['connected', 'healthy', 2, 2],
    ]);
    await clock.advance(MINUTE);
    expect(manager.isSessionActive(sessionId)).toBe(true);
    await world.close();
  });
});
