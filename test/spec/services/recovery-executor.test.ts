import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createCircuitBreakers } from '../../../src/services/circuit-breakers.ts';
import { RecoveryError } from '../../../src/services/recovery-error.ts';
import { createRecoveryExecutor } from '../../../src/services/recovery-executor.ts';
import type {
  RecoveryExecutionOptions,
  RecoveryExecutor,
  RecoveryOutcome,
  RetryPlan,
} from '../../../src/services/recovery-types.ts';
import { CANARY, everythingIn, keepingLogger } from './support.ts';

function harness(failures: unknown[] = []) {
  const clock = new VirtualClock(0);
  const logger = keepingLogger();
  const executor = createRecoveryExecutor({ clock, logger });
  const calledAt: number[] = [];
  const outcomes: RecoveryOutcome[] = [];
  const plans: RetryPlan[] = [];
  const operation = async (): Promise<string> => {
    calledAt.push(clock.now());
    const next = failures.length > 1 ? failures.shift() : failures[0];
    if (next !== undefined) throw next;
    return 'done';
  };
  const options = (change: Partial<RecoveryExecutionOptions> = {}): RecoveryExecutionOptions => ({
    correlationId: 'c-1',
    operation: 'startSession:requestEphemeralKey',
    faultDomain: 'session',
    code: 'SESSION_CREDENTIAL_ACQUISITION_FAILED',
    message: 'No credential.',
    remediation: 'Try again.',
    onRecoveryComplete: outcome => void outcomes.push(outcome),
    onRetryScheduled: plan => void plans.push(plan),
    ...change,
  });
  /** Runs one execution to its end, however long it waits. */
  const run = async (change: Partial<RecoveryExecutionOptions> = {}) => {
    const result = executor.execute(operation, options(change)).catch((error: unknown) => error);
    await clock.advance(300_000);
    return result;
  };
  return { clock, logger, executor, calledAt, outcomes, plans, operation, options, run, failures };
}

const status = (code: number, more: object = {}) => Object.assign(new Error(CANARY), { status: code, ...more });

it('[REC-7] an operation that succeeds runs once; completion is told once', async () => {
  const { run, calledAt, outcomes, plans, clock } = harness();
  expect(await run()).toBe('done');
  expect([calledAt.length, outcomes, plans, clock.pending]).toEqual([1, [{ success: true, durationMs: 0 }], [], 0]);
});

