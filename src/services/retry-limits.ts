import type { Logger } from '../actors/ports.ts';
import { JITTERS, RETRY_POLICIES, type RetryLimits } from '../machines/retry.ts';
import { shownValue } from './config-field.ts';
import type { FaultDomain, RetryOverrides } from './recovery-types.ts';

/** SP-037 CON-001: the longest an operation may take with all its retries, ms. */
const LONGEST_BUDGET_MS = 120_000;

const envelope = (limits: Partial<RetryLimits>): RetryLimits => ({
  policy: 'none',
  maxAttempts: 1,
  initialDelayMs: 500,
  multiplier: 2,
  maxDelayMs: 8_000,
  budgetMs: 70_000,
  jitter: 'deterministic-equal',
  delaysMs: [],
  ...limits,
});

/** What each fault domain gets without overrides: the envelopes of SP-037; no retries where it names none. */
export const RETRY_ENVELOPES: Readonly<Record<FaultDomain, RetryLimits>> = {
  auth: envelope({
    policy: 'exponential',
    maxAttempts: 5,
    initialDelayMs: 1_000,
    multiplier: 2,
    maxDelayMs: 12_000,
    budgetMs: 75_000,
  }),
  session: envelope({
    policy: 'hybrid',
    maxAttempts: 4,
    initialDelayMs: 500,
    multiplier: 1.8,
    maxDelayMs: 8_000,
    budgetMs: 70_000,
  }),
  transport: envelope({
    policy: 'exponential',
    maxAttempts: 6,
    initialDelayMs: 400,
    multiplier: 2.2,
    maxDelayMs: 9_000,
    budgetMs: 90_000,
  }),
  audio: envelope({}),
  ui: envelope({}),
  copilot: envelope({}),
  infrastructure: envelope({}),
};

interface Guardrail {
  readonly allowed: string;
  fits(value: unknown): boolean;
}

const range = (min: number, max: number, whole = false): Guardrail => ({
  allowed: `${whole ? 'a whole number, ' : ''}${min} to ${max}`,
  fits: value => typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value)),
});

const oneOf = (values: readonly string[]): Guardrail => ({
  allowed: values.join(', '),
  fits: value => typeof value === 'string' && values.includes(value),
});

/** SP-037, guardrails. */
const GUARDRAILS: Readonly<Record<keyof RetryOverrides, Guardrail>> = {
  policy: oneOf(RETRY_POLICIES),
  jitter: oneOf(JITTERS),
  maxAttempts: range(0, 8, true),
  initialDelayMs: range(0, 5_000),
  multiplier: range(1, 5),
  maxDelayMs: range(0, 60_000),
  budgetMs: range(1_000, LONGEST_BUDGET_MS),
  delaysMs: {
    allowed: 'at most 8 numbers, each 0 to 60000',
    fits: value => Array.isArray(value) && value.length <= 8 && value.every(range(0, 60_000).fits),
  },
};

/** The limits of a run: the envelope of the domain with the overrides that fit. The others are refused with a warning. */
export function retryLimits(domain: FaultDomain, overrides: RetryOverrides | undefined, logger: Logger): RetryLimits {
  const limits = { ...RETRY_ENVELOPES[domain] };
  for (const [key, guardrail] of Object.entries(GUARDRAILS)) {
    const value: unknown = overrides?.[key as keyof RetryOverrides];
    if (value === undefined) continue;
    if (guardrail.fits(value)) Object.assign(limits, { [key]: Array.isArray(value) ? [...value] : value });
    else
      logger.warn('retry setting refused, default used', {
        field: key,
        given: shownValue(value),
        allowed: guardrail.allowed,
      });
  }
  return { ...limits, maxAttempts: Math.max(1, limits.maxAttempts) };
}
