import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, type Behaviour, hangs, mints } from '../../../src/integration/testing/provider-behaviours.ts';
import type { ConversationLifecycleHooks } from '../../../src/services/session-api.ts';
import { createSessionManager, type SessionManager } from '../../../src/services/session-manager.ts';
import { FragileClock } from '../../support/fragile-clock.ts';
import { managed, SECOND } from '../../support/managed.ts';

/** Hooks that note how they are called, by session. */
function noting(): { hooks: ConversationLifecycleHooks; calls: Map<string, string[]> } {
  const calls = new Map<string, string[]>();
  const note = (what: string) => (session: { readonly sessionId: string }, reason?: string) => {
    const own = calls.get(session.sessionId) ?? [];
    calls.set(session.sessionId, own);
    own.push(reason === undefined ? what : `${what} ${reason}`);
  };
  const hooks = {
    onSessionReady: note('ready'),
    onSessionSuspending: note('suspending'),
    onSessionResumed: note('resumed'),
    onSessionEnding: note('ending'),
  };
  return { hooks, calls };
}

/** Ready once and first, ending once and last, and between them suspending and resumed in turn. */
const LIFE = /^ready( suspending resumed)*( suspending)?( ending)?$/;

const CALLS = {
  start: (m: SessionManager) => m.startSession(),
  end: (m: SessionManager, id: string) => m.endSession(id),
  pause: (m: SessionManager, id: string) => m.pauseSession(id),
  resume: (m: SessionManager, id: string) => m.resumeSession(id),
  renew: (m: SessionManager, id: string) => m.renewSession(id),
  refuse: async (m: SessionManager, id: string) =>
    m.reportTransport(id, { state: 'connected', credentialRefused: true }),
} as const;

const behaviour: fc.Arbitrary<Behaviour> = fc.constantFrom(mints(20 * SECOND), answers(401), answers(503), hangs());

const act = fc.record({
  call: fc.constantFrom(...(Object.keys(CALLS) as (keyof typeof CALLS)[])),
  which: fc.nat(2),
  waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 70_000 })),
  next: fc.option(behaviour, { nil: undefined }),
});

describe('D38', () => {
  it('[D38] whatever a life brings: onSessionReady once, onSessionEnding once and last, each onSessionSuspending followed by exactly one onSessionResumed or onSessionEnding', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 20 }), async acts => {
        const { hooks, calls } = noting();
        const world = await managed({ hooks });
        void world.manager.startSession().catch(() => undefined);
        for (const { call, which, waitMs, next } of acts) {
          if (next !== undefined) world.provider.next(next);
          const sessionId = world.manager.getAllSessions()[which]?.sessionId ?? 'none';
          void CALLS[call](world.manager, sessionId).catch(() => undefined);
          await world.clock.advance(waitMs);
        }
        await world.close();
        const started = world.events.filter(({ channel }) => channel === 'started').map(({ event }) => event.sessionId);
        expect([...calls.keys()].sort()).toEqual(started.sort());
        for (const own of calls.values()) {
          expect(own.map(call => call.split(' ')[0]).join(' ')).toMatch(LIFE);
          expect(own.at(-1)).toBe('ending');
        }
      }),
      { numRuns: 150 },
    );
  });

  it('[D38] a failed renewal does not end: onSessionEnding runs when the session ends, and once', async () => {
    const { hooks, calls } = noting();
    const world = await managed({ hooks });
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(SECOND);
    world.provider.next(answers(401));
    await world.manager.renewSession(sessionId);
    expect(calls.get(sessionId)).toEqual(['ready', 'suspending manual-renewal']);
    await world.manager.endSession(sessionId);
    expect(calls.get(sessionId)).toEqual(['ready', 'suspending manual-renewal', 'ending']);
    await world.close();
  });

  it('[D38] a session whose start failed and that is renewed into life is made ready then, once', async () => {
    const { hooks, calls } = noting();
    const world = await managed({ hooks });
    world.provider.next(answers(401));
    await world.manager.startSession().catch(() => undefined);
    const { sessionId } = world.manager.getAllSessions()[0] ?? expect.fail('no failed session is kept');
    expect(calls.size).toBe(0);
    await world.clock.advance(SECOND);
    expect((await world.manager.renewSession(sessionId)).success).toBe(true);
    await world.manager.endSession(sessionId);
    expect(calls.get(sessionId)).toEqual(['ready', 'ending']);
    await world.close();
  });

  it('[D38] a start that fails, or is ended before it is usable, calls no hook', async () => {
    const { hooks, calls } = noting();
    const world = await managed({ hooks });
    world.provider.next(answers(401), hangs());
    await world.manager.startSession().catch(() => undefined);
    void world.manager.startSession().catch(() => undefined);
    for (const { sessionId } of world.manager.getAllSessions()) await world.manager.endSession(sessionId);
    expect(calls.size).toBe(0);
    await world.close();
  });

  it('[D38] a session whose actor is lost for good gets its onSessionEnding too', async () => {
    const { hooks, calls } = noting();
    const clock = new FragileClock();
    const credentials = new FakeCredentialProvider(clock);
    const manager = createSessionManager({ clock, credentials, hooks, restarts: { max: 1 } });
    await manager.initialize();
    const { sessionId } = await manager.startSession();
    for (const expected of [['ready', 'suspending recovery', 'resumed'], undefined]) {
      clock.isBroken = true;
      await manager.resetInactivityTimer(sessionId);
      await clock.advance(5 * SECOND);
      if (expected !== undefined) expect(calls.get(sessionId)).toEqual(expected);
    }
    expect(calls.get(sessionId)).toEqual(['ready', 'suspending recovery', 'resumed', 'ending']);
    expect(credentials.outstanding).toEqual([]);
    await manager[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });

  it('[D38] a replacement is reported; disposing the older registration leaves the newer, in any order and any number', async () => {
    const [first, second] = [noting(), noting()];
    const world = await managed();
    const older = world.manager.registerConversationHooks(first.hooks);
    expect(world.log.lines).toEqual([]);
    const newer = world.manager.registerConversationHooks(second.hooks);
    expect(world.log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('replaced') }]);
    older.dispose();
    older.dispose();
    const { sessionId } = await world.manager.startSession();
    expect([first.calls.size, second.calls.size]).toEqual([0, 1]);
    newer.dispose();
    await world.manager.pauseSession(sessionId);
    expect(second.calls.get(sessionId)).toEqual(['ready']);
    await world.close();
  });

  it('[D38] the same set registered twice is two registrations: disposing the older leaves it active', async () => {
    const { hooks, calls } = noting();
    const world = await managed();
    const older = world.manager.registerConversationHooks(hooks);
    world.manager.registerConversationHooks(hooks);
    older.dispose();
    const { sessionId } = await world.manager.startSession();
    expect(calls.get(sessionId)).toEqual(['ready']);
    await world.close();
  });
});
