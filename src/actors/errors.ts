import type { Failure } from '../machines/failure.ts';

interface CatalogueEntry {
  readonly message: string;
  readonly remediation: string;
  readonly retryable: boolean;
}

const entry = (retryable: boolean, message: string, remediation: string): CatalogueEntry => ({
  message,
  remediation,
  retryable,
});

/** Every code that Sessionchart throws, returns or emits, with the words that go with it. */
export const ERROR_CATALOGUE = {
  SESSION_START_FAILED: entry(false, 'The session could not be started.', 'See the cause for what the provider said.'),
  SESSION_NOT_FOUND: entry(false, 'There is no session with this id.', 'Use an id that getAllSessions() lists.'),
  SESSION_LIMIT_REACHED: entry(
    true,
    'The limit of concurrent sessions is reached.',
    'End a session, raise `limit`, or choose `whenFull: "queue"` or "evict-idle".',
  ),
  SESSION_QUEUE_FULL: entry(
    true,
    'Too many starts are waiting for a free slot.',
    'Try again later or raise the bound.',
  ),
  SESSION_ENDED: entry(false, 'The session was ended before the call could finish.', 'Start a new session.'),
  SESSION_NOT_ACTIVE: entry(
    false,
    'The session is in a state that does not allow this call.',
    'Look at the state of the session first; getSessionInfo() tells it.',
  ),
  SESSION_CRASHED: entry(true, 'The session actor threw and was taken down.', 'Start a new session; report the cause.'),
  MANAGER_NOT_READY: entry(
    false,
    'The session manager is not initialised, or it was disposed.',
    'Await initialize() first; do not use a manager after dispose().',
  ),
  DEPENDENCY_NOT_INITIALIZED: entry(
    false,
    'A service that the session manager needs is not initialised.',
    'Initialise configuration and keys before the session manager.',
  ),
  INVALID_CONFIG: entry(
    false,
    'A configuration value is not allowed.',
    'Use a value in the range that the error names.',
  ),
  RENEWAL_FAILED: entry(true, 'The credential could not be renewed.', 'See the cause; renewSession() tries again.'),
  RENEWAL_EXCEPTION: entry(true, 'The renewal was broken off by an unexpected error.', 'See the cause; try again.'),
  INACTIVITY_TIMEOUT: entry(false, 'The session was idle for too long.', 'Start a new session when it is needed.'),
  KEY_EXPIRED: entry(
    true,
    'The credential ran out before a new one was in hand.',
    'Call renewSession() or start anew.',
  ),
  AUTH_ERROR: entry(false, 'The provider refused the credential.', 'Check the credentials of the provider.'),
  CONNECTION_LOST: entry(true, 'The transport of the session was lost.', 'Reconnect with a fresh credential.'),
  MISSING_CREDENTIALS: entry(false, 'No provider credential is configured.', 'Set an API key or sign in.'),
  INVALID_CREDENTIALS: entry(
    false,
    'The provider did not accept the credential (401).',
    'Check the API key or sign in.',
  ),
  INSUFFICIENT_PERMISSIONS: entry(
    false,
    'The credential may not create realtime sessions (403).',
    'Grant the role that the provider documents for realtime sessions.',
  ),
  REQUEST_REJECTED: entry(false, 'The provider rejected the request.', 'Check endpoint, deployment and API version.'),
  QUOTA_EXCEEDED: entry(false, 'The account has no quota left.', 'Raise the quota or the billing limit.'),
  RATE_LIMITED: entry(true, 'The provider limits the rate of requests (429).', 'Wait for the time that it asks for.'),
  NETWORK_ERROR: entry(true, 'The provider could not be reached.', 'Check the network, the proxy and the endpoint.'),
  SERVICE_UNAVAILABLE: entry(true, 'The provider answered with a server error.', 'Try again later.'),
  PROVIDER_TIMEOUT: entry(true, 'The provider did not answer in time.', 'Check the network; try again.'),
  INVALID_PROVIDER_ANSWER: entry(
    false,
    'The provider answered with a credential that cannot be used.',
    'The error names the field; check provider and clock.',
  ),
  MAX_RETRIES_EXCEEDED: entry(true, 'Every allowed attempt failed.', 'See the cause of the last attempt.'),
  CIRCUIT_OPEN: entry(
    true,
    'Calls are held back after repeated failures.',
    'Wait until the time that the error names.',
  ),
  OPERATION_ABORTED: entry(false, 'The operation was cancelled.', 'None is needed.'),
  RELEASE_FAILED: entry(false, 'A credential or channel could not be released.', 'It stops working when it expires.'),
  RELEASE_TIMEOUT: entry(false, 'Releasing took longer than allowed.', 'The credential stops working when it expires.'),
  HOOK_FAILED: entry(false, 'A conversation hook threw.', 'Mend the hook; the session is not affected.'),
  HOOK_TIMEOUT: entry(false, 'A conversation hook took longer than allowed.', 'Return from hooks quickly.'),
  PURGE_FAILED: entry(false, 'The privacy purge did not succeed.', 'Run the purge again.'),
  PURGE_TIMEOUT: entry(false, 'The privacy purge took longer than allowed.', 'Run the purge again.'),
  LISTENER_FAILED: entry(false, 'An event listener threw.', 'Mend the listener; the session is not affected.'),
  MISSING_ENDPOINT: entry(false, 'No endpoint is configured.', 'Set the endpoint of the resource.'),
  INVALID_ENDPOINT_FORMAT: entry(
    false,
    'The endpoint is not a usable URL.',
    'Use https://<resource>.openai.azure.com.',
  ),
  AUTH_EPHEMERAL_SESSION_CREATE_FAILED: entry(true, 'No realtime session could be created.', 'See the cause.'),
  AUTH_SESSION_TERMINATION_FAILED: entry(true, 'A realtime session could not be terminated.', 'See the cause.'),
  SESSION_CREDENTIAL_ACQUISITION_FAILED: entry(true, 'No credential could be acquired.', 'See the cause.'),
  SESSION_RENEWAL_FAILED: entry(true, 'The credential of the session could not be renewed.', 'See the cause.'),
  SESSION_FORCE_TERMINATION_FAILED: entry(false, 'The session could not be ended by recovery.', 'See the cause.'),
  SESSION_PRIVACY_PURGE_FAILED: entry(false, 'Recovery could not purge the data of the session.', 'See the cause.'),
  CONTRACT_VIOLATION: entry(false, 'An adapter breaks the contract of its port.', 'Change what the error names.'),
  CLOCK_GAVE_UP: entry(
    false,
    'A virtual clock gave up: what it ran for did not come to an end.',
    'Look for what never settles, or arms itself again and again.',
  ),
  RESIDUE_LEFT: entry(false, 'Something is left where nothing should be.', 'End or dispose of what the error lists.'),
  SIMULATION_FAILED: entry(
    false,
    'Something did not hold in a simulated run.',
    'Play the run again as the error says in `replay`.',
  ),
  INVALID_MESSAGE: entry(
    false,
    'A message to the inspector is not allowed.',
    'Send what the error names; the page protocol says what there is.',
  ),
  SEND_NOT_ALLOWED: entry(
    false,
    'This inspector only lets one look.',
    'Create it with `allowSend: true` to send events to actors.',
  ),
  ACTOR_NOT_FOUND: entry(false, 'There is no such actor any more.', 'Ask for the list again.'),
  INSPECTOR_UNAVAILABLE: entry(
    false,
    'The inspector cannot do that.',
    'Use a free port, or 0; do not use an inspector after close().',
  ),
  UNKNOWN_ERROR: entry(true, 'An unexpected error occurred.', 'See the log; try again.'),
} as const satisfies Record<string, CatalogueEntry>;

