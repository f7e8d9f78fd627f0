import type { Failure } from '../machines/failure.ts';
import { type ErrorFacts, errorFacts, headerOf, peek, retryAfterOf } from './error-facts.ts';
import { ERROR_CATALOGUE, type ErrorCode, SessionchartError } from './errors.ts';

/**
 * Codes of providers that are known, and what they mean. Those that are fatal whatever the status says follow the list
 * that the livekit agents keep; the rest decides only where there is no status.
 */
const PROVIDER_CODES: Readonly<Record<string, ErrorCode>> = {
  account_deactivated: 'INVALID_CREDENTIALS',
  beta_api_shape_disabled: 'REQUEST_REJECTED',
  billing_hard_limit_reached: 'QUOTA_EXCEEDED',
  DeploymentNotFound: 'REQUEST_REJECTED',
  insufficient_quota: 'QUOTA_EXCEEDED',
  invalid_api_key: 'INVALID_CREDENTIALS',
  invalid_request_error: 'REQUEST_REJECTED',
  model_not_found: 'REQUEST_REJECTED',
  PermissionDenied: 'INSUFFICIENT_PERMISSIONS',
  rate_limit_exceeded: 'RATE_LIMITED',
  server_error: 'SERVICE_UNAVAILABLE',
  Unauthorized: 'INVALID_CREDENTIALS',
};

const FATAL_PROVIDER_CODES: ReadonlySet<string | undefined> = new Set([
  'account_deactivated',
  'billing_hard_limit_reached',
  'insufficient_quota',
  'invalid_api_key',
]);

/** Platform codes that mean: the other side was not reached, or not heard to the end. Those of undici are recognised by their prefix. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTCONN',
  'ENOTFOUND',
  'EPIPE',
  'EPROTO',
  'ERR_SOCKET_CLOSED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_HANDSHAKE_TIMEOUT',
  'ETIMEDOUT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const PLATFORM_CODE = /^(E[A-Z]{2,24}|UND_ERR_[A-Z_]{1,40}|ERR_[A-Z_]{1,40})$/;

/**
 * `req_` with hex digits as OpenAI writes it, or a UUID as Azure does. Bare hex is left out: an Azure API key is 32 hex
 * digits.
 */
const REQUEST_ID = /^(req_[0-9a-f]{16,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Names that a sanitised error keeps. Any other becomes `Error`. */
const KNOWN_NAMES: ReadonlySet<string> = new Set([
  'AbortError',
  'AggregateError',
  'AuthenticationError',
  'CredentialUnavailableError',
  'RangeError',
  'RestError',
  'SessionchartError',
  'SyntaxError',
  'TimeoutError',
  'TypeError',
]);

/**
 * Tells what a failed call to a provider means. Total: any value gives an answer, also one whose getters throw.
 *
 * It looks at the HTTP status (`status`, `statusCode`), at `code`, `cause.code` and at the names `AbortError` and
 * `TimeoutError`, never at the message. `x-should-retry` overrides the retryability of a status, except for refused
 * credentials and spent quotas; `retryAfterMs`, `retry-after-ms` and `Retry-After` become `retryAfterMs`. An
 * `AbortError` is retryable: whoever aborted on purpose no longer listens, all others met a time-out of the provider's own.
 *
 * @param wall Milliseconds since the Unix epoch, for a `Retry-After` date that comes without a `Date` header.
 *
 * @example
 * ```ts
 * classifyFailure({ status: 429, headers: { 'retry-after': '7' } });
 * // { code: 'RATE_LIMITED', retryable: true, status: 429, retryAfterMs: 7000 }
 * ```
 */
export function classifyFailure(error: unknown, wall?: number): Failure {
  const own = ownFailure(error);
  if (own !== undefined) return own;
  const facts = errorFacts(error);
  const code = codeOf(facts);
  const retryable = isRetryable(code, facts);
  const retryAfterMs = retryable ? (facts.retryAfterMs ?? retryAfterOf(facts.headers, wall)) : undefined;
  return failure(code, retryable, { ...facts, retryAfterMs });
}

/**
 * An error that may travel as a `cause`: name, status and codes from closed lists, nothing that the provider wrote.
 * `classifyFailure` reads the same from it as from the original, headers aside.
 */
export function sanitisedCause(error: unknown): Error {
  const facts = errorFacts(error);
  const code = listedCode(facts) ?? (isOwn(error) ? error.code : undefined);
  const name = facts.name !== undefined && KNOWN_NAMES.has(facts.name) ? facts.name : 'Error';
  const parts = [
    ...(facts.status === undefined ? [] : [`status ${facts.status}`]),
    ...(code === undefined ? [] : [`code ${code}`]),
  ];
  const clean = new Error(parts.length === 0 ? 'no further details' : parts.join(', '));
  clean.name = name;
  clean.stack = `${name}: ${clean.message}`;
  return Object.assign(
    clean,
    facts.status === undefined ? {} : { status: facts.status },
    code === undefined ? {} : { code },
  );
}

function isOwn(error: unknown): error is SessionchartError {
  try {
    return error instanceof SessionchartError;
  } catch {
    return false;
  }
}

/** Our own errors are taken at their word; their details pass the same filters as any other. */
/** Names of fields as our own errors give them: a path of identifiers, too short to be anything else. */
const FIELD_NAME = /^[a-zA-Z]{1,32}(?:\.[a-zA-Z]{1,32}){0,3}$/;

function ownFailure(error: unknown): Failure | undefined {
  if (!isOwn(error)) return undefined;
  const code = peek(error, 'code');
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_CATALOGUE, code)) return undefined;
  const details = peek(error, 'details');
  const facts = errorFacts(details);
  const own = failure(code as ErrorCode, peek(error, 'isRetryable') === true, {
    ...facts,
    code: peekText(details, 'providerCode'),
  });
  const field = peekText(details, 'field');
  return field !== undefined && FIELD_NAME.test(field) ? { ...own, field } : own;
}

