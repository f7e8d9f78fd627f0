import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { AnyActorRef } from 'xstate';
import type { MintedCredential } from '../../../src/actors/ports.ts';
import { Secret } from '../../../src/actors/secret.ts';
import { createConfigurationService } from '../../../src/services/configuration-service.ts';
import { memorySource } from '../../../src/services/memory-source.ts';
import { createRecoveryExecutor } from '../../../src/services/recovery-executor.ts';
import type { SessionConfigPatch } from '../../../src/services/session-config.ts';
import { ANSWERS, type Behaviour, FakeProvider, MINTS, REJECTS, SLOWLY } from '../../support/fake-provider.ts';
import { keyed, SAYS } from '../../support/keyed.ts';
import { HOUR, type Managed, managed, rejectionOf, SECOND } from '../../support/managed.ts';

const CANARY = 'canary0123456789abcdef';

/** Everything that a value shows of itself, by every way of showing it. */
function shownBy(value: unknown): string {
  const ways = [
    (): string => JSON.stringify(value) ?? '',
    (): string => inspect(value, { depth: 12, showHidden: true, maxArrayLength: null, getters: true }),
    (): string => inspect(structuredClone(value), { depth: 12, showHidden: true }),
    (): string => String(value),
  ];
  return ways
    .map(way => {
      try {
        return way();
      } catch {
        return ''; // a function cannot be cloned, a cycle cannot be a JSON text
      }
    })
    .join('\n');
}

/** What a snapshot holds, without the actors and the machine that it refers to. */
const plain = (snapshot: object): unknown => ({ ...snapshot, children: undefined, machine: undefined, _nodes: undefined });

/** The canary in whatever an error carries along. */
const shownByError = (error: unknown): string =>
  error instanceof Error
    ? [shownBy(error), error.message, error.stack, shownBy(Object.entries(error)), shownByError(error.cause)].join('\n')
    : shownBy(error);

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
    provider.next(ANSWERS(429, { message: `${CANARY} 401` }));
    const renewal = manager.renewSession(b ?? '');
    await world.settle();
    expect(manager.getSessionDiagnostics(b ?? '')).toMatchObject({ state: 'renewing', lastError: { code: 'RATE_LIMITED' } });
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