describe('[REC-8] retries', () => {
  it('[D20] a permanent 500 is called exactly maxAttempts times, completion is told once', async () => {
    for (const maxAttempts of [1, 3, 8]) {
      const { run, calledAt, outcomes } = harness([status(500)]);
      const error = await run({ retry: { maxAttempts, policy: 'immediate' } });
      expect(error).toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
        isRetryable: true,
        envelope: { attempts: maxAttempts },
      });
      expect(calledAt).toHaveLength(maxAttempts);
      expect(outcomes).toEqual([{ success: false, durationMs: 0, error }]);
    }
  });

  it('[D21] a 401 is called once, with its own code and not retryable', async () => {
    const { run, calledAt, plans } = harness([status(401)]);
    expect(await run()).toMatchObject({ code: 'INVALID_CREDENTIALS', isRetryable: false, details: { status: 401 } });
    expect([calledAt.length, plans.length]).toEqual([1, 0]);
  });

  it('[REC-8] the session envelope: 4 attempts, the first retry at once, waits between half and the whole of the plan', async () => {
    const { run, calledAt, plans } = harness([status(503)]);
    await run();
    const waits = calledAt.slice(1).map((at, i) => at - Number(calledAt[i]));
    expect(waits[0]).toBe(0);
    for (const [i, plain] of [500, 900].entries()) {
      expect(waits[i + 1]).toBeGreaterThanOrEqual(plain / 2);
      expect(waits[i + 1]).toBeLessThanOrEqual(plain);
    }
    expect(plans.map(plan => plan.attempt)).toEqual([2, 3, 4]);
    expect(plans[2]).toMatchObject({
      policy: 'hybrid',
      maxAttempts: 4,
      initialDelayMs: 500,
      multiplier: 1.8,
      nextAttemptAt: new Date(Number(calledAt[3])),
    });
  });

  it('[REC-8] equal correlation ids give equal waits, different ones do not', async () => {
    const timesOf = async (correlationId: string) => {
      const { run, calledAt } = harness([status(503)]);
      await run({ correlationId });
      return calledAt.join();
    };
    expect(await timesOf('same')).toBe(await timesOf('same'));
    expect(await timesOf('same')).not.toBe(await timesOf('other'));
  });

  it('[REC-8] success after retries', async () => {
    const { run, calledAt, outcomes } = harness([status(503), status(503), undefined]);
    expect(await run()).toBe('done');
    expect([calledAt.length, outcomes.length]).toEqual([3, 1]);
  });

  it('[REC-8] domains without an envelope do not retry', async () => {
    const { run, calledAt } = harness([status(503)]);
    await run({ faultDomain: 'ui' });
    expect(calledAt).toHaveLength(1);
  });

  it('[D22] Retry-After lengthens a wait; one that leaves no time ends the execution at once', async () => {
    const patient = harness([status(429, { headers: { 'retry-after': '20' } }), undefined]);
    expect(await patient.run()).toBe('done');
    expect(patient.calledAt).toEqual([0, 20_000]);
    const justFits = harness([status(429, { retryAfterMs: 69_999 }), undefined]);
    expect(await justFits.run()).toBe('done');
    const hopeless = harness([status(429, { headers: { 'retry-after': '70' } })]);
    expect(await hopeless.run()).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: 70_000 } });
    expect(hopeless.outcomes).toMatchObject([{ durationMs: 0 }]);
  });

  it('[REC-9] the budget ends everything: a call that hangs, and waits without end', async () => {
    const { clock, executor, options } = harness();
    const signals: AbortSignal[] = [];
    const hanging = executor
      .execute(
        signal => {
          signals.push(signal);
          return new Promise<never>(() => undefined);
        },
        options({ retry: { budgetMs: 120_000 } }),
      )
      .catch((error: unknown) => error);
    await clock.advance(119_999);
    expect(signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    expect(await hanging).toMatchObject({ code: 'PROVIDER_TIMEOUT', isRetryable: true });
    expect([signals[0]?.aborted, clock.pending]).toEqual([true, 0]);
    const waiting = harness([status(503)]);
    await waiting.run({
      retry: {
        policy: 'linear',
        initialDelayMs: 5_000,
        maxDelayMs: 60_000,
        maxAttempts: 8,
        budgetMs: 20_000,
        jitter: 'none',
      },
    });
    expect(waiting.calledAt).toEqual([0, 5_000, 15_000]);
  });
});

describe('[REC-10] guardrails', () => {
  const bad: [string, unknown][] = [
    ['maxAttempts', 9],
    ['maxAttempts', -1],
    ['maxAttempts', 2.5],
    ['initialDelayMs', 5_001],
    ['multiplier', 0.9],
    ['multiplier', 5.1],
    ['maxDelayMs', 60_001],
    ['budgetMs', 999],
    ['budgetMs', 120_001],
    ['budgetMs', Number.NaN],
    ['policy', 'forever'],
    ['jitter', 'random'],
    ['delaysMs', [60_001]],
    ['delaysMs', 7],
  ];
  for (const [field, value] of bad) {
    it(`[REC-10] ${field} ${String(value)} is refused with a warning, and the default used`, async () => {
      const { run, calledAt, logger } = harness([status(503)]);
      await run({ retry: { [field]: value } });
      expect(calledAt).toHaveLength(4);
      expect(logger.lines).toMatchObject([{ level: 'warn', data: { field } }]);
    });
  }

  it('[REC-10] both ends of each range are taken without a warning; 0 attempts mean one without retry', async () => {
    const { run, calledAt, logger } = harness([status(503)]);
    await run({ retry: { maxAttempts: 0, initialDelayMs: 0, multiplier: 1, maxDelayMs: 0, budgetMs: 1_000 } });
    await run({
      retry: {
        maxAttempts: 8,
        initialDelayMs: 5_000,
        multiplier: 5,
        maxDelayMs: 60_000,
        budgetMs: 120_000,
        policy: 'none',
        jitter: 'none',
        delaysMs: [60_000],
      },
    });
    expect([calledAt.length, logger.lines]).toEqual([2, []]);
  });
});

