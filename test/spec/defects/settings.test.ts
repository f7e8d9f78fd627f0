import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, mints } from '../../../src/integration/testing/provider-behaviours.ts';
import { createConfigurationService } from '../../../src/services/configuration-service.ts';
import { memorySource } from '../../../src/services/memory-source.ts';
import { type Managed, MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

interface Configured extends Managed {
  /** Changes a session setting and waits until everybody has been told. */
  set(key: string, value: unknown): Promise<void>;
}

/** A manager on a configuration service, with credentials that live for an hour. */
async function configured(
  settings: Record<string, unknown> = {},
  options: Parameters<typeof managed>[0] = {},
): Promise<Configured> {
  const source = memorySource({ session: settings });
  const configuration = createConfigurationService({ source });
  await configuration.initialize();
  const hourly = (clock: Managed['clock']) => new FakeCredentialProvider(clock, mints(60 * MINUTE));
  const world = await managed({ provider: hourly, configuration, ...options });
  return {
    ...world,
    async set(key, value) {
      source.set('session', key, value);
      await configuration.settled();
    },
    async close() {
      await world.close();
      expect(configuration.getDiagnostics().handlers, 'handlers left').toBe(0);
      configuration.dispose();
    },
  };
}

/** One live session, `change` made to the settings, and no transition because of it. */
async function changed(key: string, value: unknown, before: Record<string, unknown> = {}) {
  const world = await configured(before);
  const { sessionId } = await world.manager.startSession();
  const events = world.events.length;
  await world.set(key, value);
  expect(world.events).toHaveLength(events);
  expect(world.manager.getSessionInfo(sessionId)?.state).toBe('active');
  return { ...world, sessionId };
}

const statistics = ({ manager, sessionId }: { manager: Managed['manager']; sessionId: string }) =>
  manager.getSessionInfo(sessionId)?.statistics;

describe('D28', () => {
  it('[D28] renewalMarginSeconds, changed in the settings, moves the renewal of a live session', async () => {
    const world = await changed('renewalMarginSeconds', 600, { inactivityTimeoutMinutes: 100 });
    await world.clock.advance(50 * MINUTE - 1);
    expect(world.provider.requests).toHaveLength(1);
    await world.clock.advance(1);
    expect(world.provider.requests).toHaveLength(2);
    await world.close();
  });

  it('[D28] inactivityTimeoutMinutes, changed in the settings, moves the end of a live session', async () => {
    const world = await changed('inactivityTimeoutMinutes', 2);
    await world.clock.advance(2 * MINUTE - 1);
    expect(world.manager.isSessionActive(world.sessionId)).toBe(true);
    await world.clock.advance(1);
    expect(world.manager.explain(world.sessionId)?.reason).toBe('idle');
    await world.close();
  });

  it('[D28] heartbeatIntervalSeconds, changed in the settings, moves the beats of a live session', async () => {
    const world = await changed('heartbeatIntervalSeconds', 5);
    await world.clock.advance(MINUTE);
    expect(statistics(world)?.heartbeatCount).toBe(12);
    await world.close();
  });

  it.each([1, 2, 5, 8])(
    '[D28] maxRetryAttempts of %i, changed in the settings, bounds the attempts of a live session',
    async attempts => {
      const world = await changed('maxRetryAttempts', attempts, { retryBackoffMs: 0 });
      world.provider.next(...Array.from({ length: 9 }, () => answers(503)));
      const renewal = world.manager.renewSession(world.sessionId);
      await world.clock.advance(10 * SECOND);
      expect((await renewal).success).toBe(false);
      expect(world.provider.requests).toHaveLength(1 + attempts);
      await world.close();
    },
  );

  it.each([2_000, 5_000])(
    '[D28] retryBackoffMs of %i, changed in the settings, is the wait before the second attempt, at most a quarter more',
    async wait => {
      const world = await changed('retryBackoffMs', wait);
      await world.clock.advance(SECOND); // two mints are never closer
      world.provider.next(answers(503));
      void world.manager.renewSession(world.sessionId);
      await world.clock.advance(wait - 1);
      expect(world.provider.requests).toHaveLength(2);
      await world.clock.advance(wait / 4 + 1);
      expect(world.provider.requests).toHaveLength(3);
      await world.close();
    },
  );

  it('[D28] enableHeartbeat, changed in the settings, stops and starts the beats of a live session', async () => {
    const world = await changed('enableHeartbeat', false);
    await world.clock.advance(2 * MINUTE);
    expect(statistics(world)?.heartbeatCount).toBe(0);
    await world.set('enableHeartbeat', true);
    await world.clock.advance(MINUTE);
    expect(statistics(world)?.heartbeatCount).toBeGreaterThanOrEqual(2);
    await world.close();
  });

  it('[D28] enableInactivityTimeout, changed in the settings, stops and starts the idle timer of a live session', async () => {
    const world = await changed('enableInactivityTimeout', false);
    await world.clock.advance(20 * MINUTE);
    expect(world.manager.isSessionActive(world.sessionId)).toBe(true);
    await world.set('enableInactivityTimeout', true);
    await world.settle();
    expect(world.manager.explain(world.sessionId)?.reason).toBe('idle');
    await world.close();
  });

  it('[D28] maxDurationMinutes and durationWarningSeconds, changed in the settings, move end and warning of a live session', async () => {
    const world = await changed('maxDurationMinutes', 3);
    await world.set('durationWarningSeconds', 100);
    await world.clock.advance(80 * SECOND - 1);
    expect(world.events.some(({ channel }) => channel === 'warning')).toBe(false);
    await world.clock.advance(1);
    expect(world.events.filter(({ channel }) => channel === 'warning')).toHaveLength(1);
    await world.clock.advance(100 * SECOND - 1);
    expect(world.manager.isSessionActive(world.sessionId)).toBe(true);
    await world.clock.advance(1);
    expect(world.manager.explain(world.sessionId)?.reason).toBe('lifetime');
    await world.close();
  });

  it('[D28] maxConcurrentSessions is the limit, from the start and when it changes; live sessions stay when it is lowered', async () => {
    const world = await configured({ maxConcurrentSessions: 1 });
    expect(world.manager.getMaxConcurrentSessions()).toBe(1);
    await world.manager.startSession();
    expect(await rejectionOf(world.manager.startSession())).toMatchObject({ code: 'SESSION_LIMIT_REACHED' });
    await world.set('maxConcurrentSessions', 2);
    await world.manager.startSession();
    await world.set('maxConcurrentSessions', 1);
    expect(world.manager.getMaxConcurrentSessions()).toBe(1);
    expect(world.manager.getAllSessions().map(({ state }) => state)).toEqual(['active', 'active']);
    expect(await rejectionOf(world.manager.startSession())).toMatchObject({ code: 'SESSION_LIMIT_REACHED' });
    await world.close();
  });

  it('[D28] a raised limit lets in those who wait, at once', async () => {
    const world = await configured({ maxConcurrentSessions: 1 }, { whenFull: 'queue' });
    await world.manager.startSession();
    const waiting = world.manager.startSession();
    await world.set('maxConcurrentSessions', 2);
    expect((await waiting).state).toBe('active');
    await world.close();
  });

  it('[D28] a start that waits for a slot gets the settings that hold when it is let in', async () => {
    const world = await configured({ maxConcurrentSessions: 1 }, { whenFull: 'queue' });
    const { sessionId } = await world.manager.startSession();
    const waiting = world.manager.startSession({ maxRetryAttempts: 7 });
    await world.set('heartbeatIntervalSeconds', 11);
    await world.manager.endSession(sessionId);
    expect((await waiting).config).toMatchObject({ heartbeatIntervalSeconds: 11, maxRetryAttempts: 7 });
    await world.close();
  });

  it('[D28] settings hold where neither the manager nor the call says otherwise; what a session was given stays its own', async () => {
    const world = await configured({ heartbeatIntervalSeconds: 20 }, { config: { inactivityTimeoutMinutes: 9 } });
    const { sessionId, config } = await world.manager.startSession({ maxRetryAttempts: 2 });
    expect(config).toMatchObject({ heartbeatIntervalSeconds: 20, inactivityTimeoutMinutes: 9, maxRetryAttempts: 2 });
    await world.manager.updateSessionConfig(sessionId, { retryBackoffMs: 77 });
    await world.manager.updateSessionConfig(sessionId, { retryBackoffMs: undefined });
    for (const [key, value] of Object.entries({
      heartbeatIntervalSeconds: 21,
      inactivityTimeoutMinutes: 8,
      maxRetryAttempts: 3,
      retryBackoffMs: 88,
    })) {
      await world.set(key, value);
    }
    expect(world.manager.getSessionConfig(sessionId)).toMatchObject({
      heartbeatIntervalSeconds: 21,
      inactivityTimeoutMinutes: 9,
      maxRetryAttempts: 2,
      retryBackoffMs: 77,
    });
    await world.close();
  });

  it('[D28] settings reach sessions in every live state without moving them', async () => {
    const world = await configured({ maxConcurrentSessions: 4 });
    const paused = await world.manager.startSession();
    const renewing = await world.manager.startSession();
    await world.manager.pauseSession(paused.sessionId);
    world.provider.next(
      () => new Promise(() => undefined),
      () => new Promise(() => undefined),
    );
    void world.manager.renewSession(renewing.sessionId);
    void world.manager.startSession().catch(() => undefined);
    await world.settle();
    const states = () => world.manager.getAllSessions().map(({ state }) => state);
    expect(states()).toEqual(['paused', 'renewing', 'starting']);
    await world.set('heartbeatIntervalSeconds', 12);
    expect(states()).toEqual(['paused', 'renewing', 'starting']);
    for (const { config } of world.manager.getAllSessions()) expect(config.heartbeatIntervalSeconds).toBe(12);
    await world.close();
  });
});
