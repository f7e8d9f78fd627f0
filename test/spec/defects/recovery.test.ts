import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, mints } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createRecoveryExecutor } from '../../../src/services/recovery-executor.ts';
import { createRecoveryRegistrar, runRecoveryPlan } from '../../../src/services/recovery-plan.ts';
import type { RecoveryPlan } from '../../../src/services/recovery-types.ts';
import { HOUR, type Managed, managed, SECOND } from '../../support/managed.ts';

interface Recovering extends Managed {
  readonly plan: RecoveryPlan;
  /** All there is to see of a session. */
  look(sessionId: string): unknown;
}

/** A manager with the real executor and the plan of its own steps, as an application would put them together. */
async function recovering(more: Partial<RecoveryPlan> = {}): Promise<Recovering> {
  const clock = new VirtualClock();
  const executor = createRecoveryExecutor({ clock });
  const provider = new FakeCredentialProvider(clock, mints(HOUR));
  const world = await managed({ clock, provider: () => provider, recovery: executor, limit: 5 });
  const registrar = createRecoveryRegistrar();
  world.manager.registerRecoveryActions(registrar);
  const plan = { ...registrar.toRecoveryPlan(), ...more };
  world.manager.setRecoveryExecutor(executor, plan);
  return {
    ...world,
    clock,
    provider,
    plan,
    settle: () => clock.advance(0),
    look: sessionId => ({
      info: world.manager.getSessionInfo(sessionId),
      diagnostics: world.manager.getSessionDiagnostics(sessionId),
      story: world.manager.explain(sessionId),
      secret: world.manager.credentialFor(sessionId)?.reveal(),
    }),
    async close() {
      await world.manager[Symbol.asyncDispose]();
      executor.dispose();
      expect(clock.pending).toBe(0);
    },
  };
}

describe('D41', () => {
  it('[D41] when the start of B fails, the plan ends B and leaves every other session deep-equal: state, deadlines, credential, story', async () => {
    const world = await recovering();
    const { manager, provider, clock } = world;
    const [a, paused] = [await manager.startSession(), await manager.startSession()];
    await clock.advance(10 * SECOND);
    await manager.pauseSession(paused.sessionId);
    const before = [a, paused].map(({ sessionId }) => world.look(sessionId));
    const armed = clock.pending;
    provider.next(answers(401));
    await manager.startSession().catch(() => undefined);
    await world.settle();
    expect([a, paused].map(({ sessionId }) => world.look(sessionId))).toEqual(before);
    expect(clock.pending).toBe(armed);
    expect(manager.getAllSessions().map(({ sessionId }) => sessionId)).toEqual([a.sessionId, paused.sessionId]);
    const ended = world.events.filter(({ channel }) => channel === 'ended').map(({ event }) => event);
    expect(ended).toMatchObject([{ reason: 'start-failed' }]);
    await clock.advance(30 * SECOND);
    expect(manager.getSessionInfo(a.sessionId)?.statistics.heartbeatCount).toBe(1);
    await world.close();
  });

  it('[D41] when the renewal of B fails for good, the plan ends B and no other', async () => {
    const world = await recovering();
    const { manager, provider, clock } = world;
    const [a, b, c] = [await manager.startSession(), await manager.startSession(), await manager.startSession()];
    await clock.advance(SECOND);
    const before = [a, c].map(({ sessionId }) => world.look(sessionId));
    provider.next(answers(403));
    expect(await manager.renewSession(b.sessionId)).toMatchObject({ success: false });
    await world.settle();
    expect(manager.getSessionInfo(b.sessionId)).toBeUndefined();
    expect([a, c].map(({ sessionId }) => world.look(sessionId))).toEqual(before);
    await world.close();
  });

  it('[D41] each step, run for one session, touches no other; run twice it is as if run once', async () => {
    const world = await recovering();
    const { manager, clock, plan } = world;
    const [a, b] = [await manager.startSession(), await manager.startSession()];
    const before = world.look(a.sessionId);
    for (const step of [...plan.steps, ...plan.steps]) {
      expect(await step.execute({ sessionId: b.sessionId })).toMatchObject({ success: true });
      await step.compensatingAction?.({ sessionId: b.sessionId });
    }
    await world.settle();
    expect(world.look(a.sessionId)).toEqual(before);
    expect(manager.explain(b.sessionId)).toMatchObject({ state: 'ended', reason: 'recovery' });
    const ended = world.events.filter(({ channel }) => channel === 'ended');
    expect(ended).toHaveLength(1);
    expect(world.provider.revoked).toHaveLength(1);
    await clock.advance(SECOND);
    await world.close();
  });

  it('[D41] parallel runs of the plan for one session are one run', async () => {
    const world = await recovering();
    const { sessionId } = await world.manager.startSession();
    const runs = [1, 2, 3].map(() => runRecoveryPlan(world.plan, { sessionId }, { clock: world.clock }));
    const [first, second, third] = await Promise.all(runs);
    expect(second).toBe(first);
    expect(third).toBe(first);
    expect(world.events.filter(({ channel }) => channel === 'ended')).toHaveLength(1);
    await world.close();
  });

  it.each([
    ['no target', undefined],
    ['an empty target', {}],
    ['an empty id', { sessionId: '' }],
    ['an unknown id', { sessionId: 'unknown' }],
  ])('[D41] with %s a plan, and every step of it, does nothing', async (_, target) => {
    const world = await recovering();
    const { sessionId } = await world.manager.startSession();
    const [before, events] = [world.look(sessionId), world.events.length];
    await runRecoveryPlan(world.plan, target, { clock: world.clock });
    for (const step of world.plan.steps) await step.execute(target as { sessionId: string });
    await world.settle();
    expect(world.look(sessionId)).toEqual(before);
    expect(world.events).toHaveLength(events);
    expect(world.provider.revoked).toEqual([]);
    await world.close();
  });

  it('[D41] a step that never settles is bounded on the clock of the manager; the fallback names the session', async () => {
    const fallbacks: string[] = [];
    const world = await recovering({
      steps: [{ id: 'hangs()', description: 'Never settles.', execute: () => new Promise(() => undefined) }],
      fallbackMode: 'safe-mode',
      fallbackHandlers: { 'safe-mode': ({ sessionId }) => void fallbacks.push(sessionId) },
    });
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(SECOND);
    world.provider.next(answers(401));
    await world.manager.renewSession(sessionId);
    await world.clock.advance(3 * SECOND - 1);
    expect(fallbacks).toEqual([]);
    await world.clock.advance(1);
    expect(fallbacks).toEqual([sessionId]);
    expect(world.manager.getSessionInfo(sessionId)?.state).toBe('failed');
    await world.close();
  });

  it('[D41] a step that throws changes nothing but the log', async () => {
    const execute = () => {
      throw new Error('ek_step');
    };
    const world = await recovering({ steps: [{ id: 'THROWS', description: 'Throws.', execute }] });
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(SECOND);
    world.provider.next(answers(401));
    expect((await world.manager.renewSession(sessionId)).error?.code).toBe('RENEWAL_FAILED');
    await world.settle();
    expect(world.manager.getSessionInfo(sessionId)?.state).toBe('failed');
    expect(JSON.stringify(world.log.lines)).not.toContain('ek_step');
    await world.close();
  });
});
