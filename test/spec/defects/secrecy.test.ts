import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { AnyActorRef } from 'xstate';
import type { MintedCredential } from '../../../src/actors/ports.ts';
import { Secret } from '../../../src/actors/secret.ts';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import {
  answers,
  type Behaviour,
  mints,
  rejects,
  slowly,
} from '../../../src/integration/testing/provider-behaviours.ts';
import { createRecoveryExecutor } from '../../../src/services/recovery-executor.ts';
import { keyed, SAYS } from '../../support/keyed.ts';
import { type Managed, managed, rejectionOf, SECOND } from '../../support/managed.ts';

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
const plain = (snapshot: object): unknown => ({
  ...snapshot,
  children: undefined,
  machine: undefined,
  _nodes: undefined,
});

/** The canary in whatever an error carries along. */
const shownByError = (error: unknown): string =>
  error instanceof Error
    ? [shownBy(error), error.message, error.stack, shownBy(Object.entries(error)), shownByError(error.cause)].join('\n')
    : shownBy(error);

describe('[D12] the secret', () => {
  it('[D12] a canary secret appears 0 times in anything returned, emitted, logged, thrown, persisted or inspected; credentialFor yields it, wrapped', async () => {
    const shown: string[] = [];
    const see = (...values: unknown[]): void => void shown.push(...values.map(shownBy));
    const actors = new Set<AnyActorRef>();
    let minted = 0;
    const secret: Behaviour = async (request, world) => {
      minted += 1;
      const { expiresAt } = (await mints()(request, world)) as MintedCredential;
      return { secret: `${CANARY}${minted}`, id: `id-${CANARY}${minted}`, expiresAt };
    };
    const telling = {
      message: CANARY,
      body: CANARY,
      headers: { 'x-request-id': CANARY },
      code: CANARY,
      cause: new Error(CANARY),
    };
    const provider = (clock: Managed['clock']) => new FakeCredentialProvider(clock, secret);
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
      see(
        manager.getAllSessions(),
        manager.getCurrentSession(),
        manager.getSessionConfig(id),
        manager.credentialFor(id),
      );
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
    world.provider.next(answers(503, telling), secret);
    see(await Promise.all([manager.renewSession(sessionId), clock.advance(5 * SECOND)]));
    inspectAll(sessionId);
    world.provider.usualRevoke = async ({ secret: given }) => {
      see(given);
      throw Object.assign(new Error(CANARY), { given: given.reveal(), ...telling });
    };
    world.provider.next(slowly(SECOND, secret));
    const late = rejectionOf(manager.startSession());
    await manager.endSession(manager.getCurrentSession()?.sessionId);
    await clock.advance(2 * SECOND);
    world.provider.next(rejects({ status: 401, ...telling }));
    see(await manager.renewSession(sessionId));
    inspectAll(sessionId);
    world.provider.next(rejects({ status: 401, ...telling }));
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

describe('[D14] logs of provider errors', () => {
  const ALLOWED = [
    'sessionId',
    'attempt',
    'code',
    'isRetryable',
    'retryable',
    'status',
    'providerCode',
    'requestId',
    'retryAfterMs',
    'field',
    'allowed',
  ];

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
        throw Object.assign(new TypeError(CANARY), {
          code: CANARY,
          cause: Object.assign(new Error(CANARY), { code: CANARY }),
        });
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
    expect(warnings[0]?.data).toMatchObject({
      status: 429,
      code: 'RATE_LIMITED',
      requestId: 'req_0123456789abcdef',
      retryAfterMs: 7_000,
    });
    expect(shownBy(log.lines)).not.toContain(CANARY);
    expect(shownBy(world.events)).not.toContain(CANARY);
  });
});
