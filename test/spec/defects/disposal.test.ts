import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, hangs } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createConfigurationService } from '../../../src/services/configuration-service.ts';
import { memorySource } from '../../../src/services/memory-source.ts';
import { createSessionManager } from '../../../src/services/session-manager.ts';
import { keyed, SILENT } from '../../support/keyed.ts';
import { type KeptEvent, keepEvents, managed, rejectionOf, SECOND } from '../../support/managed.ts';

const endedOf = (events: readonly KeptEvent[], id: string) =>
  events.filter(({ channel, event }) => channel === 'ended' && event.sessionId === id);

describe('[D09] disposal', () => {
  it('[D09] gives every session in every state one ended with a reason before listeners go, starts every release, and is done within 2 s though the provider never answers', async () => {
    const clock = new VirtualClock();
    const provider = new FakeCredentialProvider(clock);
    const configuration = createConfigurationService({ source: memorySource() });
    await configuration.initialize();
    let subscriptions = 0;
    const subscribe = configuration.onConfigurationChanged.bind(configuration);
    configuration.onConfigurationChanged = handler => {
      const subscription = subscribe(handler);
      subscriptions += 1;
      return {
        dispose() {
          subscription.dispose();
          subscriptions -= 1;
        },
      };
    };
    const manager = createSessionManager({
      clock,
      credentials: provider,
      configuration,
      limit: 6,
      whenFull: 'queue',
      config: { maxRetryAttempts: 2, retryBackoffMs: 5_000 },
    });
    await manager.initialize();
    const events = keepEvents(manager);
    const start = async () => (await manager.startSession()).sessionId;
    const [active, renewing, paused, ending, failed] = await Promise.all([start(), start(), start(), start(), start()]);
    await clock.advance(2 * SECOND);
    await manager.pauseSession(paused);
    provider.next(answers(401));
    await manager.renewSession(failed);
    provider.usualRevoke = () => new Promise(() => undefined); // from now on it never answers
    provider.next(hangs(), hangs(), answers(503));
    const renewal = manager.renewSession(renewing);
    const starting = rejectionOf(manager.startSession());
    const backingOff = rejectionOf(manager.startSession());
    manager.endSessionSync(ending);
    const queued = rejectionOf(manager.startSession());
    await clock.advance(100);
    expect(
      manager
        .getAllSessions()
        .map(({ state }) => state)
        .toSorted(),
    ).toEqual(['active', 'ending', 'failed', 'paused', 'renewing', 'starting', 'starting']);
    const ids = manager.getAllSessions().map(({ sessionId }) => sessionId);
    expect(subscriptions).toBe(1);
    const revoked = provider.revoked.length;

    const disposedAt = clock.now();
    manager.dispose();
    await clock.advance(0);
    expect(provider.revoked.length - revoked, 'releases of active, renewing and paused were started').toBe(3);
    const done = manager[Symbol.asyncDispose]().then(() => clock.now());
    await clock.advance(2 * SECOND);
    expect((await done) - disposedAt).toBeLessThanOrEqual(2 * SECOND);

    for (const id of ids) expect(endedOf(events, id), id).toHaveLength(1);
    const reasons = Object.fromEntries(ids.map(id => [id, endedOf(events, id)[0]?.event.reason]));
    expect(reasons).toMatchObject({
      [active]: 'disposed',
      [renewing]: 'disposed',
      [paused]: 'disposed',
      [ending]: 'user',
      [failed]: 'credential-fatal',
    });
    const unfinished = Object.fromEntries(ids.map(id => [id, endedOf(events, id)[0]?.event.unfinished]));
    expect(unfinished).toMatchObject({
      ...Object.fromEntries([active, renewing, paused, ending].map(id => [id, ['RELEASE_TIMEOUT']])),
      [failed]: [],
    });
    expect(await renewal).toMatchObject({ success: false });
    for (const refused of [starting, backingOff, queued])
      expect(await refused).toMatchObject({ code: 'SESSION_ENDED' });
    expect(clock.pending, 'timers').toBe(0);
    expect(subscriptions).toBe(0);
    const told = events.length;
    await clock.advance(600 * SECOND);
    expect(events).toHaveLength(told);
    expect(manager.getAllSessions()).toEqual([]);
    configuration.dispose();
  });

  it('[D09] with hooks, a purge and a provider that never settle it is done within 2 s as well, and leaves no timer', async () => {
    const never = () => new Promise<never>(() => undefined);
    const world = await managed({
      privacy: { issuePurge: never },
      hooks: { onSessionEnding: never },
    });
    const { manager, provider, clock, events } = world;
    const { sessionId } = await manager.startSession();
    provider.usualRevoke = never;
    const disposedAt = clock.now();
    const done = manager[Symbol.asyncDispose]().then(() => clock.now());
    await clock.advance(2 * SECOND);
    expect(endedOf(events, sessionId)[0]?.event.unfinished).toEqual([
      'HOOK_TIMEOUT',
      'RELEASE_TIMEOUT',
      'PURGE_TIMEOUT',
    ]);
    expect(clock.pending).toBe(0);
    expect((await done) - disposedAt).toBeLessThanOrEqual(2 * SECOND);
    await world.close();
  });

  it('[D09] no timer outlives a disposal because of a hook that hangs', async () => {
    const world = await managed({ hooks: { onSessionEnding: () => new Promise(() => undefined) } });
    const { manager, clock } = world;
    await manager.startSession();
    const done = manager[Symbol.asyncDispose]().then(() => clock.pending);
    await clock.advance(2 * SECOND);
    expect(await done).toBe(0);
    await world.close();
  });

  it('[D09] a key service under the manager is left without a request, a timer and a listener', async () => {
    const world = await keyed();
    const { manager, keys, endpoint, clock } = world;
    await manager.startSession();
    endpoint.usual = SILENT;
    const starting = rejectionOf(manager.startSession());
    await clock.advance(SECOND);
    await Promise.all([manager[Symbol.asyncDispose](), clock.advance(0)]);
    expect(await starting).toMatchObject({ code: 'SESSION_ENDED' });
    expect(endpoint.calls.at(-1)?.signal.aborted).toBe(true);
    keys.dispose();
    expect(clock.pending).toBe(0);
    await world.close();
  });
});
