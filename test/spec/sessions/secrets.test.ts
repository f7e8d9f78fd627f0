import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RevokeRequest } from '../../../src/actors/ports.ts';
import { Secret } from '../../../src/actors/secret.ts';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { hangs, mints, rejects, returns, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import { MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

/** Deep enough for everything but the machines themselves, which refer to each other without end. */
const DEPTH = 8;

const CANARY = 'ek_CANARY7f3a';

/** An error of a careless provider: the secret is in every part of it. */
const leaky = () =>
  rejects({
    message: `bad key ${CANARY}`,
    name: CANARY,
    code: CANARY,
    status: 500,
    body: { error: { message: CANARY } },
    headers: { 'x-request-id': CANARY, authorization: `Bearer ${CANARY}`, 'retry-after': '1' },
    cause: new Error(CANARY, { cause: { code: CANARY } }),
    stack: `Error: ${CANARY}\n at ${CANARY}`,
  });

class LeakyProvider extends FakeCredentialProvider {
  override async mint(request: Parameters<FakeCredentialProvider['mint']>[0]) {
    const minted = await super.mint(request);
    const { secret } = (minted ?? {}) as { secret?: unknown };
    return typeof secret === 'string'
      ? { ...minted, secret: CANARY + secret, id: `name of ${CANARY}${secret}` }
      : minted;
  }
}

/** Everything that can be seen of a value, however one looks at it. */
function seen(value: unknown): string {
  const views = [inspect(value, { depth: DEPTH, showHidden: true, getters: true }), String(value)];
  try {
    views.push(JSON.stringify(value) ?? '');
  } catch {
    views.push('circular');
  }
  try {
    views.push(inspect(structuredClone(value), { depth: DEPTH }));
  } catch {
    views.push('cannot be cloned');
  }
  if (value instanceof Error) views.push(value.stack ?? '', seen(value.cause));
  return views.join('\n');
}

afterEach(() => vi.restoreAllMocks());

describe('secrets', () => {
  it('[SEC-1] a secret that goes through every flow is seen nowhere', async () => {
    const written: string[] = [];
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation(chunk => {
        written.push(String(chunk));
        return true;
      });
    }
    const inspected: unknown[] = [];
    const look = (event: unknown): void => {
      const { type, event: sent, snapshot, action } = event as Record<string, unknown>;
      inspected.push({ type, sent, snapshot: JSON.stringify(snapshot), action: inspect(action, { depth: 4 }) });
    };
    let world: { provider: LeakyProvider } | undefined;
    const results: unknown[] = [];
    const opened: Secret[] = [];
    const fail = async (): Promise<never> => {
      throw new Error(CANARY);
    };
    const t = await managed({
      provider: clock => {
        const provider = new LeakyProvider(clock);
        world = { provider };
        return provider;
      },
      inspect: look,
      limit: 10,
      driver: {
        open: async ({ credential }) => {
          if (credential !== undefined) opened.push(credential);
          return undefined;
        },
        close: fail,
        probe: fail,
      },
      hooks: { onSessionReady: fail, onSessionSuspending: fail, onSessionResumed: fail, onSessionEnding: fail },
      privacy: { issuePurge: fail },
    });
    const { manager, clock, provider, events, log } = t;
    manager.onSessionStateChanged(fail);

    provider.usualRevoke = async ({ secret }: RevokeRequest) => {
      throw new Error(`cannot revoke ${secret.reveal()}`);
    };
    const { sessionId } = await manager.startSession();
    const key = manager.credentialFor(sessionId);
    expect(key?.reveal()).toContain(CANARY);
    results.push(key, { key }, [key], new Map([['key', key]]));
    provider.next(leaky(), leaky(), mints());
    await clock.advance(2 * MINUTE);
    await manager.pauseSession(sessionId);
    await clock.advance(2 * MINUTE);
    await manager.resumeSession(sessionId);
    await clock.advance(SECOND);
    provider.next(slowly(20 * SECOND), hangs());
    const renewal = manager.renewSession(sessionId);
    await clock.advance(MINUTE);
    results.push(await renewal, manager.getSessionInfo(sessionId), manager.getSessionDiagnostics(sessionId));
    results.push(await manager.testSessionHealth(sessionId), manager.explain(sessionId), manager.getAllSessions());

    for (const behaviour of [
      leaky(),
      returns({ secret: CANARY }),
      returns({ secret: CANARY, expiresAt: clock.wall() }),
      returns({ secret: CANARY, expiresAt: CANARY, id: CANARY }),
      returns(CANARY),
    ]) {
      provider.next(behaviour, behaviour, behaviour);
      const failed = rejectionOf(manager.startSession());
      await clock.advance(MINUTE);
      results.push(await failed);
    }
    results.push(manager.getAllSessions());
    const end = manager.endSession(sessionId);
    await clock.advance(5 * SECOND);
    await end;
    results.push(
      manager,
      manager.explain(sessionId),
      await rejectionOf(manager.startSession({ [CANARY]: 1 } as never)),
    );
    await t.close();

    expect(world?.provider.minted.length).toBeGreaterThan(5);
    expect(opened.length).toBeGreaterThan(0);
    expect(inspected.length).toBeGreaterThan(100);
    // The name of an unknown option is the caller's own text and is repeated; it is no secret that went through a flow.
    const own = results.pop();
    expect(seen(own)).toContain('INVALID_CONFIG');
    for (const [what, values] of Object.entries({ written, inspected, results, events, log: log.lines, opened })) {
      for (const value of values) expect(seen(value), what).not.toContain('CANARY');
    }
  });

  it('[SEC-2] a secret prints as [redacted] and is revealed by one call alone', () => {
    const secret = new Secret(CANARY);
    expect(secret.reveal()).toBe(CANARY);
    expect(`${secret}`).toBe('[redacted]');
    expect(secret.toString()).toBe('[redacted]');
    expect(JSON.stringify({ secret })).toBe('{"secret":"[redacted]"}');
    expect(inspect({ secret }, { showHidden: true })).toBe('{ secret: [redacted] }');
    expect(seen({ secret })).not.toContain('CANARY');
    expect(Object.getOwnPropertyNames(secret)).toEqual([]);
  });

  it('[SEC-3] the secret is out of reach as soon as the session stops serving', async () => {
    const t = await managed();
    const { sessionId } = await t.manager.startSession();
    expect(t.manager.credentialFor(sessionId)).toBeDefined();
    t.manager.endSessionSync(sessionId);
    expect(t.manager.credentialFor(sessionId)).toBeUndefined();
    expect(t.manager.getSessionDiagnostics(sessionId).timerStatus).toEqual({ sessionId });
    await t.settle();
    expect(t.provider.outstanding).toEqual([]);
    await t.close();
  });
});