describe('[D12] the secret', () => {
  it('[D12] a canary secret appears 0 times in anything returned, emitted, logged, thrown, persisted or inspected; credentialFor yields it, wrapped', async () => {
    const shown: string[] = [];
    const see = (...values: unknown[]): void => void shown.push(...values.map(shownBy));
    const actors = new Set<AnyActorRef>();
    let minted = 0;
    const secret: Behaviour = async (request, world) => {
      minted += 1;
      const { expiresAt } = (await MINTS()(request, world)) as MintedCredential;
      return { secret: `${CANARY}${minted}`, id: `id-${CANARY}${minted}`, expiresAt };
    };
    const telling = { message: CANARY, body: CANARY, headers: { 'x-request-id': CANARY }, code: CANARY, cause: new Error(CANARY) };
    const provider = (clock: Managed['clock']) => new FakeProvider(clock, secret);
    const privacy = {
      issuePurge: async (command: { readonly target: 'audio' | 'transcripts' | 'logs' | 'all' }) => {
        see(command);
        return { target: command.target, status: 'failed' as const, clearedCount: 0, retainedCount: 1 };
      },
    };
    const world = await managed({
      provider,
      privacy,
      hooks: {
        onSessionReady: see,
        onSessionSuspending: see,
        onSessionResumed: see,
        onSessionEnding: see,
      },
      inspect: event => {
        actors.add(event.actorRef as AnyActorRef);
        if ('event' in event) see(event.event);
        if ('snapshot' in event) see(plain(event.snapshot));
      },
    });
    const { manager, clock, log, events } = world;
    const executor = createRecoveryExecutor({ clock, logger: log });
    manager.setRecoveryExecutor({
      execute: (operation, options) => {
        see({ ...options });
        return executor.execute(operation, options);
      },
    });
    const inspectAll = (id: string): void => {
      see(manager, manager.getSessionInfo(id), manager.getSessionDiagnostics(id), manager.explain(id));
      see(manager.getAllSessions(), manager.getCurrentSession(), manager.getSessionConfig(id), manager.credentialFor(id));
      for (const actor of actors) see(plain(actor.getSnapshot()), plain(actor.getPersistedSnapshot()));
    };

    const info = await manager.startSession();
    const { sessionId } = info;
    see(info, await manager.testSessionHealth(sessionId));
    inspectAll(sessionId);
    const credential = manager.credentialFor(sessionId);
    expect(credential).toBeInstanceOf(Secret);
    expect(credential?.reveal(), 'the one explicit call').toBe(`${CANARY}1`);
    expect([`${credential}`, JSON.stringify({ credential }), inspect(credential)].join()).not.toContain(CANARY);

    await clock.advance(2 * SECOND);
    world.provider.next(ANSWERS(503, telling), secret);
    see(await Promise.all([manager.renewSession(sessionId), clock.advance(5 * SECOND)]));
    inspectAll(sessionId);
    world.provider.revokes = async ({ secret: given }) => {
      see(given);
      throw Object.assign(new Error(CANARY), { given: given.reveal(), ...telling });
    };
    world.provider.next(SLOWLY(SECOND, secret));
    const late = rejectionOf(manager.startSession());
    await manager.endSession(manager.getCurrentSession()?.sessionId);
    await clock.advance(2 * SECOND);
    world.provider.next(REJECTS({ status: 401, ...telling }));
    see(await manager.renewSession(sessionId));
    inspectAll(sessionId);
    world.provider.next(REJECTS({ status: 401, ...telling }));
    for (const error of [await late, await rejectionOf(manager.startSession())]) shown.push(shownByError(error));
    await manager.endSession(sessionId);
    see(manager.explain(sessionId), events, log.lines);
    await world.close();
    executor.dispose();
    see(events, log.lines);

    expect(minted).toBe(3);
    expect(shown.length).toBeGreaterThan(100);
    expect(shown.filter(text => text.includes(CANARY))).toEqual([]);
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
    provider.next(ANSWERS(503));
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
    provider.next(ANSWERS(401));
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
    for (const date of [info.startedAt, info.lastActivity, info.expiresAt, manager.getCurrentSession()?.expiresAt]) date?.setTime(0);
    list.length = 0;
    expect(manager.getSessionInfo(sessionId)).toEqual(before);
    expect(manager.getAllSessions()).toEqual([before]);
    await world.close();
  });

  it('[D13] configuration is copied at the boundary: at the start, at an update, at the creation of the manager, and of a credential', async () => {
    const source = memorySource();
    const configuration = createConfigurationService({ source });
    await configuration.initialize();
    const options = { config: { renewalMarginSeconds: 20 } as { -readonly [K in keyof SessionConfigPatch]: SessionConfigPatch[K] } };
    const world = await managed({ ...options, configuration });
    const { manager, provider, clock } = world;
    const expiresAt = new Date(clock.wall() + 60 * SECOND);
    provider.next(async () => ({ secret: 'ek', expiresAt }));
    const given = { renewalMarginSeconds: 15 };
    const patch = { inactivityTimeoutMinutes: 7 };
    const { sessionId } = await manager.startSession(given);
    await manager.updateSessionConfig(sessionId, patch);
    given.renewalMarginSeconds = 999;
    patch.inactivityTimeoutMinutes = 999;
    options.config.renewalMarginSeconds = 999;
    expiresAt.setTime(0);
    const { sessionId: other } = await manager.startSession();
    source.set('session', 'heartbeatIntervalSeconds', 45); // settings are merged with the options again
    await world.settle();
    expect(manager.getSessionConfig(other)).toMatchObject({ heartbeatIntervalSeconds: 45 });
    expect(manager.getSessionConfig(sessionId)).toMatchObject({ renewalMarginSeconds: 15, inactivityTimeoutMinutes: 7 });
    expect(manager.getSessionConfig(other)).toMatchObject({ renewalMarginSeconds: 20 });
    expect(manager.getSessionInfo(sessionId)?.expiresAt).toEqual(new Date(clock.wall() + 60 * SECOND));
    await world.close();
    configuration.dispose();
  });
});

describe('[D14] logs of provider errors', () => {
  const ALLOWED = ['sessionId', 'attempt', 'code', 'isRetryable', 'retryable', 'status', 'providerCode', 'requestId', 'retryAfterMs', 'field', 'allowed'];

  it('[D14] they hold status, code, request id, retry hints and nothing else; canary in the body, headers and error: 0 hits', async () => {
    const world = await keyed({ config: { maxRetryAttempts: 1 } });
    const { manager, keys, endpoint, log } = world;
    const body = {
      error: { message: CANARY, type: CANARY, param: CANARY, code: CANARY, innererror: { text: CANARY } },
      [CANARY]: CANARY,
    };
    const headers = { 'x-request-id': 'req_0123456789abcdef', 'x-other': CANARY, 'retry-after': '7' };
    endpoint.next(
      SAYS(429, headers, body),
      SAYS(401, { ...headers, 'x-request-id': CANARY }, body),
      SAYS(500, {}, CANARY),
      async () => {
        throw Object.assign(new TypeError(CANARY), { code: CANARY, cause: Object.assign(new Error(CANARY), { code: CANARY }) });
      },
      SAYS(200, {}, { value: 1, expires_at: CANARY, [CANARY]: CANARY }),
    );
    for (let i = 0; i < 5; i++) await rejectionOf(manager.startSession());
    endpoint.next(SAYS(403, headers, body));
    await keys.requestEphemeralKey();
    await world.close();

    const warnings = log.lines.filter(({ level }) => level !== 'debug');
    expect(warnings.length).toBeGreaterThanOrEqual(11); // the service and the session each tell
    for (const { message, data } of warnings) {
      expect(message).toMatch(/^(key request failed|credential not obtained|credential cannot be used)$/);
      expect(ALLOWED).toEqual(expect.arrayContaining(Object.keys(data as object)));
    }
    expect(warnings[0]?.data).toMatchObject({ status: 429, code: 'RATE_LIMITED', requestId: 'req_0123456789abcdef', retryAfterMs: 7_000 });
    expect(shownBy(log.lines)).not.toContain(CANARY);
    expect(shownBy(world.events)).not.toContain(CANARY);
  });
});
