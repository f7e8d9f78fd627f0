import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSessionchartError, type SessionchartError } from '../../../src/actors/errors.ts';
import {
  DEFAULT_SESSION_CONFIG,
  resolveSessionConfig,
  SESSION_CONFIG_FIELDS,
  type SessionConfigPatch,
} from '../../../src/services/session-config.ts';

function refused(patch: unknown): SessionchartError {
  try {
    resolveSessionConfig(DEFAULT_SESSION_CONFIG, patch as SessionConfigPatch);
  } catch (error) {
    if (isSessionchartError(error, 'INVALID_CONFIG')) return error;
    throw error;
  }
  throw new Error('was accepted');
}

const numbers = SESSION_CONFIG_FIELDS.filter(field => field.kind === 'number');

it('[CFG-1] the defaults are those of the fields, and pass their own ranges', () => {
  expect(DEFAULT_SESSION_CONFIG).toEqual({
    renewalMarginSeconds: 10,
    inactivityTimeoutMinutes: 5,
    heartbeatIntervalSeconds: 30,
    maxRetryAttempts: 3,
    retryBackoffMs: 1000,
    enableHeartbeat: true,
    enableInactivityTimeout: true,
    maxDurationMinutes: 1440,
    durationWarningSeconds: 60,
  });
  expect(Object.fromEntries(SESSION_CONFIG_FIELDS.map(field => [field.key, field.default]))).toEqual(
    DEFAULT_SESSION_CONFIG,
  );
  expect(resolveSessionConfig(DEFAULT_SESSION_CONFIG, { ...DEFAULT_SESSION_CONFIG })).toEqual(DEFAULT_SESSION_CONFIG);
});

describe('[CFG-2] ranges', () => {
  for (const field of numbers) {
    const step = field.integer ? 1 : 0.001;
    const least = field.exclusiveMin ? field.min + step : field.min;
    it(`[CFG-2] ${field.key}: both ends are allowed, one step beyond is not`, () => {
      for (const value of [least, field.max, field.default]) {
        expect(resolveSessionConfig(DEFAULT_SESSION_CONFIG, { [field.key]: value })).toMatchObject({
          [field.key]: value,
        });
      }
      for (const value of [least - step, field.max + step])
        expect(refused({ [field.key]: value }).details.field).toBe(field.key);
    });

    it(`[CFG-2] ${field.key}: any number is accepted exactly if it is in range`, () => {
      fc.assert(
        fc.property(fc.oneof(fc.double(), fc.integer({ min: -10, max: 1_000_000 })), value => {
          const inRange = (field.exclusiveMin ? value > field.min : value >= field.min) && value <= field.max;
          const fits = inRange && (!field.integer || Number.isInteger(value));
          if (fits)
            expect(resolveSessionConfig(DEFAULT_SESSION_CONFIG, { [field.key]: value })).toMatchObject({
              [field.key]: value,
            });
          else expect(refused({ [field.key]: value }).details.allowed).toContain(field.unit);
        }),
      );
    });
  }
});

it('[D25] the error names field, value and range', () => {
  const error = refused({ inactivityTimeoutMinutes: 0 });
  expect(error.message).toBe('inactivityTimeoutMinutes is 0; allowed: more than 0, at most 525600 (minutes)');
  expect(error.details).toEqual({
    field: 'inactivityTimeoutMinutes',
    allowed: 'more than 0, at most 525600 (minutes)',
  });
  expect(refused({ heartbeatIntervalSeconds: Number.NaN }).message).toBe(
    'heartbeatIntervalSeconds is NaN; allowed: 1 to 86400 (seconds)',
  );
  expect(refused({ maxRetryAttempts: 2.5 }).message).toBe(
    'maxRetryAttempts is 2.5; allowed: a whole number, 1 to 8 (attempts)',
  );
  expect(refused({ enableHeartbeat: 'yes' }).message).toBe('enableHeartbeat is "yes"; allowed: true or false');
});

it('[CFG-3] junk of any kind is refused as INVALID_CONFIG or changes nothing, and long values are never shown', () => {
  fc.assert(
    fc.property(fc.anything(), junk => {
      for (const patch of [junk, { retryBackoffMs: junk }]) {
        try {
          expect(Object.isFrozen(resolveSessionConfig(DEFAULT_SESSION_CONFIG, patch as SessionConfigPatch))).toBe(true);
        } catch (error) {
          expect(isSessionchartError(error, 'INVALID_CONFIG')).toBe(true);
        }
      }
    }),
  );
  const long = 'c4nary'.repeat(20);
  expect(refused({ retryBackoffMs: long }).message).toContain('a text of 120 characters');
  expect(refused(long).message).not.toContain('c4nary');
  expect(refused({ retryBackoffMs: { long } }).message).toContain('is an object;');
  expect(refused({ retryBackoffMs: [long] }).message).toContain('is a list;');
});

it('[CFG-4] an unknown setting is refused by its name', () => {
  expect(refused({ inactivityTimeoutMinuts: 5 }).details.field).toBe('inactivityTimeoutMinuts');
  expect(refused(JSON.parse('{"__proto__": {"enableHeartbeat": false}}')).details.field).toBe('__proto__');
  expect(refused({ ['x'.repeat(500)]: 1 }).message.length).toBeLessThan(400);
});

it('[CFG-5] nothing given yields the base itself; undefined counts as not given', () => {
  expect(resolveSessionConfig(DEFAULT_SESSION_CONFIG, undefined)).toBe(DEFAULT_SESSION_CONFIG);
  expect(resolveSessionConfig(DEFAULT_SESSION_CONFIG, {})).toBe(DEFAULT_SESSION_CONFIG);
  expect(resolveSessionConfig(DEFAULT_SESSION_CONFIG, { enableHeartbeat: undefined })).toBe(DEFAULT_SESSION_CONFIG);
  const own = { ...DEFAULT_SESSION_CONFIG };
  expect(resolveSessionConfig(own)).not.toBe(own);
});

it('[D24] a partial configuration is merged over the base', () => {
  const base = resolveSessionConfig(DEFAULT_SESSION_CONFIG, { inactivityTimeoutMinutes: 1 });
  expect(base).toEqual({ ...DEFAULT_SESSION_CONFIG, inactivityTimeoutMinutes: 1 });
  expect(resolveSessionConfig(base, { maxRetryAttempts: 8 })).toEqual({ ...base, maxRetryAttempts: 8 });
});

it('[D13] the result is a frozen copy, and each value is read once', () => {
  let reads = 0;
  const patch = {
    get retryBackoffMs() {
      return reads++ === 0 ? 5 : -1;
    },
  };
  const config = resolveSessionConfig(DEFAULT_SESSION_CONFIG, patch);
  expect(config.retryBackoffMs).toBe(5);
  expect(reads).toBe(1);
  expect(Object.isFrozen(config)).toBe(true);
  const hostile = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('no');
      },
    },
  );
  expect(refused(hostile).message).toBe('config could not be read: it threw');
});
