import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createConfigurationService } from '../../../src/services/configuration-service.ts';
import { memorySource } from '../../../src/services/memory-source.ts';
import { createRecoveryExecutor } from '../../../src/services/recovery-executor.ts';
import { createSessionManager } from '../../../src/services/session-manager.ts';
import type { SessionManagerOptions } from '../../../src/services/session-manager-options.ts';
import { FragileClock } from '../../support/fragile-clock.ts';
import { KeptLog, managed, rejectionOf, SECOND } from '../../support/managed.ts';

/** How many of `crashes` crashes in a row, `apartMs` apart, a session outlives under this restart budget. */
async function survived(restarts: NonNullable<SessionManagerOptions['restarts']>, crashes: number, apartMs: number) {
  const clock = new FragileClock();
  const manager = createSessionManager({ clock, credentials: new FakeCredentialProvider(clock), restarts });
  await manager.initialize();
  const { sessionId } = await manager.startSession();
  let outlived = 0;
  for (let i = 0; i < crashes; i++) {
    clock.isBroken = true;
    await manager.resetInactivityTimer(sessionId);
    clock.isBroken = false;
    await clock.advance(apartMs);
    if (manager.isSessionActive(sessionId)) outlived++;
  }
  manager.dispose();
  await clock.advance(5 * SECOND);
  expect(clock.pending).toBe(0);
  return outlived;
}

