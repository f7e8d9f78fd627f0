import { describe, expect, it } from 'vitest';
import { hangs } from '../../../src/integration/testing/provider-behaviours.ts';
import { type Managed, MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';
import { breakable } from './support.ts';

const OPTIONS = { whenFull: 'evict-idle', config: { enableInactivityTimeout: false } } as const;

/** Settings whose limit changes while sessions live. */
function limitSetting(initial: number) {
  let limit = initial;
  let change: ((setting: object) => Promise<void>) | undefined;
  const configuration = {
    isInitialized: () => true,
    getSessionConfig: () => ({ maxConcurrentSessions: limit }),
    onConfigurationChanged(handler: (setting: object) => Promise<void>) {
      change = handler;
      return { dispose: () => undefined };
    },
  };
  return {
    configuration: configuration as never,
    async setLimit(next: number): Promise<void> {
      limit = next;
      await change?.({ section: 'session', key: 'maxConcurrentSessions' });
    },
  };
}

describe('eviction', () => {
  it('[COO-18] each start that waits has its own victim, also when both are asked for inside a listener', async () => {
    const t = await breakable({ ...OPTIONS, provider: () => undefined });
    const { manager, clock } = t;
    const a = await manager.startSession();
    await clock.advance(SECOND);
    const b = await manager.startSession();
    await clock.advance(SECOND);
    const waiting: Promise<{ readonly sessionId: string }>[] = [];
    manager.onSessionStarted(() => {
      if (waiting.length === 0) waiting.push(manager.startSession(), manager.startSession());
    });
    const c = await manager.startSession();
    await clock.advance(SECOND);
    const started = await Promise.all(waiting);
    expect([a, b].map(({ sessionId }) => manager.explain(sessionId)?.reason)).toEqual(['evicted', 'evicted']);
    const live = manager.getAllSessions().map(({ sessionId }) => sessionId);
    expect(new Set(live)).toEqual(new Set([c.sessionId, ...started.map(({ sessionId }) => sessionId)]));
    await t.close();
  });

  it('[COO-18] a start for which no victim is left is refused', async () => {
    const t = await managed({ ...OPTIONS, limit: 2 });
    const { manager, clock, provider } = t;
    const a = await manager.startSession();
    provider.next(hangs());
    const hanging = rejectionOf(manager.startSession());
    const first = manager.startSession();
    const second = rejectionOf(manager.startSession());
    await clock.advance(SECOND);
    expect(manager.explain(a.sessionId)?.reason).toBe('evicted');
    await expect(first).resolves.toMatchObject({ state: 'active' });
    expect((await second).code).toBe('SESSION_LIMIT_REACHED');
    await t.close();
    expect((await hanging).code).toBe('SESSION_ENDED');
  });

  it('[COO-18] when the limit is lowered, starts that wait are refused rather than stranded', async () => {
    const { configuration, setLimit } = limitSetting(3);
    const t: Managed = await managed({ ...OPTIONS, configuration });
    const { manager, clock } = t;
    for (let i = 0; i < 3; i++) {
      await manager.startSession();
      await clock.advance(SECOND);
    }
    const waiting = rejectionOf(manager.startSession());
    await setLimit(1);
    await clock.advance(SECOND);
    expect((await waiting).code).toBe('SESSION_LIMIT_REACHED');
    expect(manager.getAllSessions()).toHaveLength(2);
    const [left] = manager.getAllSessions();
    await Promise.all([manager.endSession(left?.sessionId), clock.advance(SECOND)]);
    const next = manager.startSession();
    await clock.advance(MINUTE);
    await expect(next).resolves.toMatchObject({ state: 'active' });
    expect(manager.getAllSessions()).toHaveLength(1);
    await t.close();
  });

  it('[COO-24] above a limit that was lowered a start is refused, and nobody is evicted for it', async () => {
    const { configuration, setLimit } = limitSetting(2);
    const t: Managed = await managed({ ...OPTIONS, configuration });
    const { manager, clock } = t;
    await manager.startSession();
    await manager.startSession();
    await setLimit(1);
    expect((await rejectionOf(manager.startSession())).code).toBe('SESSION_LIMIT_REACHED');
    await clock.advance(SECOND);
    expect(manager.getAllSessions().map(({ state }) => state)).toEqual(['active', 'active']);
    await t.close();
  });
});