function peekText(target: unknown, key: string): string | undefined {
  const value = peek(target, key);
  return typeof value === 'string' ? value : undefined;
}

function codeOf(facts: ErrorFacts): ErrorCode {
  const known = providerMeaning(facts);
  if (known !== undefined && FATAL_PROVIDER_CODES.has(facts.code)) return known;
  // Azure writes the status as the text of the code where there is nothing better.
  const status = facts.status ?? (/^[45]\d\d$/.test(facts.code ?? '') ? Number(facts.code) : undefined);
  const meant = status === undefined ? undefined : statusMeaning(status);
  if (meant !== undefined) return meant;
  if (known !== undefined) return known;
  if (facts.name === 'TimeoutError') return 'PROVIDER_TIMEOUT';
  if (facts.name === 'AbortError') return 'OPERATION_ABORTED';
  if (isNetworkCode(facts.code) || isNetworkCode(facts.causeCode)) return 'NETWORK_ERROR';
  return 'UNKNOWN_ERROR';
}

function statusMeaning(status: number): ErrorCode | undefined {
  if (status === 401) return 'INVALID_CREDENTIALS';
  if (status === 403) return 'INSUFFICIENT_PERMISSIONS';
  if (status === 429) return 'RATE_LIMITED';
  if (status === 408 || status === 409 || status >= 500) return 'SERVICE_UNAVAILABLE';
  return status >= 400 ? 'REQUEST_REJECTED' : undefined;
}

function providerMeaning({ code }: ErrorFacts): ErrorCode | undefined {
  return code !== undefined && Object.hasOwn(PROVIDER_CODES, code) ? PROVIDER_CODES[code] : undefined;
}

function isNetworkCode(code: string | undefined): boolean {
  return code !== undefined && (NETWORK_CODES.has(code) || code.startsWith('UND_ERR_'));
}

function isRetryable(code: ErrorCode, facts: ErrorFacts): boolean {
  if (code === 'INVALID_CREDENTIALS' || code === 'INSUFFICIENT_PERMISSIONS' || code === 'QUOTA_EXCEEDED') return false;
  const wish = headerOf(facts.headers, 'x-should-retry');
  if (wish === 'true' || wish === 'false') return wish === 'true';
  return code === 'OPERATION_ABORTED' || ERROR_CATALOGUE[code].retryable;
}

function isListed(code: string): boolean {
  return (
    Object.hasOwn(PROVIDER_CODES, code) ||
    NETWORK_CODES.has(code) ||
    PLATFORM_CODE.test(code) ||
    /^[45]\d\d$/.test(code)
  );
}

function listedCode(facts: ErrorFacts): string | undefined {
  return [facts.code, facts.causeCode].find(code => code !== undefined && isListed(code));
}

function failure(code: ErrorCode, retryable: boolean, facts: ErrorFacts): Failure {
  const { status, retryAfterMs, requestId } = facts;
  const providerCode = listedCode(facts);
  return Object.freeze({
    code,
    retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(status !== undefined && { status }),
    ...(providerCode !== undefined && { providerCode }),
    ...(requestId !== undefined && REQUEST_ID.test(requestId) && { requestId }),
  });
}