/** One test per option: its documented effect. The type makes the list complete. */
const EFFECTS: { readonly [Name in keyof Required<SessionManagerOptions>]: readonly [string, () => Promise<void>] } = {
  clock: [
    'is the time that the sessions live by',
    async () => {
      const world = await managed();
      const { sessionId } = await world.manager.startSession();
      await world.clock.advance(5 * 60 * SECOND);
      expect(world.manager.explain(sessionId)?.reason).toBe('idle');
      await world.close();
    },
  ],
  config: [
    'holds the defaults for the sessions',
    async () => {
      const world = await managed({ config: { heartbeatIntervalSeconds: 3 } });
      const { sessionId } = await world.manager.startSession();
      await world.clock.advance(9 * SECOND);
      expect(world.manager.getSessionInfo(sessionId)?.statistics.heartbeatCount).toBe(3);
      await world.close();
    },
  ],
  configuration: [
    'is subscribed to once, at initialize(), and let go at dispose()',
    async () => {
      const source = memorySource({ session: { heartbeatIntervalSeconds: 9 } });
      const configuration = createConfigurationService({ source });
      expect(await rejectionOf(managed({ configuration }))).toMatchObject({ code: 'DEPENDENCY_NOT_INITIALIZED' });
      await configuration.initialize();
      const world = await managed({ configuration });
      await Promise.all([world.manager.initialize(), world.manager.initialize()]);
      expect(configuration.getDiagnostics().handlers).toBe(1);
      expect((await world.manager.startSession()).config.heartbeatIntervalSeconds).toBe(9);
      await world.close();
      expect(configuration.getDiagnostics().handlers).toBe(0);
      configuration.dispose();
    },
  ],
  createSessionId: [
    'names the sessions; a name that will not do is refused before anything has happened',
    async () => {
      const names: unknown[] = ['first', 'second', 'first', '', 7];
      const world = await managed({ createSessionId: () => names.shift() as string });
      expect((await world.manager.startSession()).sessionId).toBe('first');
      expect((await world.manager.startSession()).sessionId).toBe('second');
      const refused = /^createSessionId\(\) is ("first"|""|7); allowed: a text of 1 to 200 characters/;
      for (let i = 0; i < 3; i++) await expect(world.manager.startSession()).rejects.toThrow(refused);
      expect(world.provider.requests).toHaveLength(2);
      await world.close();
      const notOne = 'session-1' as unknown as () => string;
      expect(() => createSessionManager({ createSessionId: notOne })).toThrow('createSessionId is "session-1"');
    },
  ],
  credentials: [
    'mints for each session; without it sessions have no credential',
    async () => {
      const world = await managed();
      const { sessionId } = await world.manager.startSession();
      expect(world.manager.credentialFor(sessionId)?.reveal()).toBe(world.provider.minted[0]?.secret);
      await world.close();
      const clock = new VirtualClock();
      const bare = createSessionManager({ clock });
      await bare.initialize();
      const info = await bare.startSession();
      expect(info).toMatchObject({ state: 'active' });
      expect(bare.credentialFor(info.sessionId)).toBeUndefined();
      await bare[Symbol.asyncDispose]();
    },
  ],
  driver: [
    'opens, probes and closes the channel of each session',
    async () => {
      const calls: string[] = [];
      const driver: SessionManagerOptions['driver'] = {
        open: async ({ credential }) => void calls.push(credential === undefined ? 'open bare' : 'open') as undefined,
        probe: async () => void calls.push('probe'),
        close: async () => void calls.push('close'),
      };
      const world = await managed({ driver });
      const { sessionId } = await world.manager.startSession();
      await world.clock.advance(30 * SECOND);
      await world.manager.endSession(sessionId);
      expect(calls).toEqual(['open', 'probe', 'close']);
      await world.close();
    },
  ],
  hooks: [
    'is the first set of conversation hooks',
    async () => {
      const calls: string[] = [];
      const world = await managed({ hooks: { onSessionReady: ({ state }) => void calls.push(`ready ${state}`) } });
      await world.manager.startSession();
      expect(calls).toEqual(['ready active']);
      await world.close();
    },
  ],
  inspect: [
    'is told of the events in the actor system',
    async () => {
      const seen = new Set<string>();
      const world = await managed({ inspect: ({ type }) => void seen.add(type) });
      await world.manager.startSession();
      expect([...seen]).toEqual(expect.arrayContaining(['@xstate.actor', '@xstate.event', '@xstate.snapshot']));
      await world.close();
      const observed = new Set<string>();
      const other = await managed({ inspect: { next: ({ type }) => void observed.add(type) } });
      await other.manager.startSession();
      expect(observed).toEqual(seen);
      await other.close();
    },
  ],
  limit: [
    'bounds the sessions that are live at once',
    async () => {
      const world = await managed({ limit: 2 });
      expect(world.manager.getMaxConcurrentSessions()).toBe(2);
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => world.manager.startSession()));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
      await world.close();
    },
  ],
  logger: [
    'is told what happens',
    async () => {
      const log = new KeptLog();
      const world = await managed({ logger: log });
      await world.manager.startSession();
      expect(log.lines.length).toBeGreaterThan(0);
      await world.close();
    },
  ],
  privacy: [
    'purges what a session leaves behind',
    async () => {
      const purged: unknown[] = [];
      const issuePurge = async (command: { correlationId?: string }) => {
        purged.push(command.correlationId);
        return { target: 'all', status: 'success', clearedCount: 0, retainedCount: 0 } as const;
      };
      const world = await managed({ privacy: { issuePurge } });
      const { sessionId } = await world.manager.startSession();
      await world.manager.endSession(sessionId);
      expect(purged).toEqual([sessionId]);
      await world.close();
    },
  ],
  queueLimit: [
    'bounds the starts that wait; 0 lets none wait',
    async () => {
      for (const queueLimit of [0, 1, 2]) {
        const world = await managed({ limit: 1, whenFull: 'queue', queueLimit });
        await world.manager.startSession();
        const codes: string[] = [];
        for (let i = 0; i < 4; i++) world.manager.startSession().catch(({ code }) => codes.push(code));
        await world.settle();
        expect(codes).toEqual(Array.from({ length: 4 - queueLimit }, () => 'SESSION_QUEUE_FULL'));
        await world.close();
      }
    },
  ],
  recovery: [
    'runs each attempt to obtain a credential, and its plan for a session that fails',
    async () => {
      const clock = new VirtualClock();
      const inner = createRecoveryExecutor({ clock });
      const operations: string[] = [];
      const targets: string[] = [];
      const executor: typeof inner = Object.assign(Object.create(inner), {
        execute: (operation: never, options: Parameters<typeof inner.execute>[1]) => {
          operations.push(options.operation);
          return inner.execute(operation, options);
        },
      });
      const execute = async ({ sessionId }: { sessionId: string }) => {
        targets.push(sessionId);
        return { success: true, durationMs: 0 };
      };
      const plan = { steps: [{ id: 'NOTE', description: 'Notes it.', execute }], notifyUser: false };
      const world = await managed({
        clock,
        recovery: { executor, plan },
        provider: () => new FakeCredentialProvider(clock),
      });
      const { sessionId } = await world.manager.startSession();
      await clock.advance(SECOND); // two mints are never closer
      world.provider.next(answers(401));
      await world.manager.renewSession(sessionId);
      expect(operations).toEqual(['startSession:requestEphemeralKey', 'renewSession:requestEphemeralKey']);
      expect(targets).toEqual([sessionId]);
      await world.manager[Symbol.asyncDispose]();
      inner.dispose();
      expect(clock.pending).toBe(0);
    },
  ],
  restarts: [
    'starts crashed sessions again, `max` times within `windowMs`',
    async () => {
      expect(await survived({ max: 0 }, 1, SECOND)).toBe(0);
      expect(await survived({ max: 2 }, 4, SECOND)).toBe(2);
      expect(await survived({ max: 2, windowMs: 10 * SECOND }, 6, 6 * SECOND)).toBe(6);
    },
  ],
  whenFull: [
    'refuses, queues or evicts the session that has been idle for longest',
    async () => {
      const rejecting = await managed({ limit: 1, whenFull: 'reject' });
      await rejecting.manager.startSession();
      const refusal = await rejectionOf(rejecting.manager.startSession());
      expect(refusal).toMatchObject({ code: 'SESSION_LIMIT_REACHED' });
      await rejecting.close();

      const queueing = await managed({ limit: 1, whenFull: 'queue' });
      const first = await queueing.manager.startSession();
      const second = queueing.manager.startSession();
      await queueing.manager.endSession(first.sessionId);
      expect((await second).state).toBe('active');
      await queueing.close();

      const evicting = await managed({ limit: 2, whenFull: 'evict-idle' });
      const [idle, used] = [await evicting.manager.startSession(), await evicting.manager.startSession()];
      await evicting.manager.startSession();
      expect(evicting.manager.explain(idle.sessionId)?.reason).toBe('evicted');
      expect(evicting.manager.isSessionActive(used.sessionId)).toBe(true);
      await evicting.close();
    },
  ],
};

describe('D28', () => {
  for (const [name, [effect, prove]] of Object.entries(EFFECTS)) it(`[D28] option ${name}: ${effect}`, prove);

  it('[D28] an option that does not exist is refused, so that none is read by nobody', () => {
    const options = { limits: 5 } as unknown as SessionManagerOptions;
    expect(() => createSessionManager(options)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
  });

  it('[D28] options are copied: what the caller does to them later changes nothing', async () => {
    const config = { heartbeatIntervalSeconds: 3 };
    const world = await managed({ config });
    config.heartbeatIntervalSeconds = 4;
    expect((await world.manager.startSession()).config.heartbeatIntervalSeconds).toBe(3);
    await world.close();
  });
});
