import { z } from 'zod';
import { isSessionchartError, SessionchartError } from '../actors/errors.ts';
import type { SessionConfig } from '../machines/session-config.ts';
import { allowedText, type BooleanField, type NumberField, notAllowed, notKnown, schemaOf } from './config-field.ts';

type FieldOf<K extends keyof SessionConfig> = (SessionConfig[K] extends boolean ? BooleanField : NumberField) & {
  readonly key: K;
};

/** A description of one key of {@link SessionConfig}. */
export type SessionConfigField = { [K in keyof SessionConfig]: FieldOf<K> }[keyof SessionConfig];

/** What may be passed where a configuration is asked for: any part of it. `undefined` counts as not given. */
export type SessionConfigPatch = { readonly [K in keyof SessionConfig]?: SessionConfig[K] | undefined };

const ANY_FRACTION = { kind: 'number', exclusiveMin: false, integer: false, applies: 'now' } as const;
const FLAG = { kind: 'boolean', applies: 'now' } as const;

// Defaults: SP-005 CON-002, CON-003 and REQ-002, SP-004 for the attempts. Upper ends: a year for what may run long, a
// day for what repeats, the guardrails of SP-037 for attempts (8) and first wait (5 s).
const FIELDS: { readonly [K in keyof SessionConfig]: FieldOf<K> } = {
  renewalMarginSeconds: {
    ...ANY_FRACTION,
    key: 'renewalMarginSeconds',
    unit: 'seconds',
    min: 0,
    max: 3_600,
    default: 10,
    description: 'How long before the credential expires it is renewed; never more than half its life.',
  },
  inactivityTimeoutMinutes: {
    ...ANY_FRACTION,
    key: 'inactivityTimeoutMinutes',
    unit: 'minutes',
    min: 0,
    exclusiveMin: true,
    max: 525_600,
    default: 5,
    description: 'Idle time after which the session ends.',
  },
  heartbeatIntervalSeconds: {
    ...ANY_FRACTION,
    key: 'heartbeatIntervalSeconds',
    unit: 'seconds',
    min: 1,
    max: 86_400,
    default: 30,
    description: 'Time between two health probes.',
  },
  maxRetryAttempts: {
    ...ANY_FRACTION,
    key: 'maxRetryAttempts',
    unit: 'attempts',
    min: 1,
    max: 8,
    integer: true,
    default: 3,
    description: 'Attempts per operation, the first one included.',
  },
  retryBackoffMs: {
    ...ANY_FRACTION,
    key: 'retryBackoffMs',
    unit: 'milliseconds',
    min: 0,
    max: 5_000,
    default: 1_000,
    description: 'Wait before the second attempt; it doubles with each further one.',
  },
  enableHeartbeat: {
    ...FLAG,
    key: 'enableHeartbeat',
    default: true,
    description: 'Whether health is probed at intervals.',
  },
  enableInactivityTimeout: {
    ...FLAG,
    key: 'enableInactivityTimeout',
    default: true,
    description: 'Whether an idle session ends.',
  },
  maxDurationMinutes: {
    ...ANY_FRACTION,
    key: 'maxDurationMinutes',
    unit: 'minutes',
    min: 0,
    exclusiveMin: true,
    max: 525_600,
    default: 1_440,
    description: 'Longest life of a session. A cap of the server counts too; the earlier one wins.',
  },
  durationWarningSeconds: {
    ...ANY_FRACTION,
    key: 'durationWarningSeconds',
    unit: 'seconds',
    min: 0,
    max: 86_400,
    default: 60,
    description: 'How long before the end of its life the session warns.',
  },
};

/** Every key of {@link SessionConfig} with unit, range, default and meaning. Schema, documents and settings derive from it. */
export const SESSION_CONFIG_FIELDS: readonly SessionConfigField[] = Object.freeze(
  Object.values(FIELDS).map(field => Object.freeze(field)),
);

