import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import {
  createPrivacyController,
  type PrivacyRegistry,
  type PurgeCommand,
  type PurgeReason,
} from '../../../src/services/privacy.ts';
import { createRecoveryRegistrar, runRecoveryPlan } from '../../../src/services/recovery-plan.ts';
import { createSessionManager } from '../../../src/services/session-manager.ts';
import type { SessionManagerOptions } from '../../../src/services/session-manager-options.ts';
import { FragileClock } from '../../support/fragile-clock.ts';
import { type Managed, MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

interface Guarded extends Managed {
  readonly commands: PurgeCommand[];
  /** Data that each session leaves behind, by session. */
  readonly data: Map<string, number>;
  /** Starts a session that leaves data behind. */
  start(): Promise<string>;
  close(): Promise<void>;
}

/** A manager with the real privacy controller, whose commands are written down. */
async function guarded(options: Partial<SessionManagerOptions> = {}): Promise<Guarded> {
  const clock = new VirtualClock();
  const registry: PrivacyRegistry = createPrivacyController({ clock });
  const commands: PurgeCommand[] = [];
  const data = new Map<string, number>();
  registry.register('logs', { purge: id => ({ cleared: id === undefined ? data.size : Number(data.delete(id)) }) });
  const issuePurge = (command: PurgeCommand) => {
    commands.push(command);
    return registry.issuePurge(command);
  };
  const provider = new FakeCredentialProvider(clock);
  const world = await managed({ privacy: { issuePurge }, ...options, clock, provider: () => provider });
  return {
    ...world,
    clock,
    provider,
    commands,
    data,
    settle: () => clock.advance(0),
    async start() {
      const { sessionId } = await world.manager.startSession();
      data.set(sessionId, 1);
      registry.register('transcripts', { purge: () => ({ cleared: 1 }) }, sessionId);
      return sessionId;
    },
    async close() {
      await world.manager[Symbol.asyncDispose]();
      expect(clock.pending).toBe(0);
    },
  };
}

type Ending = (world: Guarded, sessionId: string) => Promise<unknown>;

const ENDINGS: readonly [string, PurgeReason, Partial<SessionManagerOptions>, Ending][] = [
  ['the user', 'user-requested', {}, ({ manager }, id) => manager.endSession(id)],
  ['the user, without waiting', 'user-requested', {}, async ({ manager }, id) => manager.endSessionSync(id)],
  ['being idle', 'session-timeout', {}, ({ clock }) => clock.advance(5 * MINUTE)],
  ['its lifetime', 'session-timeout', { config: { maxDurationMinutes: 2 } }, ({ clock }) => clock.advance(2 * MINUTE)],
  ['the provider', 'session-timeout', {}, ({ manager }, id) => manager.endSession(id, 'provider-ended')],
  ['a lost connection', 'error-recovery', {}, ({ manager }, id) => manager.endSession(id, 'connection-lost')],
  ['recovery', 'error-recovery', {}, ({ manager }, id) => manager.endSession(id, 'recovery')],
  [
    'a renewal that failed for good',
    'error-recovery',
    {},
    async ({ manager, provider, clock }, id) => {
      await clock.advance(SECOND);
      provider.next(answers(401));
      await manager.renewSession(id);
      await manager.endSession(id);
    },
  ],
  [
    'eviction',
    'policy-update',
    { limit: 2, whenFull: 'evict-idle' },
    async ({ manager, settle }) => {
      await manager.startSession();
      await settle();
    },
  ],
];

describe('D42', () => {
  it.each(ENDINGS)(
    '[D42] an end by %s is one purge, for the ended session alone, with the reason %s',
    async (_, reason, options, end) => {
      const world = await guarded(options);
      const a = await world.start();
      const b = await world.start();
      await world.manager.resetInactivityTimer(b);
      if (reason === 'session-timeout') await world.manager.updateSessionConfig(b, { enableInactivityTimeout: false });
      if (options.config !== undefined) await world.manager.updateSessionConfig(b, { maxDurationMinutes: 1_440 });
      await end(world, a);
      await world.settle();
      const issuedAt = new Date(world.clock.wall()).toISOString();
      expect(world.commands).toEqual([{ type: 'privacy.purge', target: 'all', reason, issuedAt, correlationId: a }]);
      expect([...world.data.keys()]).toEqual([b]);
      await world.manager.endSession(a);
      expect(world.commands).toHaveLength(1);
      await world.close();
    },
  );

  it('[D42] ended many times at once: one purge', async () => {
    const world = await guarded();
    const a = await world.start();
    await Promise.all([world.manager.endSession(a), world.manager.endSession(), world.manager.endSession(a)]);
    expect(world.commands.map(({ correlationId }) => correlationId)).toEqual([a]);
    await world.close();
  });

  it('[D42] a disposal purges each session by its own id, as a matter of policy, and then once what is left of any', async () => {
    const world = await guarded();
    const ids = [await world.start(), await world.start()];
    await world.close();
    expect(world.commands.map(({ correlationId }) => correlationId)).toEqual([...ids, undefined]);
    expect(new Set(world.commands.map(({ reason }) => reason))).toEqual(new Set(['policy-update']));
  });

  it('[D42] recovery that ends and purges a session is one purge; a session that lives on is purged on demand', async () => {
    const world = await guarded();
    const [a, b] = [await world.start(), await world.start()];
    const registrar = createRecoveryRegistrar();
    world.manager.registerRecoveryActions(registrar);
    const plan = registrar.toRecoveryPlan();
    await runRecoveryPlan(plan, { sessionId: a }, { clock: world.clock });
    await runRecoveryPlan(plan, { sessionId: a }, { clock: world.clock });
    expect(world.commands).toMatchObject([{ correlationId: a, reason: 'error-recovery' }]);
    expect([...world.data.keys()]).toEqual([b]);
    const purgeOnly = { ...plan, steps: plan.steps.filter(({ id }) => id === 'SESSION_PURGE_PRIVACY') };
    await runRecoveryPlan(purgeOnly, { sessionId: b }, { clock: world.clock });
    expect(world.commands.slice(1)).toMatchObject([{ correlationId: b, reason: 'error-recovery' }]);
    expect(world.manager.isSessionActive(b)).toBe(true);
    await world.close();
  });

  it('[D42] a purge that failed with the end is tried again by the recovery step', async () => {
    let works = false;
    const issued: PurgeCommand[] = [];
    const issuePurge = async (command: PurgeCommand) => {
      issued.push(command);
      return { target: 'all', status: works ? 'success' : 'failed', clearedCount: 0, retainedCount: 0 } as const;
    };
    const world = await managed({ privacy: { issuePurge } });
    const { sessionId } = await world.manager.startSession();
    await world.manager.endSession(sessionId);
    expect(world.manager.explain(sessionId)?.unfinished).toEqual(['PURGE_FAILED']);
    works = true;
    const registrar = createRecoveryRegistrar();
    world.manager.registerRecoveryActions(registrar);
    const { success } = await runRecoveryPlan(registrar.toRecoveryPlan(), { sessionId }, { clock: world.clock });
    expect(success).toBe(true);
    expect(issued.map(({ correlationId }) => correlationId)).toEqual([sessionId, sessionId]);
    await world.close();
  });

  it('[D42] a purge step without a target purges nothing, not even by accident everything', async () => {
    const world = await guarded();
    await world.start();
    const registrar = createRecoveryRegistrar();
    world.manager.registerRecoveryActions(registrar);
    for (const target of [undefined, {}, { sessionId: '' }]) {
      for (const step of registrar.toRecoveryPlan().steps) await step.execute(target as { sessionId: string });
    }
    expect(world.commands).toEqual([]);
    expect(world.data.size).toBe(1);
    await world.close();
  });

  it('[D42] a session whose actor is lost for good is purged as well, once', async () => {
    const clock = new FragileClock();
    const commands: PurgeCommand[] = [];
    const issuePurge = async (command: PurgeCommand) => {
      commands.push(command);
      return { target: 'all', status: 'success', clearedCount: 0, retainedCount: 0 } as const;
    };
    const credentials = new FakeCredentialProvider(clock);
    const manager = createSessionManager({ clock, credentials, privacy: { issuePurge }, restarts: { max: 0 } });
    await manager.initialize();
    const { sessionId } = await manager.startSession();
    clock.isBroken = true;
    await manager.resetInactivityTimer(sessionId);
    await clock.advance(SECOND);
    expect(commands).toMatchObject([{ correlationId: sessionId, reason: 'error-recovery' }]);
    await manager[Symbol.asyncDispose]();
    expect(commands).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it('[D42] a start that was refused leaves nothing to purge', async () => {
    const world = await guarded({ limit: 1 });
    await world.start();
    expect(await rejectionOf(world.manager.startSession())).toMatchObject({ code: 'SESSION_LIMIT_REACHED' });
    expect(world.commands).toEqual([]);
    await world.close();
  });
});
