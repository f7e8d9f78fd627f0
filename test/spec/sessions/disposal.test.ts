import { describe, expect, it } from 'vitest';
import { hangs } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createSessionManager, type SessionManager } from '../../../src/services/session-manager.ts';
import { managed, rejectionOf, SECOND } from '../../support/managed.ts';

describe('disposal', () => {
  it.each(['isInitialized', 'getSessionConfig', 'onConfigurationChanged'] as const)(
    '[SES-24] disposed of inside %s, initialize rejects and leaves no subscription',
    async where => {
      const clock = new VirtualClock();
      let manager: SessionManager | undefined;
      const subscribed = new Set<unknown>();
      const disposeIn = (name: string): void => {
        if (name === where) manager?.dispose();
      };
      const configuration = {
        isInitialized() {
          disposeIn('isInitialized');
          return true;
        },
        getSessionConfig() {
          disposeIn('getSessionConfig');
          return { maxConcurrentSessions: 2 };
        },
        onConfigurationChanged(handler: unknown) {
          disposeIn('onConfigurationChanged');
          subscribed.add(handler);
          return { dispose: () => void subscribed.delete(handler) };
        },
      };
      manager = createSessionManager({ clock, configuration: configuration as never });
      expect((await rejectionOf(manager.initialize())).code).toBe('MANAGER_NOT_READY');
      expect(subscribed.size).toBe(0);
      expect(manager.isInitialized()).toBe(false);
      const start = rejectionOf(manager.startSession());
      await clock.advance(SECOND);
      expect((await start).code).toBe('MANAGER_NOT_READY');
      expect(clock.pending).toBe(0);
    },
  );

  it('[SES-25] asyncDispose waits for the releases that are under way, and leaves no timer', async () => {
    const t = await managed();
    const { manager, clock, provider } = t;
    const { sessionId } = await manager.startSession();
    await clock.advance(10 * SECOND);
    const revokes = [() => new Promise<void>(() => undefined)];
    provider.usualRevoke = () => revokes.shift()?.() ?? Promise.resolve();
    void manager.renewSession(sessionId);
    await t.settle();
    expect(provider.revoked).toHaveLength(1);
    let timers: number | undefined;
    const disposal = manager[Symbol.asyncDispose]().then(() => {
      timers = clock.pending;
    });
    await clock.advance(2 * SECOND);
    await disposal;
    expect(timers).toBe(0);
    expect(manager.getCredentialCounts()).toEqual({ minted: 2, released: 1, unreleased: 1, held: 0 });
    await t.close();
  });

  it('[SES-25] a release that comes of the disposal itself is waited for too, within the 2 s of a drain', async () => {
    const t = await managed({ limit: 2 });
    const { manager, clock, provider } = t;
    provider.usualRevoke = () => new Promise(() => undefined);
    await manager.startSession();
    provider.next(hangs());
    const start = rejectionOf(manager.startSession());
    await t.settle();
    const since = clock.now();
    const over = manager[Symbol.asyncDispose]().then(() => ({ after: clock.now() - since, timers: clock.pending }));
    await clock.advance(5 * SECOND);
    expect((await start).code).toBe('SESSION_ENDED');
    const { after, timers } = await over;
    expect(timers).toBe(0);
    expect(after).toBeLessThanOrEqual(2 * SECOND);
    await t.close();
  });
});
