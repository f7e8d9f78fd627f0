import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { RETRY_BUDGET_MS } from '../../../src/machines/session-setup.ts';
import { createRecoveryExecutor } from '../../../src/services/recovery-executor.ts';
import type { RecoveryExecutor, RecoveryOutcome } from '../../../src/services/recovery-types.ts';
import { type HttpAnswer, keyed, SAYS, SILENT, UNREACHABLE } from '../../support/keyed.ts';
import { MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

const FAULTS: Record<string, HttpAnswer> = {
  '500': SAYS(500),
  '503': SAYS(503),
  '429': SAYS(429),
  unreachable: UNREACHABLE('ECONNREFUSED'),
  silent: SILENT,
};
const fault = fc.constantFrom(...Object.keys(FAULTS));

describe('[D20] one retry layer', () => {
  it('[D20] a permanent fault through the real recovery executor: requests seen = maxRetryAttempts, total time <= the documented budget', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 1_000 }),
        fc.constantFrom('500', '503', '429', 'unreachable'),
        async (maxRetryAttempts, retryBackoffMs, kind) => {
          const world = await keyed({ recovery: true, config: { maxRetryAttempts, retryBackoffMs } });
          const { manager, endpoint, clock } = world;
          endpoint.usual = FAULTS[kind] as HttpAnswer;
          const since = clock.now();
          const failed = rejectionOf(manager.startSession()).then(error => ({ error, took: clock.now() - since }));
          await clock.advance(3 * MINUTE);
          const { error, took } = await failed;
          expect(error.code).toBe('SESSION_START_FAILED');
          expect(took).toBeLessThanOrEqual(RETRY_BUDGET_MS);
          // The waits of the largest settings do not all fit into the budget; up to 5 attempts always do.
          if (maxRetryAttempts <= 5) expect(endpoint.calls).toHaveLength(maxRetryAttempts);
          else expect(endpoint.calls.length).toBeGreaterThanOrEqual(5);
          expect(error.cause).not.toMatchObject({ code: 'CIRCUIT_OPEN' });
          await world.close();
        },
      ),
      { numRuns: 40 },
    ));

  it('[D20] the total time stays within the documented budget also where the provider never answers', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 5_000 }),
        fc.array(fault, { maxLength: 8 }),
        fc.boolean(),
        async (maxRetryAttempts, retryBackoffMs, kinds, recovery) => {
          const world = await keyed({ recovery, config: { maxRetryAttempts, retryBackoffMs } });
          const { manager, endpoint, clock } = world;
          endpoint.next(...kinds.map(kind => FAULTS[kind] as HttpAnswer));
          endpoint.usual = SILENT;
          const since = clock.now();
          const failed = rejectionOf(manager.startSession()).then(() => clock.now() - since);
          await clock.advance(3 * MINUTE);
          expect(await failed).toBeLessThanOrEqual(RETRY_BUDGET_MS);
          expect(endpoint.calls.length).toBeLessThanOrEqual(maxRetryAttempts);
          await world.close();
        },
      ),
      { numRuns: 60 },
    ));

  it('[D20] with the service healthy again the next start is not refused: one operation that failed does not open the breaker', async () => {
    const world = await keyed({ recovery: true });
    const { manager, endpoint, clock } = world;
    endpoint.next(SAYS(500), SAYS(500), SAYS(500));
    const failed = rejectionOf(manager.startSession());
    await clock.advance(10 * SECOND);
    expect(await failed).toMatchObject({ code: 'SESSION_START_FAILED' });
    expect(endpoint.calls).toHaveLength(3);
    expect(await Promise.race([manager.startSession(), clock.advance(SECOND)])).toMatchObject({ state: 'active' });
    expect(endpoint.calls).toHaveLength(4);
    await world.close();
  });

  it('[D20] the breaker opens after 3 operations in a row that failed, lets one probe through after its cool-down, and its error says when', async () => {
    const world = await keyed({ recovery: true, limit: 10, config: { maxRetryAttempts: 1 } });
    const { manager, endpoint, clock } = world;
    endpoint.usual = SAYS(503);
    for (let i = 0; i < 3; i++)
      expect(await rejectionOf(manager.startSession())).toMatchObject({ cause: { code: 'SERVICE_UNAVAILABLE' } });
    await clock.advance(10 * SECOND);
    expect(await rejectionOf(manager.startSession())).toMatchObject({
      isRetryable: true,
      cause: { code: 'CIRCUIT_OPEN', details: { retryAfterMs: 30 * SECOND } },
    });
    expect(endpoint.calls).toHaveLength(3);
    await clock.advance(30 * SECOND);
    endpoint.usual = SILENT;
    const probe = manager.startSession().catch(() => undefined);
    expect(await rejectionOf(manager.startSession()), 'one at a time').toMatchObject({
      cause: { code: 'CIRCUIT_OPEN' },
    });
    expect(endpoint.calls).toHaveLength(4);
    await clock.advance(20 * SECOND);
    await probe;
    await world.close();
  });

  it('[D20] a breaker counts only retryable faults, of the same endpoint', async () => {
    const clock = new VirtualClock();
    const executor = createRecoveryExecutor({ clock });
    const run = (endpoint: string, status: number) =>
      rejectionOf(
        executor.execute(async () => Promise.reject(Object.assign(new Error('no'), { status })), {
          correlationId: 'c',
          operation: 'op',
          endpoint,
          faultDomain: 'session',
          code: 'SESSION_RENEWAL_FAILED',
          message: 'm',
          remediation: 'r',
          retry: { policy: 'none' },
        }),
      );
    for (let i = 0; i < 5; i++) expect(await run('a', 401)).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    for (let i = 0; i < 3; i++) expect(await run('b', 503)).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await run('b', 503)).toMatchObject({ code: 'CIRCUIT_OPEN', details: { retryAfterMs: 40 * SECOND } });
    expect(await run('a', 503)).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    executor.dispose();
    expect(clock.pending).toBe(0);
  });

  it.each(['success', 'failure', 'open circuit', 'abort'])(
    '[D20] the completion callback fires once per execution: %s',
    async how => {
      const clock = new VirtualClock();
      const executor = createRecoveryExecutor({ clock });
      const outcomes: RecoveryOutcome[] = [];
      const controller = new AbortController();
      const options = {
        correlationId: 'c',
        operation: 'op',
        faultDomain: 'session' as const,
        code: 'SESSION_RENEWAL_FAILED',
        message: 'm',
        remediation: 'r',
        retry: { policy: 'none' as const },
        signal: controller.signal,
      };
      const fails = async (): Promise<never> => Promise.reject(Object.assign(new Error('no'), { status: 503 }));
      if (how === 'open circuit') for (let i = 0; i < 3; i++) await rejectionOf(executor.execute(fails, options));
      const run = executor
        .execute(how === 'success' ? async () => 1 : how === 'abort' ? () => new Promise(() => undefined) : fails, {
          ...options,
          onRecoveryComplete: outcome => void outcomes.push(outcome),
        })
        .catch(() => undefined);
      if (how === 'abort') controller.abort();
      await run;
      await clock.advance(MINUTE);
      expect(outcomes).toMatchObject([{ success: how === 'success' }]);
      executor.dispose();
      expect(clock.pending).toBe(0);
    },
  );

  it('[D20] an executor that retries by itself adds no layer: the provider sees each attempt once', async () => {
    const eager: RecoveryExecutor = {
      async execute(operation) {
        for (let i = 0; ; i++) {
          try {
            return await operation(new AbortController().signal);
          } catch (error) {
            if (i === 4) throw error;
          }
        }
      },
    };
    const world = await keyed();
    const { manager, endpoint, clock } = world;
    manager.setRecoveryExecutor(eager);
    endpoint.usual = SAYS(500);
    const failed = rejectionOf(manager.startSession({ maxRetryAttempts: 2 }));
    await clock.advance(10 * SECOND);
    expect(await failed).toMatchObject({ cause: { code: 'SERVICE_UNAVAILABLE' } });
    expect(endpoint.calls).toHaveLength(2);
    await world.close();
  });

  it('[D20] [D06] what arrives after the end is released through the executor too, and the executor keeps nothing', async () => {
    const world = await managed();
    const { manager, provider, clock } = world;
    const executor = createRecoveryExecutor({ clock });
    manager.setRecoveryExecutor(executor);
    provider.next(slowly(100 * SECOND));
    const start = rejectionOf(manager.startSession());
    await clock.advance(SECOND);
    await manager.endSession();
    expect(await start).toMatchObject({ code: 'SESSION_ENDED' });
    expect(executor.size).toBe(0);
    expect(clock.pending, 'the answer that is on its way').toBe(1);
    await clock.advance(100 * SECOND);
    expect(provider.minted).toHaveLength(1);
    expect(provider.outstanding).toEqual([]);
    await world.close();
  });
});
