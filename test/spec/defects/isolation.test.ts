import { describe, expect, it } from 'vitest';
import { answers } from '../../../src/integration/testing/provider-behaviours.ts';
import { createConfigurationService } from '../../../src/services/configuration-service.ts';
import { memorySource } from '../../../src/services/memory-source.ts';
import type { SessionConfigPatch } from '../../../src/services/session-config.ts';
import { keyed, SAYS } from '../../support/keyed.ts';
import { HOUR, managed, SECOND } from '../../support/managed.ts';

const CANARY = 'canary0123456789abcdef';

describe('[D11] whose error', () => {
  it("[D11] a retryable error leads to the retry of the session whose call met it; the others' state, timers and credentials are equal before and after", async () => {
    const world = await managed();
    const { manager, provider, clock, events } = world;
    const [a, b, c] = await Promise.all([1, 2, 3].map(async () => (await manager.startSession()).sessionId));
    const others = [a, c].filter(id => id !== undefined);
    await clock.advance(2 * SECOND);
    await manager.pauseSession(c ?? '');
    const facts = async () =>
      Promise.all(
        others.map(async id => [
          manager.getSessionInfo(id),
          manager.getSessionDiagnostics(id),
          await manager.testSessionHealth(id),
          manager.credentialFor(id)?.reveal(),
        ]),
      );
    const before = await facts();
    const told = events.length;
    provider.next(answers(429, { message: `${CANARY} 401` }));
    const renewal = manager.renewSession(b ?? '');
    await world.settle();
    expect(manager.getSessionDiagnostics(b ?? '')).toMatchObject({
      state: 'renewing',
      lastError: { code: 'RATE_LIMITED' },
    });
    expect(await facts()).toEqual(before);
    await clock.advance(5 * SECOND);
    expect(await renewal).toMatchObject({ success: true });
    const touched = new Set(events.slice(told).map(({ event }) => event.sessionId));
    expect(touched).toEqual(new Set([b]));
    await world.close();
  });

  it('[D11] an error that the key service reports for another caller touches no session', async () => {
    const world = await keyed();
    const { manager, keys, endpoint, events } = world;
    const { sessionId } = await manager.startSession();
    const before = [manager.getSessionInfo(sessionId), manager.getSessionDiagnostics(sessionId)];
    const told = events.length;
    const reported: unknown[] = [];
    keys.onAuthenticationError(error => reported.push(error));
    endpoint.next(SAYS(429), SAYS(401));
    await keys.requestEphemeralKey();
    await keys.renewKey();
    await world.settle();
    expect(reported).toHaveLength(2);
    expect([manager.getSessionInfo(sessionId), manager.getSessionDiagnostics(sessionId)]).toEqual(before);
    expect(events).toHaveLength(told);
    await world.close();
  });
});

