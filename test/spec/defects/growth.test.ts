import { Session } from 'node:inspector/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnyActorRef } from 'xstate';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { mints } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createPrivacyController } from '../../../src/services/privacy.ts';
import { createSessionManager, type SessionManager } from '../../../src/services/session-manager.ts';
import { HOUR } from '../../support/managed.ts';

const FEW = 20;
const MANY = 4_000;

/** A timer heap goes log2(MANY / FEW), about 8 levels deeper, for each of a handful of timers; a walk costs MANY. */
const DEEPER_HEAP = 1_000;

type Owner = Record<PropertyKey, unknown>;
const WALKERS: readonly [Owner, readonly PropertyKey[]][] = [
  [Map.prototype as never, ['keys', 'values', 'entries', 'forEach', Symbol.iterator]],
  [Set.prototype as never, ['keys', 'values', 'entries', 'forEach', Symbol.iterator]],
  [
    Array.prototype as never,
    [
      'includes',
      'indexOf',
      'find',
      'findIndex',
      'filter',
      'map',
      'some',
      'every',
      'forEach',
      'slice',
      'splice',
      'sort',
    ],
  ],
];

/** Counts the elements of every collection that is walked by native code while `work` runs. */
async function elementsWalked(work: () => Promise<unknown>): Promise<number> {
  let walked = 0;
  const restore: (() => void)[] = [];
  for (const [owner, names] of WALKERS) {
    for (const name of names) {
      const native = owner[name] as (...args: unknown[]) => unknown;
      owner[name] = function (this: { size?: number; length?: number }, ...args: unknown[]) {
        walked += this.size ?? this.length ?? 0;
        return native.apply(this, args);
      };
      restore.push(() => Object.assign(owner, { [name]: native }));
    }
  }
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return walked;
}

const inspector = new Session();

/** Counts the calls and loop turns of our code and XState's while `work` runs, as the engine counts them. */
async function stepsTaken(work: () => Promise<unknown>): Promise<number> {
  await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  await work();
  const { result } = await inspector.post('Profiler.takePreciseCoverage');
  await inspector.post('Profiler.stopPreciseCoverage');
  const own = result.filter(({ url }) => /\/src\/(actors|machines|services)\/|\/xstate\//.test(url));
  return own.flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges)).reduce((sum, r) => sum + r.count, 0);
}

interface Crowd {
  readonly manager: SessionManager;
  readonly clock: VirtualClock;
  readonly coordinator: AnyActorRef;
  /** One more session, and time passed since, so that it may renew. */
  next(): Promise<string>;
}

/** A manager with `n` live sessions, a privacy controller that knows all of them, and listeners. */
async function crowd(n: number): Promise<Crowd> {
  const clock = new VirtualClock();
  const credentials = new FakeCredentialProvider(clock, mints(100 * HOUR));
  const privacy = createPrivacyController({ clock });
  let coordinator: AnyActorRef | undefined;
  const manager = createSessionManager({
    clock,
    credentials,
    privacy,
    limit: MANY + 200,
    inspect: ({ actorRef, rootId }) => {
      if (actorRef.sessionId === rootId) coordinator = actorRef as AnyActorRef;
    },
  });
  await manager.initialize();
  manager.onSessionStateChanged(() => undefined);
  const start = async () => {
    const { sessionId } = await manager.startSession({ enableInactivityTimeout: false, enableHeartbeat: false });
    privacy.register('audio', { purge: () => ({ cleared: 1 }) }, sessionId);
    return sessionId;
  };
  for (let i = 0; i < n; i++) await start();
  const next = async () => {
    const sessionId = await start();
    await clock.advance(2_000);
    return sessionId;
  };
  return { manager, clock, coordinator: coordinator ?? expect.fail('no coordinator was seen'), next };
}

const OPERATIONS: Record<string, (manager: SessionManager, id: string) => unknown> = {
  startSession: m => m.startSession(),
  endSession: (m, id) => m.endSession(id),
  'endSession of the current one': m => m.endSession(),
  renewSession: (m, id) => m.renewSession(id),
  'pauseSession and resumeSession': async (m, id) => {
    await m.pauseSession(id);
    await m.resumeSession(id);
  },
  updateSessionConfig: (m, id) => m.updateSessionConfig(id, { heartbeatIntervalSeconds: 77 }),
  resetInactivityTimer: (m, id) => m.resetInactivityTimer(id),
  reportTransport: (m, id) => m.reportTransport(id, { state: 'connected' }),
  getSessionInfo: (m, id) => m.getSessionInfo(id),
  getCurrentSession: m => m.getCurrentSession(),
  isSessionActive: (m, id) => m.isSessionActive(id),
  'isSessionActive of the current one': m => m.isSessionActive(),
  getSessionConfig: (m, id) => m.getSessionConfig(id),
  credentialFor: (m, id) => m.credentialFor(id),
  getSessionDiagnostics: (m, id) => m.getSessionDiagnostics(id),
  testSessionHealth: (m, id) => m.testSessionHealth(id),
  explain: (m, id) => m.explain(id),
};

describe('D46', () => {
  let few: Crowd;
  let many: Crowd;

  beforeAll(async () => {
    inspector.connect();
    await inspector.post('Profiler.enable');
    [few, many] = [await crowd(FEW), await crowd(MANY)];
  });
  afterAll(async () => {
    inspector.disconnect();
    for (const { manager, clock } of [few, many]) {
      await manager[Symbol.asyncDispose]();
      expect(clock.pending).toBe(0);
    }
  });

  for (const [name, operate] of Object.entries(OPERATIONS)) {
    it(`[D46] ${name} takes as many steps among ${MANY} live sessions as among ${FEW}, and walks no collection of them`, async () => {
      const measured = async ({ manager, next }: Crowd) => {
        const run = (id: string) => async () => operate(manager, id);
        await run(await next())(); // what is done but once in a process is not counted
        return { steps: await stepsTaken(run(await next())), walked: await elementsWalked(run(await next())) };
      };
      const [small, large] = [await measured(few), await measured(many)];
      expect(small.steps).toBeGreaterThan(0);
      expect(large.steps - small.steps).toBeLessThan(DEEPER_HEAP);
      expect(large.walked - small.walked).toBeLessThan(FEW);
    });
  }

  const sizeOf = ({ coordinator }: Crowd) => {
    const { context, children } = coordinator.getSnapshot();
    return [Object.keys(children).length, JSON.stringify(context).replace(/\d+/g, '0').length];
  };

  it('[D46] the coordinator keeps counts, not sessions: its state and its children are as large with many as with few', () => {
    expect(sizeOf(many)).toEqual(sizeOf(few));
  });

  it('[D46] nor does it grow with sessions that have ended', async () => {
    const before = sizeOf(few);
    for (let i = 0; i < 100; i++) await few.manager.endSession(await few.next());
    expect(sizeOf(few)).toEqual(before);
  });
});