describe('[REC-11] stopping', () => {
  it('[REC-11] dispose breaks off waits and calls, tells completion once each, leaves no timer, takes nothing on', async () => {
    const { clock, executor, operation, options, outcomes, calledAt } = harness([status(503)]);
    const waiting = executor
      .execute(operation, options({ retry: { policy: 'exponential' } }))
      .catch((error: unknown) => error);
    let signal: AbortSignal | undefined;
    const calling = executor
      .execute(given => {
        signal = given;
        return new Promise(() => undefined);
      }, options())
      .catch((error: unknown) => error);
    await clock.advance(0);
    expect(executor.size).toBe(2);
    executor.dispose();
    executor[Symbol.dispose]();
    for (const ended of [waiting, calling])
      expect(await ended).toMatchObject({ code: 'OPERATION_ABORTED', isRetryable: false });
    expect([signal?.aborted, executor.size, clock.pending, outcomes.length, calledAt.length]).toEqual([
      true,
      0,
      0,
      2,
      1,
    ]);
    await expect(executor.execute(operation, options())).rejects.toMatchObject({ code: 'OPERATION_ABORTED' });
    expect(calledAt).toHaveLength(1);
  });

  it('[REC-11] a session that ends breaks off its own retries and no others', async () => {
    const { clock, executor, operation, options } = harness([status(503)]);
    const a = executor
      .execute(operation, options({ sessionId: 'A', retry: { policy: 'exponential' } }))
      .catch((error: unknown) => error);
    const b = executor
      .execute(operation, options({ sessionId: 'B', retry: { policy: 'exponential' } }))
      .catch((error: unknown) => error);
    await clock.advance(0);
    executor.abortSession('A');
    expect(await a).toMatchObject({ code: 'OPERATION_ABORTED', details: { sessionId: 'A' } });
    await clock.advance(100_000);
    expect(await b).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('[REC-11] the signal of the caller does the same, also before the start', async () => {
    const { clock, executor, operation, options, calledAt } = harness([status(503)]);
    const controller = new AbortController();
    const ended = executor
      .execute(operation, options({ signal: controller.signal, retry: { policy: 'exponential' } }))
      .catch((error: unknown) => error);
    await clock.advance(0);
    controller.abort();
    expect(await ended).toMatchObject({ code: 'OPERATION_ABORTED' });
    await expect(executor.execute(operation, options({ signal: controller.signal }))).rejects.toMatchObject({
      code: 'OPERATION_ABORTED',
    });
    expect(calledAt).toHaveLength(1);
  });

  it('[REC-11] no listener is left on the signal of the caller', async () => {
    const { executor, operation, options, run } = harness([status(401), undefined]);
    const { signal } = new AbortController();
    await run({ signal });
    await executor.execute(operation, options({ signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('[D07] an answer that comes after the end changes nothing', async () => {
    const { clock, executor, options, outcomes } = harness();
    let answer: (value: string) => void = () => undefined;
    const ended = executor
      .execute(
        () =>
          new Promise<string>(resolve => {
            answer = resolve;
          }),
        options({ retry: { budgetMs: 1_000 } }),
      )
      .catch((error: unknown) => error);
    await clock.advance(1_000);
    answer('late');
    expect(await ended).toBeInstanceOf(RecoveryError);
    await clock.advance(10_000);
    expect(outcomes).toHaveLength(1);
  });
});

describe('[D20] the breaker', () => {
  const once = { retry: { policy: 'none' as const } };

  it('[D20] one failed operation does not lock out the next; three in a row do, and the error says until when', async () => {
    const { run, calledAt, failures } = harness([status(503)]);
    await run();
    expect(calledAt).toHaveLength(4);
    await run(once);
    await run(once);
    expect(calledAt).toHaveLength(6);
    expect(failures).toHaveLength(1);
  });

  it('[D20] while open nothing is called; after the cool-down one probe closes it', async () => {
    const { clock, executor, operation, options, calledAt, failures, outcomes } = harness([status(503)]);
    for (let i = 0; i < 3; i++) await executor.execute(operation, options(once)).catch(() => undefined);
    const refused = await executor.execute(operation, options(once)).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'CIRCUIT_OPEN',
      isRetryable: true,
      details: { retryAfterMs: 40_000 },
      envelope: {
        code: 'SESSION_CREDENTIAL_ACQUISITION_FAILED_CIRCUIT_OPEN',
        attempts: 0,
        circuitBreaker: { state: 'open' },
      },
    });
    expect([calledAt.length, outcomes.length]).toEqual([3, 4]);
    failures.splice(0, 1, undefined);
    await clock.advance(40_000);
    expect(await executor.execute(operation, options(once))).toBe('done');
    expect(await executor.execute(operation, options(once))).toBe('done');
  });

  it('[D21] failures that are not retryable are not counted', async () => {
    const { executor, operation, options, calledAt } = harness([status(401)]);
    for (let i = 0; i < 10; i++) await executor.execute(operation, options()).catch(() => undefined);
    expect(calledAt).toHaveLength(10);
  });

  it('[D20] endpoints are kept apart, and breakers can be shared', async () => {
    const { executor, operation, options, calledAt } = harness([status(503)]);
    for (let i = 0; i < 4; i++)
      await executor.execute(operation, options({ ...once, endpoint: 'https://a' })).catch(() => undefined);
    await executor.execute(operation, options({ ...once, endpoint: 'https://b' })).catch(() => undefined);
    expect(calledAt).toHaveLength(4);
    const clock = new VirtualClock();
    const breakers = createCircuitBreakers({ clock, threshold: 1 });
    const sharing = [createRecoveryExecutor({ clock, breakers }), createRecoveryExecutor({ clock, breakers })] as const;
    await sharing[0].execute(operation, options(once)).catch(() => undefined);
    await expect(sharing[1].execute(operation, options(once))).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  });
});

describe('[REC-12] what fails for good', () => {
  it('[D14] the error and its envelope tell codes, and nothing that the provider wrote', async () => {
    const { run, outcomes, logger } = harness([
      status(503, { headers: { 'x-note': CANARY }, code: CANARY, body: CANARY }),
    ]);
    const error = await run({ sessionId: 'A', metadata: { apiKey: 'plain', note: CANARY }, message: `m ${CANARY}` });
    expect(error).toBeInstanceOf(RecoveryError);
    expect(error).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      details: { status: 503, sessionId: 'A' },
      envelope: {
        faultDomain: 'session',
        severity: 'error',
        userImpact: 'degraded',
        code: 'SESSION_CREDENTIAL_ACQUISITION_FAILED',
        remediation: 'Try again.',
        metadata: { apiKey: '[redacted]' },
        telemetryContext: { correlationId: 'c-1', sessionId: 'A' },
      },
    });
    expect(everythingIn(error)).not.toContain('canary');
    expect(everythingIn([outcomes, logger.lines])).not.toContain('canary');
  });

  it('[REC-12] severity and impact follow the domain unless the caller says otherwise', async () => {
    const { run } = harness([status(401)]);
    expect(await run({ faultDomain: 'auth' })).toMatchObject({
      envelope: { severity: 'error', userImpact: 'blocked' },
    });
    expect(await run({ faultDomain: 'infrastructure' })).toMatchObject({ envelope: { severity: 'critical' } });
    expect(await run({ severity: 'info', userImpact: 'transparent' })).toMatchObject({
      envelope: { severity: 'info', userImpact: 'transparent' },
    });
  });

  it('[D41] the plan runs once, for the session of the call, and not without one', async () => {
    const targets: unknown[] = [];
    const recoveryPlan = {
      notifyUser: false,
      steps: [
        {
          id: 's',
          description: '',
          async execute(target: unknown) {
            targets.push(target);
            return { success: true, durationMs: 0 };
          },
        },
      ],
    };
    const { run, outcomes } = harness([status(503)]);
    await run({ recoveryPlan });
    expect(targets).toEqual([]);
    await run({ recoveryPlan, sessionId: 'B' });
    expect(targets).toEqual([{ sessionId: 'B' }]);
    expect(outcomes).toHaveLength(2);
  });

  it('[D35] callbacks that throw or reject change nothing', async () => {
    const { run, calledAt, logger } = harness([status(503), undefined]);
    const throwing = () => {
      throw new Error(CANARY);
    };
    expect(
      await run({
        onRetryScheduled: throwing,
        onRecoveryComplete: (() => Promise.reject(new Error(CANARY))) as () => void,
      }),
    ).toBe('done');
    expect([calledAt.length, logger.lines.length]).toEqual([2, 2]);
    expect(everythingIn(logger.lines)).not.toContain('canary');
  });

  it('[REC-12] options are checked before anything runs', async () => {
    const { executor, operation, options, calledAt } = harness();
    await expect(executor.execute(operation, options({ correlationId: '' }))).rejects.toMatchObject({
      details: { field: 'correlationId' },
    });
    await expect(executor.execute(operation, options({ faultDomain: 'x' as 'ui' }))).rejects.toMatchObject({
      details: { field: 'faultDomain' },
    });
    await expect(executor.execute(operation, options({ recoveryPlan: {} as never }))).rejects.toMatchObject({
      details: { field: 'recoveryPlan' },
    });
    expect(calledAt).toHaveLength(0);
  });

  it('[REC-7] an operation that throws synchronously has failed like any other', async () => {
    const { clock, options } = harness();
    const executor: RecoveryExecutor = createRecoveryExecutor({ clock });
    const failed = executor.execute(() => {
      throw status(401);
    }, options());
    await expect(failed).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
  });
});
