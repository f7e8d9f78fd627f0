import { classifyFailure, sanitisedCause } from '../actors/classify-failure.ts';
import { errorOf, isSessionchartError, type SessionchartError } from '../actors/errors.ts';
import type { Clock, Logger } from '../actors/ports.ts';
import { withDeadline } from './deadline.ts';
import { silentLogger } from './logger.ts';
import type {
  FallbackHandler,
  FallbackMode,
  RecoveryOutcome,
  RecoveryPlan,
  RecoveryRegistrar,
  RecoveryStep,
  RecoveryTarget,
} from './recovery-types.ts';
import { systemClock } from './system-clock.ts';

/** SP-028, section 6: an automated step takes less than 3 s. */
const STEP_DEADLINE_MS = 3_000;
/** SP-028: how long a notice is not repeated, ms. */
const SUPPRESSION_WINDOW_MS = 60_000;

/**
 * An empty registrar, to be filled by the services that know a remedy.
 *
 * @example
 * ```ts
 * const registrar = createRecoveryRegistrar();
 * manager.registerRecoveryActions(registrar);
 * const plan = registrar.toRecoveryPlan({ fallbackMode: 'degraded-features' });
 * ```
 */
export function createRecoveryRegistrar(): RecoveryRegistrar {
  const steps = new Map<string, RecoveryStep>();
  const handlers = new Map<FallbackMode, FallbackHandler>();
  let notifyUser: boolean | undefined;
  let suppressionWindowMs: number | undefined;
  return {
    addStep(step) {
      steps.set(step.id, step);
    },
    addFallback(mode, handler) {
      handlers.set(mode, handler);
    },
    setNotification(options) {
      notifyUser = options.notifyUser ?? notifyUser;
      suppressionWindowMs = options.suppressionWindowMs ?? suppressionWindowMs;
    },
    toRecoveryPlan(defaults = {}) {
      const [firstMode] = handlers.keys();
      const fallbackMode = defaults.fallbackMode ?? firstMode;
      return Object.freeze({
        steps: Object.freeze([...(defaults.steps ?? []).filter(({ id }) => !steps.has(id)), ...steps.values()]),
        ...(fallbackMode !== undefined && { fallbackMode }),
        fallbackHandlers: Object.freeze({ ...defaults.fallbackHandlers, ...Object.fromEntries(handlers) }),
        notifyUser: notifyUser ?? defaults.notifyUser ?? true,
        suppressionWindowMs: suppressionWindowMs ?? defaults.suppressionWindowMs ?? SUPPRESSION_WINDOW_MS,
      });
    },
  };
}

export interface StepReport extends RecoveryOutcome {
  readonly id: string;
  /** Whether the compensation ran, and how; only after a failure, and only if the step has one. */
  readonly compensation?: 'done' | 'failed';
}

export interface RecoveryReport {
  readonly success: boolean;
  /** One entry per step that ran, in order. Empty without a target. */
  readonly steps: readonly StepReport[];
  /** The fallback that was entered, if any. */
  readonly fallback?: FallbackMode;
}

export interface RecoveryRunOptions {
  /** [clock=systemClock()] */
  readonly clock?: Clock;
  /** [logger=silentLogger] */
  readonly logger?: Logger;
  /** Tells people; not more often than once per session within the suppression window of the plan. */
  readonly notify?: (target: RecoveryTarget, report: RecoveryReport) => void;
}

interface PlanMemory {
  readonly running: Map<string, Promise<RecoveryReport>>;
  readonly notifiedAt: Map<string, number>;
}

const memories = new WeakMap<RecoveryPlan, PlanMemory>();

/**
 * Runs the steps of a plan for one session, in order, each once and each for at most 3 s. At the first that fails its
 * compensation runs and the plan's fallback is entered; later steps are left out. Never rejects.
 *
 * Without a target nothing happens: a step must never guess which session is meant. Runs of the same plan for the same
 * session at the same time are one run.
 *
 * @example
 * ```ts
 * const { success, fallback } = await runRecoveryPlan(plan, { sessionId });
 * ```
 */
