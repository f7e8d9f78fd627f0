import { ERROR_CATALOGUE, type ErrorCode, errorOf, knownCode, SessionchartError } from '../actors/errors.ts';
import type { Failure } from '../machines/failure.ts';
import { deepFreeze } from './deep-freeze.ts';
import type { SessionError } from './session-api.ts';

/** The error as events, results and diagnostics tell it; with a `failure` behind it where there is one. */
export function sessionError(code: ErrorCode, timestamp: Date, failure?: Failure): SessionError {
  const { message, remediation, retryable } = ERROR_CATALOGUE[code];
  const context = failure === undefined ? undefined : contextOf(failure);
  return deepFreeze({
    code,
    message,
    remediation: failure === undefined ? remediation : ERROR_CATALOGUE[knownCode(failure.code)].remediation,
    isRetryable: failure?.retryable ?? retryable,
    timestamp,
    ...(context === undefined ? {} : { context }),
  });
}

function contextOf({ code, status, providerCode, requestId, retryAfterMs, field }: Failure) {
  return {
    cause: code,
    ...(status === undefined ? {} : { status }),
    ...(providerCode === undefined ? {} : { providerCode }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(field === undefined ? {} : { field }),
  };
}

/** The error that a call rejects with because of `failure`, which becomes its cause. */
export function rejection(code: ErrorCode, sessionId: string, failure: Failure): SessionchartError {
  return new SessionchartError(code, { sessionId, isRetryable: failure.retryable, cause: errorOf(failure) });
}