describe('[D13] copies', () => {
  /** Where a value is not frozen. A date is a leaf: each copy has its own. */
  function notFrozen(value: unknown, path = '$'): string[] {
    if (typeof value !== 'object' || value === null || value instanceof Date) return [];
    const inside = Object.entries(value).flatMap(([key, part]) => notFrozen(part, `${path}.${key}`));
    return Object.isFrozen(value) ? inside : [path, ...inside];
  }

  it('[D13] returned and emitted values are deeply frozen copies of that moment; later changes do not show in them', async () => {
    const world = await managed();
    const { manager, provider, clock, events } = world;
    const info = await manager.startSession();
    const { sessionId } = info;
    await clock.advance(2 * SECOND);
    provider.next(answers(503));
    const values: unknown[] = [
      info,
      ...manager.getAllSessions(),
      manager.getCurrentSession(),
      manager.getSessionInfo(sessionId),
      manager.getSessionConfig(sessionId),
      manager.getSessionDiagnostics(sessionId),
      await manager.testSessionHealth(sessionId),
      manager.explain(sessionId),
      (await Promise.all([manager.renewSession(sessionId), clock.advance(5 * SECOND)]))[0],
      await manager.renewSession('nobody'),
      manager.getSessionDiagnostics(sessionId),
    ];
    const before = structuredClone(values);
    await clock.advance(31 * SECOND);
    await manager.updateSessionConfig(sessionId, { renewalMarginSeconds: 20 });
    manager.reportTransport(sessionId, { state: 'connected', expiresAt: clock.wall() + HOUR });
    await manager.resetInactivityTimer(sessionId);
    await manager.pauseSession(sessionId);
    provider.next(answers(401));
    await manager.resumeSession(sessionId);
    await manager.renewSession(sessionId);
    await manager.endSession(sessionId);
    expect(values).toEqual(before);
    expect(new Set(events.map(({ channel }) => channel)).size).toBeGreaterThanOrEqual(4);
    values.push(manager.explain(sessionId), ...events.map(({ event }) => event));
    expect(values.flatMap(value => notFrozen(value))).toEqual([]);
    await world.close();
  });

  it('[D13] what a caller does to a returned value changes nothing inside', async () => {
    const world = await managed();
    const { manager } = world;
    const info = await manager.startSession();
    const { sessionId } = info;
    const before = structuredClone(manager.getSessionInfo(sessionId));
    const list = manager.getAllSessions();
    expect(Reflect.set(info, 'state', 'hacked')).toBe(false);
    expect(Reflect.set(info.config, 'renewalMarginSeconds', 999)).toBe(false);
    expect(Reflect.set(info.statistics, 'renewalCount', 999)).toBe(false);
    for (const date of [info.startedAt, info.lastActivity, info.expiresAt, manager.getCurrentSession()?.expiresAt])
      date?.setTime(0);
    list.length = 0;
    expect(manager.getSessionInfo(sessionId)).toEqual(before);
    expect(manager.getAllSessions()).toEqual([before]);
    await world.close();
  });

  it('[D13] configuration is copied at the boundary: at the start, at an update, at the creation of the manager, and of a credential', async () => {
    const source = memorySource();
    const configuration = createConfigurationService({ source });
    await configuration.initialize();
    const options = {
      config: { renewalMarginSeconds: 20 } as { -readonly [K in keyof SessionConfigPatch]: SessionConfigPatch[K] },
    };
    const world = await managed({ ...options, configuration });
    const { manager, provider, clock } = world;
    const expiresAt = new Date(clock.wall() + 60 * SECOND);
    provider.next(async () => ({ secret: 'ek', expiresAt }));
    const given = { renewalMarginSeconds: 15 };
    const patch = { inactivityTimeoutMinutes: 7 };
    const { sessionId } = await manager.startSession(given);
    await manager.updateSessionConfig(sessionId, patch);
    const { sessionId: third } = await manager.startSession(given);
    given.renewalMarginSeconds = 999;
    patch.inactivityTimeoutMinutes = 999;
    options.config.renewalMarginSeconds = 999;
    expiresAt.setTime(0);
    const { sessionId: other } = await manager.startSession();
    source.set('session', 'heartbeatIntervalSeconds', 45); // settings are merged with the options again
    await world.settle();
    expect(manager.getSessionConfig(other)).toMatchObject({ heartbeatIntervalSeconds: 45 });
    expect(manager.getSessionConfig(sessionId)).toMatchObject({
      renewalMarginSeconds: 15,
      inactivityTimeoutMinutes: 7,
    });
    expect(manager.getSessionConfig(other)).toMatchObject({ renewalMarginSeconds: 20 });
    expect(manager.getSessionConfig(third)).toMatchObject({ renewalMarginSeconds: 15, heartbeatIntervalSeconds: 45 });
    expect(manager.getSessionInfo(sessionId)?.expiresAt).toEqual(new Date(clock.wall() + 60 * SECOND));
    await world.close();
    configuration.dispose();
  });
});
