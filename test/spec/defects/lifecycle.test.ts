import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { hangs } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createConfigurationService } from '../../../src/services/configuration-service.ts';
import type { PurgeCommand } from '../../../src/services/privacy.ts';
import { createRecoveryRegistrar } from '../../../src/services/recovery-plan.ts';
import { createSessionManager, type SessionManager } from '../../../src/services/session-manager.ts';
import type { SessionManagerOptions } from '../../../src/services/session-manager-options.ts';
import { managed, rejectionOf, SECOND } from '../../support/managed.ts';

function unready(options: Partial<SessionManagerOptions> = {}) {
  const clock = new VirtualClock();
  const provider = new FakeCredentialProvider(clock);
  const purges: PurgeCommand[] = [];
  const issuePurge = async (command: PurgeCommand) => {
    purges.push(command);
    return { target: 'all', status: 'success', clearedCount: 0, retainedCount: 0 } as const;
  };
  const manager = createSessionManager({ clock, credentials: provider, privacy: { issuePurge }, ...options });
  return { manager, clock, provider, purges };
}

/** Every operation, and how it is refused while the manager is not ready. */
const OPERATIONS: Record<string, (manager: SessionManager, id: string) => unknown> = {
  startSession: m => m.startSession(),
  endSession: (m, id) => m.endSession(id),
  'endSession of the current one': m => m.endSession(),
  endSessionSync: (m, id) => m.endSessionSync(id),
  pauseSession: (m, id) => m.pauseSession(id),
  resumeSession: (m, id) => m.resumeSession(id),
  updateSessionConfig: (m, id) => m.updateSessionConfig(id, {}),
  resetInactivityTimer: (m, id) => m.resetInactivityTimer(id),
  reportTransport: (m, id) => m.reportTransport(id, { state: 'connected' }),
  getSessionDiagnostics: (m, id) => m.getSessionDiagnostics(id),
  testSessionHealth: (m, id) => m.testSessionHealth(id),
};

const QUERIES: Record<string, readonly [(manager: SessionManager, id: string) => unknown, unknown]> = {
  isInitialized: [m => m.isInitialized(), false],
  getSessionInfo: [(m, id) => m.getSessionInfo(id), undefined],
  getCurrentSession: [m => m.getCurrentSession(), undefined],
  getAllSessions: [m => m.getAllSessions(), []],
  isSessionActive: [m => m.isSessionActive(), false],
  'isSessionActive of one': [(m, id) => m.isSessionActive(id), false],
  getSessionConfig: [(m, id) => m.getSessionConfig(id), undefined],
  credentialFor: [(m, id) => m.credentialFor(id), undefined],
  getMaxConcurrentSessions: [m => m.getMaxConcurrentSessions(), 3],
};

/** Every operation is refused with the one code, every query is empty, and registrations are harmless. */
async function checkUnready(manager: SessionManager, id: string): Promise<void> {
  for (const [name, call] of Object.entries(OPERATIONS)) {
    const error = await rejectionOf((async () => call(manager, id))());
    expect(error, name).toMatchObject({ name: 'SessionchartError', code: 'MANAGER_NOT_READY' });
  }
  const renewal = await manager.renewSession(id);
  expect(renewal).toMatchObject({ success: false, latencyMs: 0, error: { code: 'MANAGER_NOT_READY' } });
  for (const [name, [query, answer]] of Object.entries(QUERIES)) expect(query(manager, id), name).toEqual(answer);
  manager.onSessionStarted(() => undefined).dispose();
  manager.registerConversationHooks({}).dispose();
  manager.registerRecoveryActions(createRecoveryRegistrar());
}

const LIFECYCLE = ['initialize', 'dispose', 'asyncDispose', 'start', 'advance'] as const;

