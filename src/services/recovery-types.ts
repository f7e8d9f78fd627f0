import type { SessionchartError } from '../actors/errors.ts';
import type { Jitter, RetryPolicy } from '../machines/retry.ts';
import type { CircuitBreakerState } from './circuit-breakers.ts';

export const FAULT_DOMAINS = ['auth', 'session', 'transport', 'audio', 'ui', 'copilot', 'infrastructure'] as const;
export type FaultDomain = (typeof FAULT_DOMAINS)[number];
export type Severity = 'info' | 'warning' | 'error' | 'critical';
export type UserImpact = 'transparent' | 'degraded' | 'blocked';
export type FallbackMode = 'safe-mode' | 'degraded-features' | 'manual-intervention';

/** Ids that tie log lines together. None of them is secret. */
export interface TelemetryContext {
  readonly correlationId: string;
  readonly sessionId?: string;
  readonly requestId?: string;
  readonly connectionId?: string;
  readonly deviceInfo?: string;
}

/** The session that a recovery is for. */
export interface RecoveryTarget {
  readonly sessionId: string;
}

export interface RecoveryOutcome {
  readonly success: boolean;
  readonly durationMs: number;
  readonly error?: SessionchartError;
}

/**
 * One automated remedy. It acts on the session of `target` and on no other; running it twice is the same as once.
 * `compensatingAction` undoes what a failed `execute` has half done.
 */
export interface RecoveryStep {
  readonly id: string;
  readonly description: string;
  execute(target: RecoveryTarget): Promise<RecoveryOutcome>;
  compensatingAction?(target: RecoveryTarget): Promise<void>;
}

export type FallbackHandler = (target: RecoveryTarget) => Promise<void> | void;

export interface RecoveryPlan {
  readonly steps: readonly RecoveryStep[];
  readonly fallbackMode?: FallbackMode;
  readonly fallbackHandlers?: Readonly<Partial<Record<FallbackMode, FallbackHandler>>>;
  readonly notifyUser: boolean;
  /** No second notice for the same session within this time, ms. */
  readonly suppressionWindowMs?: number;
}

/** Collects what services offer for recovery. */
export interface RecoveryRegistrar {
  /** A step with the id of an earlier one takes its place. */
  addStep(step: RecoveryStep): void;
  addFallback(mode: FallbackMode, handler: FallbackHandler): void;
  setNotification(options: { readonly notifyUser?: boolean; readonly suppressionWindowMs?: number }): void;
  /** The plan so far. `defaults` fill in what nobody set. */
  toRecoveryPlan(defaults?: Partial<RecoveryPlan>): RecoveryPlan;
}

/** What is known about a retry before it happens. */
export interface RetryPlan {
  readonly policy: RetryPolicy;
  /** The attempt that comes next, from 2. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  readonly multiplier?: number;
  readonly jitter?: Jitter;
  readonly nextAttemptAt?: Date;
  readonly circuitBreaker?: CircuitBreakerState;
}

/** Overrides of the envelope of the fault domain. One that is out of range is refused with a warning. */
export interface RetryOverrides {
  readonly policy?: RetryPolicy;
  /** Attempts in all, whole number, 0 … 8; 0 and 1 both mean: no retry. */
  readonly maxAttempts?: number;
  /** 0 … 5000 ms. */
  readonly initialDelayMs?: number;
  /** 1 … 5. */
  readonly multiplier?: number;
  readonly jitter?: Jitter;
  /** 0 … 60000 ms. */
  readonly maxDelayMs?: number;
  /** Time for attempts and waits together, 1000 … 120000 ms. */
  readonly budgetMs?: number;
  /** Waits of the policy `custom`, each 0 … 60000 ms, at most 8. */
  readonly delaysMs?: readonly number[];
}

export interface RecoveryExecutionOptions {
  /** Seeds the jitter: equal ids give equal waits. */
  readonly correlationId: string;
  readonly sessionId?: string;
  /** What is done, e.g. `renewSession:requestEphemeralKey`. */
  readonly operation: string;
  /** What the circuit breaker stands in front of. [endpoint=faultDomain + ":" + operation] */
  readonly endpoint?: string;
  readonly faultDomain: FaultDomain;
  /** Code of the envelope if it fails for good. */
  readonly code: string;
  readonly message: string;
  readonly remediation: string;
  readonly severity?: Severity;
  readonly userImpact?: UserImpact;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly retry?: RetryOverrides;
  /** Runs once if the operation fails for good and `sessionId` is given. */
  readonly recoveryPlan?: RecoveryPlan;
  readonly telemetryContext?: TelemetryContext;
  /**
   * A further attempt of an operation that was let in before. The circuit breaker is not asked again, and does not count
   * the operation a second time. [continues=false]
   */
  readonly continues?: boolean;
  /** Stops attempts and waits when it aborts. */
  readonly signal?: AbortSignal;
  onRetryScheduled?(plan: RetryPlan): void;
  /** Called exactly once per execution, whatever its end. */
  onRecoveryComplete?(outcome: RecoveryOutcome): void;
}

/** What is published about an operation that failed for good. Free of secrets. */
export interface ErrorEnvelope {
  readonly id: string;
  readonly faultDomain: FaultDomain;
  readonly severity: Severity;
  readonly userImpact: UserImpact;
  readonly code: string;
  readonly message: string;
  readonly remediation: string;
  readonly metadata?: unknown;
  readonly timestamp: Date;
  readonly attempts: number;
  readonly circuitBreaker?: CircuitBreakerState;
  readonly telemetryContext: TelemetryContext;
}

export interface RecoveryExecutor {
  /**
   * Runs an operation with retries. `operation` gets a signal that aborts when its answer is no longer wanted.
   *
   * @throws RecoveryError with the code of the last failure.
   */
  execute<T>(operation: (signal: AbortSignal) => Promise<T>, options: RecoveryExecutionOptions): Promise<T>;
}

/** A service that recovers by itself. */
export interface RecoverableService {
  readonly domain: FaultDomain;
  withRecovery<T>(operation: () => Promise<T>, context: RecoveryExecutionOptions): Promise<T>;
  registerRecoveryActions(registrar: RecoveryRegistrar): void;
}
