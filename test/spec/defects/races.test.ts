import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { answers, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import { keyed } from '../../support/keyed.ts';
import { type KeptEvent, managed, rejectionOf, SECOND } from '../../support/managed.ts';

const channels = (events: readonly KeptEvent[]): string[] => events.map(({ channel }) => channel);
const endedOf = (events: readonly KeptEvent[], id: string) =>
  events.filter(({ channel, event }) => channel === 'ended' && event.sessionId === id);

describe('[D06] an end while the first mint is in flight', () => {
  it.each(['endSession', 'endSessionSync', 'dispose'] as const)(
    '[D06] %s: startSession rejects, the signal fires, what still arrives is released, no started event, no timer',
    async way => {
      const world = await managed();
      const { manager, provider, clock, events } = world;
      provider.next(slowly(5 * SECOND));
      const start = rejectionOf(manager.startSession());
      await clock.advance(SECOND);
      const { sessionId = '' } = manager.getCurrentSession() ?? {};
      const signal = provider.requests[0]?.signal;
      expect(signal?.aborted).toBe(false);

      const end = way === 'dispose' ? manager.dispose() : manager[way](sessionId);
      expect(signal?.aborted, 'at once').toBe(true);
      await end;
      expect(await start).toMatchObject({ code: 'SESSION_ENDED' });
      await world.settle();
      expect(manager.getAllSessions()).toEqual([]);
      expect(clock.pending, 'only the answer that is on its way').toBe(1);
      const told = events.length;

      await clock.advance(4 * SECOND);
      expect(provider.minted).toHaveLength(1);
      expect(provider.outstanding).toEqual([]);
      expect(provider.revoked).toHaveLength(1);
      expect(events).toHaveLength(told);
      expect(channels(events)).not.toContain('started');
      expect(endedOf(events, sessionId)).toHaveLength(1);
      expect(signal === undefined ? [] : getEventListeners(signal, 'abort')).toEqual([]);
      expect(clock.pending).toBe(0);
      await world.close();
    },
  );

  it('[D06] an end while a start waits for its second attempt leaves nothing either', async () => {
    const world = await managed();
    const { manager, provider, clock } = world;
    provider.next(answers(503));
    const start = rejectionOf(manager.startSession());
    await clock.advance(100);
    await manager.endSession();
    expect(await start).toMatchObject({ code: 'SESSION_ENDED' });
    expect(clock.pending).toBe(0);
    await clock.advance(60 * SECOND);
    expect(provider.requests).toHaveLength(1);
    await world.close();
  });

  it('[D06] a key service that is disposed of with a request in flight stores nothing, arms nothing and tells nobody', async () => {
    const world = await keyed();
    const { keys, manager, endpoint, clock } = world;
    const told: unknown[] = [];
    keys.onKeyRenewed(event => told.push(event));
    keys.onAuthenticationError(event => told.push(event));
    let answer: (response: Response) => void = () => undefined;
    endpoint.next(
      () => new Promise(resolve => (answer = resolve)),
      () => new Promise(resolve => (answer = resolve)),
    );
    const request = keys.requestEphemeralKey();
    const start = rejectionOf(manager.startSession({ maxRetryAttempts: 1 }));
    await world.settle();
    expect(endpoint.calls).toHaveLength(2);
    keys.dispose();
    expect(endpoint.calls.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    answer(Response.json({ value: 'ek_late', expires_at: clock.wall() / 1_000 + 60 }));
    await world.settle();
    expect(await request).toMatchObject({ success: false, error: { code: 'OPERATION_ABORTED' } });
    expect(await start).toMatchObject({ code: 'SESSION_START_FAILED' });
    expect(keys.getCurrentKey()).toBeUndefined();
    expect(told).toEqual([]);
    expect(clock.pending).toBe(0);
    expect(JSON.stringify(world.log.lines)).not.toContain('ek_late');
    await world.close();
  });
});

describe('[D07] an end while a renewal is in flight', () => {
  it.each(['endSession', 'endSessionSync', 'dispose'] as const)(
    '[D07] %s: an answer to an attempt that is over changes nothing',
    async way => {
      const world = await managed();
      const { manager, provider, clock, events } = world;
      const { sessionId } = await manager.startSession();
      await clock.advance(2 * SECOND);
      provider.next(slowly(5 * SECOND));
      const renewal = manager.renewSession(sessionId);
      await clock.advance(SECOND);
      await (way === 'dispose' ? manager.dispose() : manager[way](sessionId));
      expect(await renewal).toMatchObject({ success: false, sessionId, error: { code: 'OPERATION_ABORTED' } });
      await world.settle();
      expect(manager.getSessionInfo(sessionId)).toBeUndefined();
      expect(endedOf(events, sessionId)).toHaveLength(1);
      const told = events.length;
      expect(channels(events).at(-1), 'nothing follows ended').toBe('ended');
      await clock.advance(10 * SECOND);
      expect(events).toHaveLength(told);
      expect(manager.getSessionInfo(sessionId)).toBeUndefined();
      expect(provider.minted).toHaveLength(2);
      expect(provider.revoked).toHaveLength(2);
      expect(provider.outstanding).toEqual([]);
      await world.close();
    },
  );

  it('[D07] an answer that comes after its own deadline does not replace the one of the next attempt', async () => {
    const world = await managed({ config: { retryBackoffMs: 1 } });
    const { manager, provider, clock } = world;
    provider.next(slowly(15 * SECOND));
    const start = manager.startSession();
    await clock.advance(12 * SECOND);
    const { sessionId } = await start;
    const secret = manager.credentialFor(sessionId)?.reveal();
    await clock.advance(5 * SECOND); // the first answer arrives
    expect(provider.minted).toHaveLength(2);
    expect(manager.credentialFor(sessionId)?.reveal()).toBe(secret);
    expect(provider.outstanding).toEqual([secret]);
    await world.close();
  });
});

describe('[D08] single flight', () => {
  it('[D08] parallel ends of a session are one end: one release and one ended', async () => {
    const world = await managed();
    const { manager, provider, events } = world;
    const { sessionId } = await manager.startSession();
    await Promise.all([manager.endSession(sessionId), manager.endSession(sessionId), manager.endSession()]);
    expect(provider.revoked).toHaveLength(1);
    expect(endedOf(events, sessionId)).toHaveLength(1);
    await world.close();
  });

  it.each(['by hand', 'automatic'] as const)(
    '[D08] parallel renewals, the first %s, are one: one mint, one started/completed pair, renewalCount + 1, the same result for all',
    async first => {
      const world = await managed();
      const { manager, provider, clock, events } = world;
      const { sessionId } = await manager.startSession();
      await clock.advance(first === 'automatic' ? 49 * SECOND : 2 * SECOND);
      provider.next(slowly(2 * SECOND));
      if (first === 'automatic') await clock.advance(SECOND);
      const calls = [manager.renewSession(sessionId), manager.renewSession(sessionId)];
      await clock.advance(SECOND);
      calls.push(manager.renewSession(sessionId));
      await clock.advance(SECOND);
      const results = await Promise.all(calls);
      expect(results[0]).toMatchObject({ success: true, latencyMs: 2 * SECOND });
      expect(results).toEqual([results[0], results[0], results[0]]);
      expect(provider.requests).toHaveLength(2);
      const renewals = events.filter(({ channel }) => channel === 'renewed').map(({ event }) => event.type);
      expect(renewals).toEqual(['renewal-started', 'renewal-completed']);
      expect(manager.getSessionInfo(sessionId)?.statistics.renewalCount).toBe(1);
      await world.close();
    },
  );

  it('[D08] parallel renewals that fail share the failure, and the next call is a new try', async () => {
    const world = await managed();
    const { manager, provider, clock } = world;
    const { sessionId } = await manager.startSession();
    await clock.advance(2 * SECOND);
    provider.next(answers(403));
    const results = await Promise.all([1, 2, 3].map(() => manager.renewSession(sessionId)));
    expect(results[0]).toMatchObject({ success: false, error: { context: { cause: 'INSUFFICIENT_PERMISSIONS' } } });
    expect(results).toEqual([results[0], results[0], results[0]]);
    expect(provider.requests).toHaveLength(2);
    await clock.advance(2 * SECOND);
    expect(await manager.renewSession(sessionId)).toMatchObject({ success: true });
    await world.close();
  });

  it('[D08] coalescing is per session, never across sessions: sessions that start and renew together mint apart', async () => {
    const world = await keyed();
    const { manager, endpoint, clock } = world;
    const infos = await Promise.all([1, 2, 3].map(() => manager.startSession()));
    expect(endpoint.calls).toHaveLength(3);
    await clock.advance(2 * SECOND);
    await Promise.all(infos.map(({ sessionId }) => manager.renewSession(sessionId)));
    expect(endpoint.calls).toHaveLength(6);
    const secrets = infos.map(({ sessionId }) => manager.credentialFor(sessionId)?.reveal());
    expect(new Set(secrets).size).toBe(3);
    await world.close();
  });

  it('[D08] three parallel key requests of the key service are one POST with one result; those for different sessions are not', async () => {
    const world = await keyed();
    const { keys, endpoint } = world;
    const results = await Promise.all([1, 2, 3].map(() => keys.requestEphemeralKey()));
    expect(endpoint.calls).toHaveLength(1);
    expect(new Set(results.map(({ ephemeralKey }) => ephemeralKey?.reveal()))).toEqual(new Set(['ek_key_1']));
    const apart = await Promise.all(['a', 'b'].map(id => keys.requestEphemeralKey(id)));
    expect(endpoint.calls).toHaveLength(3);
    expect(new Set(apart.map(({ ephemeralKey }) => ephemeralKey?.reveal())).size).toBe(2);
    await world.close();
  });
});