describe('D43', () => {
  it('[D43] before initialize() every operation is refused with MANAGER_NOT_READY, queries are empty, nothing is asked of anybody', async () => {
    const { manager, clock, provider, purges } = unready();
    await checkUnready(manager, 'any');
    expect([provider.requests, purges, clock.pending]).toEqual([[], [], 0]);
    expect(manager.explain('any')).toBeUndefined();
    await manager.initialize();
    await manager.startSession();
    await manager[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });

  it('[D43] after dispose() the same, for a session that lived and for any other', async () => {
    const { manager, clock, provider } = unready();
    await manager.initialize();
    const { sessionId } = await manager.startSession();
    await manager[Symbol.asyncDispose]();
    await checkUnready(manager, sessionId);
    await checkUnready(manager, 'any');
    expect(await rejectionOf(manager.initialize())).toMatchObject({ code: 'MANAGER_NOT_READY' });
    expect(provider.requests).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('[D43] while a disposal is under way operations are refused too, and what is left of a session is seen as ending', async () => {
    const { manager, clock, provider } = unready();
    await manager.initialize();
    const { sessionId } = await manager.startSession();
    provider.usualRevoke = () => new Promise(() => undefined);
    manager.dispose();
    for (const [name, call] of Object.entries(OPERATIONS)) {
      const error = await rejectionOf((async () => call(manager, sessionId))());
      expect(error, name).toMatchObject({ code: 'MANAGER_NOT_READY' });
    }
    expect(manager.getAllSessions().map(({ state }) => state)).toEqual(['ending']);
    expect(manager.isSessionActive()).toBe(false);
    expect(manager.credentialFor(sessionId)).toBeUndefined();
    await clock.advance(2 * SECOND);
    expect(manager.getAllSessions()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('[D43] lifecycle calls in any order and any number: none throws but initialize() after dispose(), and there is one purge of what is left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...LIFECYCLE), { maxLength: 14 }), async calls => {
        const { manager, clock, provider, purges } = unready();
        let [isReady, isDisposed] = [false, false];
        for (const call of calls) {
          if (call === 'advance') await clock.advance(SECOND);
          else if (call === 'initialize') {
            const outcome = await manager.initialize().then(
              () => 'done',
              ({ code }) => code,
            );
            expect(outcome).toBe(isDisposed ? 'MANAGER_NOT_READY' : 'done');
            isReady = !isDisposed;
          } else if (call === 'start') {
            const outcome = await manager.startSession().then(
              () => 'done',
              ({ code }) => code,
            );
            expect(['done', 'SESSION_LIMIT_REACHED']).toContain(isReady ? outcome : 'done');
            if (!isReady) expect(outcome).toBe('MANAGER_NOT_READY');
          } else {
            if (call === 'dispose') manager.dispose();
            else await manager[Symbol.asyncDispose]();
            [isReady, isDisposed] = [false, true];
          }
          expect(manager.isInitialized()).toBe(isReady);
        }
        await manager[Symbol.asyncDispose]();
        expect(purges.filter(({ correlationId }) => correlationId === undefined)).toHaveLength(1);
        expect(provider.outstanding).toEqual([]);
        expect(clock.pending).toBe(0);
        await checkUnready(manager, 'any');
      }),
      { numRuns: 80 },
    );
  });

  it('[D43] parallel initialize() calls share one run: one subscription', async () => {
    const configuration = createConfigurationService();
    await configuration.initialize();
    const { manager } = unready({ configuration });
    await Promise.all([manager.initialize(), manager.initialize(), manager.initialize()]);
    expect(configuration.getDiagnostics().handlers).toBe(1);
    await manager[Symbol.asyncDispose]();
    expect(configuration.getDiagnostics().handlers).toBe(0);
    configuration.dispose();
  });

  it.each(['configuration', 'credentials'] as const)(
    '[D43] initialize() names the dependency that is not initialised (%s), and works once it is',
    async name => {
      let isUp = false;
      const service = {
        isInitialized: () => isUp,
        mint: async () => ({ secret: 'ek', expiresAt: Number.MAX_SAFE_INTEGER }),
        getSessionConfig: () => ({ maxConcurrentSessions: 3 }),
        onConfigurationChanged: () => ({ dispose: () => undefined }),
      };
      const { manager } = unready({ [name]: service as never });
      const error = await rejectionOf(manager.initialize());
      expect(error).toMatchObject({ code: 'DEPENDENCY_NOT_INITIALIZED', details: { field: name } });
      expect(manager.isInitialized()).toBe(false);
      isUp = true;
      await manager.initialize();
      expect(manager.isInitialized()).toBe(true);
      await manager[Symbol.asyncDispose]();
    },
  );

  it('[D43] a disposal in the midst of a start refuses the start, and one in the midst of a renewal answers it', async () => {
    const world = await managed();
    const { sessionId } = await world.manager.startSession();
    world.provider.next(hangs(), hangs());
    await world.clock.advance(SECOND);
    const renewal = world.manager.renewSession(sessionId);
    const start = rejectionOf(world.manager.startSession());
    await world.settle();
    world.manager.dispose();
    world.manager.dispose();
    await world.settle();
    expect((await start).code).toBe('SESSION_ENDED');
    expect(await renewal).toMatchObject({ success: false });
    await world.close();
  });
});
