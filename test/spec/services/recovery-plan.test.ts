import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import {
  createRecoveryRegistrar,
  type RecoveryRunOptions,
  runRecoveryPlan,
} from '../../../src/services/recovery-plan.ts';
import type { RecoveryPlan, RecoveryStep } from '../../../src/services/recovery-types.ts';
import { CANARY, everythingIn, keepingLogger } from './support.ts';

const B = { sessionId: 'B' };

function harness() {
  const clock = new VirtualClock();
  const logger = keepingLogger();
  const did: string[] = [];
  const step = (
    id: string,
    success: boolean | 'throws' | 'hangs' = true,
    more: Partial<RecoveryStep> = {},
  ): RecoveryStep => ({
    id,
    description: id,
    async execute({ sessionId }) {
      did.push(`${id} ${sessionId}`);
      if (success === 'throws') throw new Error(CANARY);
      if (success === 'hangs') return new Promise(() => undefined);
      return { success, durationMs: 0 };
    },
    ...more,
  });
  const plan = (...steps: RecoveryStep[]): RecoveryPlan => ({ steps, notifyUser: true });
  const run = (
    which: RecoveryPlan,
    target: Parameters<typeof runRecoveryPlan>[1] = B,
    options: RecoveryRunOptions = {},
  ) => runRecoveryPlan(which, target, { clock, logger, ...options });
  return { clock, logger, did, step, plan, run };
}

it('[REC-13] steps run in order, each with the session it is for', async () => {
  const { did, step, plan, run } = harness();
  expect(await run(plan(step('one'), step('two')))).toEqual({
    success: true,
    steps: [
      { id: 'one', success: true, durationMs: 0 },
      { id: 'two', success: true, durationMs: 0 },
    ],
  });
  expect(did).toEqual(['one B', 'two B']);
});

it('[D41] without a target nothing happens', async () => {
  const { did, step, plan, run } = harness();
  for (const target of [undefined, {}, { sessionId: '' }]) {
    expect(await runRecoveryPlan(plan(step('one')), target)).toEqual({ success: false, steps: [] });
  }
  expect(await run(plan(step('one')), { sessionId: 7 as unknown as string })).toMatchObject({ success: false });
  expect(did).toEqual([]);
});

it('[D41] a step that is in the plan twice runs once; two runs at the same time are one', async () => {
  const { did, step, plan, run } = harness();
  const doubled = plan(step('one'), step('one'));
  const [first, second] = await Promise.all([run(doubled), run(doubled)]);
  expect(first).toBe(second);
  expect(did).toEqual(['one B']);
  await Promise.all([run(doubled, { sessionId: 'A' }), run(doubled, { sessionId: 'C' })]);
  expect(did).toEqual(['one B', 'one A', 'one C']);
});

describe('[REC-14] a step that fails', () => {
  for (const how of [false, 'throws'] as const) {
    it(`[REC-14] ${how === false ? 'says so' : 'throws'}: its compensation runs, later steps do not, the fallback is entered`, async () => {
      const { did, step, plan, run, logger } = harness();
      const compensating = {
        compensatingAction: async ({ sessionId }: { sessionId: string }) => void did.push(`undo ${sessionId}`),
      };
      const report = await run({
        ...plan(
          step('one', true, { compensatingAction: async () => void did.push('never') }),
          step('two', how, compensating),
          step('three'),
        ),
        fallbackMode: 'degraded-features',
        fallbackHandlers: { 'degraded-features': ({ sessionId }) => void did.push(`fallback ${sessionId}`) },
      });
      expect(did).toEqual(['one B', 'two B', 'undo B', 'fallback B']);
      expect(report).toMatchObject({
        success: false,
        fallback: 'degraded-features',
        steps: [
          { id: 'one', success: true },
          { id: 'two', success: false, compensation: 'done', error: { code: 'UNKNOWN_ERROR' } },
        ],
      });
      expect(everythingIn([report, logger.lines])).not.toContain('canary');
    });
  }

  it('[REC-14] a step, a compensation and a fallback that hang are each given up after 3 s', async () => {
    const { clock, step, plan, run } = harness();
    const hang = () => new Promise<never>(() => undefined);
    const report = run({
      ...plan(step('one', 'hangs', { compensatingAction: hang })),
      fallbackMode: 'safe-mode',
      fallbackHandlers: { 'safe-mode': hang },
    });
    await clock.advance(9_000);
    const done = await report;
    expect(done).toMatchObject({
      success: false,
      steps: [{ durationMs: 6_000, compensation: 'failed', error: { code: 'PROVIDER_TIMEOUT' } }],
    });
    expect([done.fallback, clock.pending]).toEqual([undefined, 0]);
  });

  it('[REC-14] a fallback without a handler is reported for the caller to enter', async () => {
    const { step, plan, run } = harness();
    expect(await run({ ...plan(step('one', false)), fallbackMode: 'manual-intervention' })).toMatchObject({
      fallback: 'manual-intervention',
    });
  });
});

it('[REC-15] people are told at most once per session and window, and a notice that throws harms nobody', async () => {
  const { clock, step, plan, run } = harness();
  const told: unknown[] = [];
  const noisy: RecoveryPlan = { ...plan(step('one')), suppressionWindowMs: 60_000 };
  const notify: RecoveryRunOptions['notify'] = target => {
    told.push(target.sessionId);
    throw new Error(CANARY);
  };
  await run(noisy, B, { notify });
  await run(noisy, { sessionId: 'A' }, { notify });
  await clock.advance(59_999);
  await run(noisy, B, { notify });
  expect(told).toEqual(['B', 'A']);
  await clock.advance(1);
  await run(noisy, B, { notify });
  await run({ ...noisy, notifyUser: false }, B, { notify });
  expect(told).toEqual(['B', 'A', 'B']);
});

it('[REC-16] the registrar makes a plan of what services add; a step with the same id takes the place of the earlier one', () => {
  const { step } = harness();
  const registrar = createRecoveryRegistrar();
  expect(registrar.toRecoveryPlan()).toEqual({
    steps: [],
    fallbackHandlers: {},
    notifyUser: true,
    suppressionWindowMs: 60_000,
  });
  const [old, fresh, own] = [step('one'), step('one'), step('two')];
  const handler = () => undefined;
  registrar.addStep(old);
  registrar.addStep(own);
  registrar.addStep(fresh);
  registrar.addFallback('degraded-features', handler);
  registrar.setNotification({ suppressionWindowMs: 5 });
  const made = registrar.toRecoveryPlan({ notifyUser: false, steps: [step('zero'), step('one')] });
  expect(made.steps.map(({ id }) => id)).toEqual(['zero', 'one', 'two']);
  expect(made.steps[1]).toBe(fresh);
  expect(made).toMatchObject({
    fallbackMode: 'degraded-features',
    fallbackHandlers: { 'degraded-features': handler },
    notifyUser: false,
    suppressionWindowMs: 5,
  });
  registrar.setNotification({ notifyUser: true });
  expect(registrar.toRecoveryPlan({ notifyUser: false })).toMatchObject({ notifyUser: true, suppressionWindowMs: 5 });
});