export async function runRecoveryPlan(
  plan: RecoveryPlan,
  target: Partial<RecoveryTarget> | undefined,
  options: RecoveryRunOptions = {},
): Promise<RecoveryReport> {
  const sessionId = target?.sessionId;
  if (typeof sessionId !== 'string' || sessionId === '') return Object.freeze({ success: false, steps: [] });
  const memory = memories.get(plan) ?? { running: new Map(), notifiedAt: new Map() };
  memories.set(plan, memory);
  const underWay = memory.running.get(sessionId);
  if (underWay !== undefined) return underWay;
  const run = new Run(plan, Object.freeze({ sessionId }), options, memory).report();
  memory.running.set(sessionId, run);
  try {
    return await run;
  } finally {
    memory.running.delete(sessionId);
  }
}

class Run {
  readonly #plan: RecoveryPlan;
  readonly #target: RecoveryTarget;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #notify: RecoveryRunOptions['notify'];
  readonly #memory: PlanMemory;

  constructor(plan: RecoveryPlan, target: RecoveryTarget, options: RecoveryRunOptions, memory: PlanMemory) {
    this.#plan = plan;
    this.#target = target;
    this.#clock = options.clock ?? systemClock();
    this.#logger = options.logger ?? silentLogger;
    this.#notify = options.notify;
    this.#memory = memory;
  }

  async report(): Promise<RecoveryReport> {
    const steps: StepReport[] = [];
    // A step that is in the plan twice runs once.
    for (const step of new Map(this.#plan.steps.map(step => [step.id, step])).values()) {
      const report = await this.#step(step);
      steps.push(report);
      if (!report.success) break;
    }
    const success = steps.every(step => step.success);
    const fallback = success ? undefined : await this.#fallback();
    const report = Object.freeze({ success, steps: Object.freeze(steps), ...(fallback !== undefined && { fallback }) });
    this.#tell(report);
    return report;
  }

  async #step(step: RecoveryStep): Promise<StepReport> {
    const { id } = step;
    const startedAt = this.#clock.now();
    const failed = async (error: unknown): Promise<StepReport> => {
      const compensation = await this.#compensate(step);
      const durationMs = this.#clock.now() - startedAt;
      return Object.freeze({ id, success: false, durationMs, error: this.#clean(error), ...compensation });
    };
    try {
      const outcome = await this.#bounded(() => step.execute(this.#target));
      if (outcome?.success !== true) return await failed(outcome?.error);
      return Object.freeze({ id, success: true, durationMs: this.#clock.now() - startedAt });
    } catch (error) {
      return await failed(error);
    }
  }

  async #compensate(step: RecoveryStep): Promise<{ compensation?: 'done' | 'failed' }> {
    if (step.compensatingAction === undefined) return {};
    try {
      await this.#bounded(() => step.compensatingAction?.(this.#target));
      return { compensation: 'done' };
    } catch (error) {
      this.#warn('a compensation failed', error);
      return { compensation: 'failed' };
    }
  }

  async #fallback(): Promise<FallbackMode | undefined> {
    const mode = this.#plan.fallbackMode;
    const handler = mode && this.#plan.fallbackHandlers?.[mode];
    if (handler === undefined) return mode;
    try {
      await this.#bounded(() => handler(this.#target));
      return mode;
    } catch (error) {
      this.#warn('a fallback failed', error);
      return undefined;
    }
  }

  #tell(report: RecoveryReport): void {
    if (this.#notify === undefined || !this.#plan.notifyUser) return;
    const now = this.#clock.now();
    const window = this.#plan.suppressionWindowMs ?? SUPPRESSION_WINDOW_MS;
    const { notifiedAt } = this.#memory;
    for (const [sessionId, at] of notifiedAt) if (now - at >= window) notifiedAt.delete(sessionId);
    if (notifiedAt.has(this.#target.sessionId)) return;
    notifiedAt.set(this.#target.sessionId, now);
    try {
      this.#notify(this.#target, report);
    } catch (error) {
      this.#warn('a recovery notice failed', error);
    }
  }

  async #bounded<T>(work: () => Promise<T> | T): Promise<T> {
    return withDeadline(async () => work(), { clock: this.#clock, deadlineMs: STEP_DEADLINE_MS });
  }

  #clean(error: unknown): SessionchartError {
    return isSessionchartError(error) ? error : errorOf(classifyFailure(error), sanitisedCause(error));
  }

  #warn(message: string, error: unknown): void {
    this.#logger.warn(message, { ...this.#target, cause: sanitisedCause(error) });
  }
}