/** A stable error code. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** Facts about an error that are safe to print: they never hold text from outside. */
export interface ErrorDetails {
  /** Name of the offending option or field. */
  readonly field?: string;
  /** What is allowed there. */
  readonly allowed?: string;
  readonly sessionId?: string;
  readonly status?: number;
  readonly providerCode?: string;
  readonly requestId?: string;
  /** Milliseconds after which a new try makes sense. */
  readonly retryAfterMs?: number;
}

export interface SessionchartErrorOptions extends ErrorDetails {
  /** Replaces the message of the catalogue. Must not contain text from outside. */
  readonly message?: string;
  /** Replaces the remediation of the catalogue. */
  readonly remediation?: string;
  /** Replaces the retryability of the catalogue. */
  readonly isRetryable?: boolean;
  /** An error that is itself free of secrets. */
  readonly cause?: unknown;
}

/**
 * The one error class of Sessionchart. Callers switch on `code`; people read `message` and `remediation`.
 *
 * @example
 * ```ts
 * try {
 *   await manager.startSession();
 * } catch (error) {
 *   if (isSessionchartError(error, 'SESSION_LIMIT_REACHED')) showLimit(error.remediation);
 *   else throw error;
 * }
 * ```
 */
export class SessionchartError extends Error {
  override readonly name: string = 'SessionchartError';
  readonly code: ErrorCode;
  readonly isRetryable: boolean;
  readonly remediation: string;
  readonly details: Readonly<ErrorDetails>;

  constructor(code: ErrorCode, options: SessionchartErrorOptions = {}) {
    const { message, remediation, isRetryable, cause, ...details } = options;
    const known = ERROR_CATALOGUE[code];
    super(message ?? known.message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.isRetryable = isRetryable ?? known.retryable;
    this.remediation = remediation ?? known.remediation;
    this.details = Object.freeze(details);
  }
}

/** Whether `error` is a {@link SessionchartError}, and of the given code where one is given. */
export function isSessionchartError(error: unknown, code?: ErrorCode): error is SessionchartError {
  return error instanceof SessionchartError && (code === undefined || error.code === code);
}

/** The code as a member of the catalogue; `UNKNOWN_ERROR` for anything else. */
export function knownCode(code: string): ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, code) ? (code as ErrorCode) : 'UNKNOWN_ERROR';
}

/** The error that tells people about a {@link Failure}. */
export function errorOf(failure: Failure, cause?: unknown): SessionchartError {
  const { code, retryable, ...details } = failure;
  return new SessionchartError(knownCode(code), { ...details, isRetryable: retryable, cause });
}
