import type { Secret } from '../actors/secret.ts';
import { WHEN_FULL } from '../machines/coordinator.ts';
import { TRANSPORT_STATES } from '../machines/session-types.ts';
import { notAllowed, notKnown } from './config-field.ts';
import type { TransportReport } from './session-api.ts';
import type { SessionManagerOptions } from './session-manager-options.ts';

const OPTION_NAMES: readonly (keyof SessionManagerOptions)[] = [
  'clock',
  'config',
  'configuration',
  'createSessionId',
  'credentials',
  'driver',
  'hooks',
  'inspect',
  'limit',
  'logger',
  'privacy',
  'queueLimit',
  'recovery',
  'restarts',
  'whenFull',
];

/** Longest restart window, ms: a day. */
const LONGEST_WINDOW_MS = 86_400_000;

const integer = (name: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): void => {
  if (value === undefined) return;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `${min} to ${max}`;
  throw notAllowed(name, value, `a whole number ${range}`);
};

const methods = (name: string, value: unknown, required: readonly string[], optional: readonly string[]): void => {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null)
    throw notAllowed(name, value, `an object with ${required.join(', ')}`);
  for (const method of required) {
    const part = (value as Record<string, unknown>)[method];
    if (typeof part !== 'function') throw notAllowed(`${name}.${method}`, part, 'a function');
  }
  for (const method of optional) {
    const part = (value as Record<string, unknown>)[method];
    if (part !== undefined && typeof part !== 'function') throw notAllowed(`${name}.${method}`, part, 'a function');
  }
};

/** @throws SessionchartError `INVALID_CONFIG`, naming the option, its value and what is allowed. */
export function checkManagerOptions(options: SessionManagerOptions): void {
  if (typeof options !== 'object' || options === null) throw notAllowed('options', options, 'an object');
  for (const name of Object.keys(options)) {
    if (!(OPTION_NAMES as readonly string[]).includes(name)) throw notKnown(name, OPTION_NAMES);
  }
  const { limit, whenFull, queueLimit, restarts } = options;
  integer('limit', limit, 1);
  integer('queueLimit', queueLimit, 0);
  integer('restarts.max', restarts?.max, 0);
  integer('restarts.windowMs', restarts?.windowMs, 1, LONGEST_WINDOW_MS);
  if (whenFull !== undefined && !WHEN_FULL.includes(whenFull)) {
    throw notAllowed('whenFull', whenFull, WHEN_FULL.map(policy => `"${policy}"`).join(', '));
  }
  methods('clock', options.clock, ['now', 'wall', 'setTimeout', 'clearTimeout'], []);
  const { createSessionId } = options;
  if (createSessionId !== undefined && typeof createSessionId !== 'function') {
    throw notAllowed('createSessionId', createSessionId, 'a function');
  }
  methods('credentials', options.credentials, ['mint'], ['revoke']);
  methods('driver', options.driver, [], ['open', 'close', 'probe']);
  methods('logger', options.logger, ['error', 'warn', 'info', 'debug'], []);
  methods('privacy', options.privacy, ['issuePurge'], []);
}

/** Reasons that a caller may give for an end. */
export const END_CALL_REASONS = ['user', 'provider-ended', 'connection-lost', 'recovery'] as const;
export type EndCallReason = (typeof END_CALL_REASONS)[number];

/** @throws SessionchartError `INVALID_CONFIG`. */
export function checkEndReason(reason: EndCallReason): void {
  if (END_CALL_REASONS.includes(reason)) return;
  throw notAllowed('reason', reason, END_CALL_REASONS.map(known => `"${known}"`).join(', '));
}

/** Longest name of a session. */
const LONGEST_SESSION_ID = 200;

/**
 * A name that `createSessionId` gave, if it will do.
 *
 * @throws SessionchartError `INVALID_CONFIG`.
 */
export function checkSessionId(sessionId: unknown, isTaken: (sessionId: string) => boolean): string {
  const fits = typeof sessionId === 'string' && sessionId !== '' && sessionId.length <= LONGEST_SESSION_ID;
  if (fits && !isTaken(sessionId)) return sessionId;
  const allowed = `a text of 1 to ${LONGEST_SESSION_ID} characters that no other session has`;
  throw notAllowed('createSessionId()', sessionId, allowed);
}

/** A transport report with its time in ms since the Unix epoch. */
export function checkTransport(report: TransportReport): {
  readonly state: TransportReport['state'];
  readonly expiresAt: number | undefined;
  readonly credentialRefused: boolean;
  readonly credential: Secret | undefined;
} {
  if (typeof report !== 'object' || report === null) throw notAllowed('report', report, 'an object with a state');
  const { state, expiresAt, credentialRefused, credential } = report;
  if (!TRANSPORT_STATES.includes(state)) {
    throw notAllowed('state', state, TRANSPORT_STATES.map(known => `"${known}"`).join(', '));
  }
  const at = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt;
  if (at !== undefined && (typeof at !== 'number' || !Number.isFinite(at))) {
    throw notAllowed('expiresAt', expiresAt, 'a valid Date, or milliseconds since the Unix epoch');
  }
  return { state, expiresAt: at, credentialRefused: credentialRefused === true, credential };
}