const KEYS: readonly string[] = Object.keys(FIELDS);

/** What a session runs with when nothing is set. */
export const DEFAULT_SESSION_CONFIG: SessionConfig = Object.freeze({
  renewalMarginSeconds: FIELDS.renewalMarginSeconds.default,
  inactivityTimeoutMinutes: FIELDS.inactivityTimeoutMinutes.default,
  heartbeatIntervalSeconds: FIELDS.heartbeatIntervalSeconds.default,
  maxRetryAttempts: FIELDS.maxRetryAttempts.default,
  retryBackoffMs: FIELDS.retryBackoffMs.default,
  enableHeartbeat: FIELDS.enableHeartbeat.default,
  enableInactivityTimeout: FIELDS.enableInactivityTimeout.default,
  maxDurationMinutes: FIELDS.maxDurationMinutes.default,
  durationWarningSeconds: FIELDS.durationWarningSeconds.default,
});

const PATCH_SCHEMA = z.strictObject(
  Object.fromEntries(SESSION_CONFIG_FIELDS.map(field => [field.key, schemaOf(field).optional()])),
);

/**
 * Merges `patch` over `base` and checks what the patch brings. `base` is taken as valid and is returned as it is when
 * the patch changes nothing; otherwise the result is a new frozen object.
 *
 * @throws SessionchartError `INVALID_CONFIG` for an unknown key, a wrong type, a number that is not finite or out of
 * range. `details.field` and `details.allowed` tell which and what would do.
 *
 * @example
 * ```ts
 * resolveSessionConfig(DEFAULT_SESSION_CONFIG, { inactivityTimeoutMinutes: 1 }).heartbeatIntervalSeconds; // 30
 * resolveSessionConfig(DEFAULT_SESSION_CONFIG, { inactivityTimeoutMinutes: 0 });
 * // inactivityTimeoutMinutes is 0; allowed: more than 0, at most 525600 (minutes)
 * ```
 */
export function resolveSessionConfig(base: SessionConfig, patch?: SessionConfigPatch): SessionConfig {
  const given = patch === undefined ? undefined : ownValues(patch);
  if (given === undefined) return Object.isFrozen(base) ? base : Object.freeze({ ...base });
  const parsed = PATCH_SCHEMA.safeParse(given);
  if (!parsed.success) throw refusal(given, parsed.error.issues[0]);
  return Object.freeze({ ...base, ...given });
}

/**
 * A copy of what a patch really gives, each value read once: an object from outside may answer differently the second
 * time. Its values are not checked.
 *
 * @throws SessionchartError `INVALID_CONFIG` if it is no object, cannot be read, or has an unknown key.
 */
export function copyOfPatch(patch: SessionConfigPatch | undefined): SessionConfigPatch {
  return patch === undefined ? {} : { ...ownValues(patch) };
}

/** The values that are really given, if any. */
function ownValues(patch: unknown): Record<string, unknown> | undefined {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
    throw notAllowed('config', patch, 'an object with any of the session settings');
  }
  let given: Record<string, unknown> | undefined;
  try {
    for (const key of Object.keys(patch)) {
      if (!Object.hasOwn(FIELDS, key)) throw notKnown(key, KEYS);
      const value: unknown = Reflect.get(patch, key);
      if (value === undefined) continue;
      given ??= {};
      given[key] = value;
    }
  } catch (error) {
    if (isSessionchartError(error)) throw error;
    throw new SessionchartError('INVALID_CONFIG', { message: 'config could not be read: it threw', field: 'config' });
  }
  return given;
}

function refusal(given: Record<string, unknown>, issue: z.core.$ZodIssue | undefined): SessionchartError {
  const field = SESSION_CONFIG_FIELDS.find(candidate => candidate.key === issue?.path[0]);
  if (field === undefined) throw new SessionchartError('INVALID_CONFIG');
  return notAllowed(field.key, given[field.key], allowedText(field));
}
