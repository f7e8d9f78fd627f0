import { randomUUID } from 'node:crypto';
import { createActor } from 'xstate';
import { classifyFailure, sanitisedCause } from '../actors/classify-failure.ts';
import { isSessionchartError, knownCode, SessionchartError } from '../actors/errors.ts';
import type { Clock, Logger } from '../actors/ports.ts';
import { seedOf } from '../machines/backoff.ts';
import type { Failure } from '../machines/failure.ts';
import { type RetryLimits, retryMachine } from '../machines/retry.ts';
import { type CircuitBreakers, createCircuitBreakers, type Permit } from './circuit-breakers.ts';
import { notAllowed } from './config-field.ts';
import { silentLogger } from './logger.ts';
import { RecoveryError } from './recovery-error.ts';
import { runRecoveryPlan } from './recovery-plan.ts';
import {
  type ErrorEnvelope,
  FAULT_DOMAINS,
  type FaultDomain,
  type RecoveryExecutionOptions,
  type RecoveryExecutor,
  type RecoveryOutcome,
  type Severity,
  type UserImpact,
} from './recovery-types.ts';
import { createRedactor } from './redact.ts';
import { retryLimits } from './retry-limits.ts';
import { systemClock } from './system-clock.ts';

export interface RecoveryExecutorOptions {
  /** Shares breakers with others. By default each fault domain has its own, with the cool-down of SP-037. */
  readonly breakers?: CircuitBreakers;
  /** [clock=systemClock()] */
  readonly clock?: Clock;
  /** [logger=silentLogger] */
  readonly logger?: Logger;
}

/** A {@link RecoveryExecutor} that can be stopped. */
export interface RunningRecoveryExecutor extends RecoveryExecutor, Disposable {
  /** Breaks off what runs for one session; each such execution rejects with `OPERATION_ABORTED`. */
  abortSession(sessionId: string): void;
  /** Breaks off everything and takes nothing on any more. Idempotent. Leaves no timer. */
  dispose(): void;
  /** Executions under way. */
  readonly size: number;
}

/** SP-037, cool-downs in ms. Domains that it does not name have that of the session. */
const COOLDOWN_MS: Readonly<Partial<Record<FaultDomain, number>>> = {
  auth: 45_000,
  session: 40_000,
  transport: 35_000,
};

/** SP-028: how bad a fault is where the caller does not say. */
const WEIGHT: Readonly<Record<FaultDomain, readonly [Severity, UserImpact]>> = {
  auth: ['error', 'blocked'],
  session: ['error', 'degraded'],
  transport: ['error', 'degraded'],
  audio: ['warning', 'degraded'],
  ui: ['warning', 'degraded'],
  copilot: ['warning', 'degraded'],
  infrastructure: ['critical', 'blocked'],
};

/** How a run of attempts ended. */
type End<T> =
  | { readonly type: 'succeeded'; readonly value: T }
  | { readonly type: 'failed'; readonly failure: Failure; readonly error: unknown; readonly attempts: number };

/**
 * Runs operations with retries behind circuit breakers, inside the guardrails of SP-037.
 *
 * - Which failures are retried is decided by {@link classifyFailure} alone: a 401 is sent once.
 * - `Retry-After` lengthens a wait; one that does not fit into the budget (at most 120 s) ends the execution at once.
 * - A breaker counts executions, not attempts: it opens after 3 in a row that failed by a retryable fault. So an
 *   execution that was let in has all its attempts, and one failed operation never locks out the next.
 * - While a breaker is open, `execute` rejects with `CIRCUIT_OPEN` without a call; `details.retryAfterMs` says when to
 *   come back.
 *
 * @example
 * ```ts
 * const executor = createRecoveryExecutor();
 * const key = await executor.execute(signal => mint(signal), {
 *   correlationId: crypto.randomUUID(),
 *   sessionId,
 *   operation: 'renewSession:requestEphemeralKey',
 *   faultDomain: 'session',
 *   code: 'SESSION_RENEWAL_FAILED',
 *   message: 'The session could not be renewed.',
 *   remediation: 'Start a new session.',
 * });
 * ```
 */
export function createRecoveryExecutor(options: RecoveryExecutorOptions = {}): RunningRecoveryExecutor {
  return new Executor(options);
}

class Executor implements RunningRecoveryExecutor {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #shared: CircuitBreakers | undefined;
  readonly #breakers = new Map<FaultDomain, CircuitBreakers>();
  readonly #running = new Map<() => void, string | undefined>();
  readonly #redactor = createRedactor();
  #isDisposed = false;

  constructor({ breakers, clock = systemClock(), logger = silentLogger }: RecoveryExecutorOptions) {
    this.#clock = clock;
    this.#logger = logger;
    this.#shared = breakers;
  }

  get size(): number {
    return this.#running.size;
  }

  abortSession(sessionId: string): void {
    for (const [abort, owner] of [...this.#running]) if (owner === sessionId) abort();
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const abort of [...this.#running.keys()]) abort();
    for (const breakers of this.#breakers.values()) breakers.reset();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async execute<T>(operation: (signal: AbortSignal) => Promise<T>, options: RecoveryExecutionOptions): Promise<T> {
    checkOptions(options);
    const startedAt = this.#clock.now();
    const end = await this.#attempts(operation, options);
    if (end.type === 'succeeded') {
      this.#complete(options, { success: true, durationMs: this.#clock.now() - startedAt });
      return end.value;
    }
    const { recoveryPlan: plan, sessionId } = options;
    if (plan !== undefined && sessionId !== undefined && end.failure.code !== 'OPERATION_ABORTED') {
      await runRecoveryPlan(plan, { sessionId }, { clock: this.#clock, logger: this.#logger });
    }
    const error = this.#errorOf(end, options);
    this.#complete(options, { success: false, durationMs: this.#clock.now() - startedAt, error });
    throw error;
  }

  async #attempts<T>(
    operation: (signal: AbortSignal) => Promise<T>,
    options: RecoveryExecutionOptions,
  ): Promise<End<T>> {
    if (this.#isDisposed || options.signal?.aborted) return aborted(0);
    const limits = retryLimits(options.faultDomain, options.retry, this.#logger);
    let permit: Permit | undefined;
    try {
      permit = this.#breakersOf(options).enter(endpointOf(options));
    } catch (error) {
      if (!options.continues) return { type: 'failed', failure: classifyFailure(error), error, attempts: 0 };
    }
    const end = await this.#retry(operation, options, limits);
    if (end.type === 'succeeded') permit?.succeeded();
    else if (!options.continues && end.failure.retryable && end.failure.code !== 'OPERATION_ABORTED') permit?.failed();
    else permit?.abandoned();
    return end;
  }

  #retry<T>(
    operation: (signal: AbortSignal) => Promise<T>,
    options: RecoveryExecutionOptions,
    limits: RetryLimits,
  ): Promise<End<T>> {
    const clock = this.#clock;
    const controller = new AbortController();
    const input = { ...limits, seed: seedOf(options.correlationId), at: clock.now() };
    const actor = createActor(retryMachine, { clock, input });
    const abort = (): void => actor.send({ type: 'ABORTED' });
    let value: { readonly is: T } | undefined;
    let lastError: unknown;

    const attemptOnce = async (attempt: number): Promise<void> => {
      try {
        const is = await operation(controller.signal);
        if (actor.getSnapshot().status !== 'active') return;
        value = { is };
        actor.send({ type: 'SUCCEEDED', attempt });
      } catch (error) {
        if (actor.getSnapshot().status !== 'active') return;
        lastError = error;
        actor.send({ type: 'FAILED', attempt, at: clock.now(), failure: classifyFailure(error, clock.wall()) });
      }
    };

    return new Promise(resolve => {
      actor.on('attemptDue', ({ attempt }) => void attemptOnce(attempt));
      actor.on('retryScheduled', ({ attempt, waitMs }) => this.#announce(options, limits, attempt, waitMs));
      actor.subscribe({
        complete: () => {
          this.#running.delete(abort);
          options.signal?.removeEventListener('abort', abort);
          controller.abort();
          const { value: state, context } = actor.getSnapshot();
          const { attempt: attempts, failure = TIMED_OUT } = context;
          if (state === 'succeeded' && value !== undefined) resolve({ type: 'succeeded', value: value.is });
          else if (state === 'aborted') resolve(aborted(attempts));
          else resolve({ type: 'failed', failure, error: lastError, attempts });
        },
      });
      this.#running.set(abort, options.sessionId);
      options.signal?.addEventListener('abort', abort, { once: true });
      actor.start();
    });
  }

  #breakersOf({ faultDomain }: RecoveryExecutionOptions): CircuitBreakers {
    if (this.#shared !== undefined) return this.#shared;
    let breakers = this.#breakers.get(faultDomain);
    if (breakers === undefined) {
      const cooldownMs = COOLDOWN_MS[faultDomain];
      breakers = createCircuitBreakers({ clock: this.#clock, ...(cooldownMs !== undefined && { cooldownMs }) });
      this.#breakers.set(faultDomain, breakers);
    }
    return breakers;
  }

  #announce(options: RecoveryExecutionOptions, limits: RetryLimits, attempt: number, waitMs: number): void {
    const { policy, maxAttempts, initialDelayMs, multiplier, jitter } = limits;
    const plan = Object.freeze({
      policy,
      attempt,
      maxAttempts,
      initialDelayMs,
      multiplier,
      jitter,
      nextAttemptAt: new Date(this.#clock.wall() + waitMs),
      circuitBreaker: this.#breakersOf(options).stateOf(endpointOf(options)),
    });
    this.#isolated(() => options.onRetryScheduled?.(plan));
  }

  #complete(options: RecoveryExecutionOptions, outcome: RecoveryOutcome): void {
    this.#isolated(() => options.onRecoveryComplete?.(Object.freeze(outcome)));
  }

  /** Calls back into the caller's code; what it throws or rejects with is logged and changes nothing. */
  #isolated(callback: () => unknown): void {
    (async () => callback())().catch((error: unknown) => {
      this.#logger.warn('a recovery callback failed', { code: 'LISTENER_FAILED', cause: sanitisedCause(error) });
    });
  }

  #errorOf<T>(end: Extract<End<T>, { type: 'failed' }>, options: RecoveryExecutionOptions): RecoveryError {
    const { failure, error, attempts } = end;
    const { code, retryable, ...details } = failure;
    const own = isSessionchartError(error) ? error.details : {};
    const cause = error === undefined ? {} : { cause: sanitisedCause(error) };
    return new RecoveryError(
      knownCode(code),
      {
        ...own,
        ...details,
        ...(options.sessionId !== undefined && { sessionId: options.sessionId }),
        isRetryable: retryable,
        ...cause,
      },
      this.#envelope(options, code === 'CIRCUIT_OPEN' ? `${options.code}_CIRCUIT_OPEN` : options.code, attempts),
    );
  }

  #envelope(options: RecoveryExecutionOptions, code: string, attempts: number): ErrorEnvelope {
    const { faultDomain, correlationId, sessionId, metadata } = options;
    const [severity, userImpact] = WEIGHT[faultDomain];
    return Object.freeze({
      id: randomUUID(),
      faultDomain,
      severity: options.severity ?? severity,
      userImpact: options.userImpact ?? userImpact,
      code,
      message: this.#redactor.text(options.message),
      remediation: this.#redactor.text(options.remediation),
      ...(metadata !== undefined && { metadata: this.#redactor.data(metadata) }),
      timestamp: new Date(this.#clock.wall()),
      attempts,
      circuitBreaker: this.#breakersOf(options).stateOf(endpointOf(options)),
      telemetryContext: options.telemetryContext ?? { correlationId, ...(sessionId !== undefined && { sessionId }) },
    });
  }
}

/** An operation that had not answered when the budget was used up. */
const TIMED_OUT: Failure = { code: 'PROVIDER_TIMEOUT', retryable: true };

function aborted(attempts: number): Extract<End<never>, { type: 'failed' }> {
  return { type: 'failed', failure: { code: 'OPERATION_ABORTED', retryable: false }, error: undefined, attempts };
}

function endpointOf({ endpoint, faultDomain, operation }: RecoveryExecutionOptions): string {
  return endpoint ?? `${faultDomain}:${operation}`;
}

function checkOptions(options: RecoveryExecutionOptions): void {
  const { correlationId, faultDomain } = options;
  if (!FAULT_DOMAINS.includes(faultDomain)) throw notAllowed('faultDomain', faultDomain, FAULT_DOMAINS.join(', '));
  if (typeof correlationId !== 'string' || correlationId === '') {
    throw notAllowed('correlationId', correlationId, 'text that is not empty');
  }
  if (options.recoveryPlan !== undefined && !Array.isArray(options.recoveryPlan.steps)) {
    throw new SessionchartError('INVALID_CONFIG', { message: 'recoveryPlan has no steps', field: 'recoveryPlan' });
  }
}
