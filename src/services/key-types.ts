import type { ErrorDetails, SessionchartError } from '../actors/errors.ts';
import type { CredentialProvider, MintedCredential, MintRequest } from '../actors/ports.ts';
import type { Secret } from '../actors/secret.ts';
import type { Registration } from './listeners.ts';

/** Why a key could not be had, as plain data. */
export interface AuthenticationError {
  readonly code: string;
  readonly message: string;
  readonly isRetryable: boolean;
  readonly remediation: string;
  /** Status, codes and request id of the provider, where there are any. */
  readonly azureErrorDetails?: Readonly<ErrorDetails>;
}

/**
 * One key. Differs from SP-004 in that `key` is a {@link Secret}: the raw text in the objects of the predecessor ended
 * up in its events and logs. In a notice of expiry it is `undefined`, because the secret is gone.
 */
export interface EphemeralKeyInfo {
  readonly key: Secret | undefined;
  /** The id that was asked with, else the provider's, else one of our own. */
  readonly sessionId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly isValid: boolean;
  /** Seconds until it expires; 0 once it has. */
  readonly secondsRemaining: number;
  /** When a new one should be asked for: the margin before the expiry, at most half the life. */
  readonly refreshAt: Date;
  readonly secondsUntilRefresh: number;
  /** Seconds that it lives in all. */
  readonly ttlSeconds: number;
  /** Seconds from its issue to its refresh. */
  readonly refreshIntervalSeconds: number;
}

/** The answer to a request for a key. With `success: false` only `error` and `sessionId` are set. */
export interface EphemeralKeyResult {
  readonly success: boolean;
  /** A {@link Secret}, for the same reason as in {@link EphemeralKeyInfo}. */
  readonly ephemeralKey?: Secret;
  readonly sessionId?: string;
  readonly expiresAt?: Date;
  readonly issuedAt?: Date;
  readonly refreshAt?: Date;
  readonly secondsUntilRefresh?: number;
  readonly refreshIntervalSeconds?: number;
  readonly error?: AuthenticationError;
}

/** What a client needs to connect. */
export interface RealtimeSessionInfo {
  readonly sessionId: string;
  readonly ephemeralKey: Secret;
  readonly websocketUrl: string;
  readonly webrtcUrl: string;
  readonly expiresAt: Date;
  readonly issuedAt: Date;
  readonly refreshAt: Date;
  readonly refreshIntervalMs: number;
  readonly keyInfo: EphemeralKeyInfo;
}

export interface AuthenticationTestResult {
  readonly success: boolean;
  readonly endpoint: string;
  /** Empty where the contract knows no region. */
  readonly region: string;
  readonly hasValidCredentials: boolean;
  readonly canCreateSessions: boolean;
  readonly latencyMs: number;
  /** What went wrong, with the code in front. */
  readonly error?: string;
}

/**
 * Mints realtime keys at Azure OpenAI or OpenAI.
 *
 * It is a {@link CredentialProvider}: every session gets keys of its own through `mint`, and the session owns their
 * renewal, retries and release. Beside that it offers the key service of SP-004, which keeps one key at hand for
 * callers that have no session. The two never share a key unless they ask for the same session id at the same moment.
 *
 * Neither face retries, renews by itself, or sends a request that no provider documents: there is no `revoke`, and
 * releasing a key means dropping it. Every key stops working at its expiry.
 */
export interface EphemeralKeyService extends CredentialProvider, Disposable {
  /** Where a key of this service opens a realtime WebSocket, model included. */
  readonly websocketUrl: string;
  /** Makes the service usable. Sends no request. Idempotent; rejects with `DEPENDENCY_NOT_INITIALIZED` after dispose. */
  initialize(): Promise<void>;
  /** Drops the key, aborts requests under way, forgets listeners. Idempotent, and safe before `initialize()`. */
  dispose(): void;
  isInitialized(): boolean;
  /** @throws SessionchartError see the error catalogue; `isRetryable` and `details.retryAfterMs` say what may be done. */
  mint(request: MintRequest): Promise<MintedCredential>;
  /** Asks for a new key and keeps it at hand. Calls for the same session share one request. Never rejects. */
  requestEphemeralKey(sessionId?: string): Promise<EphemeralKeyResult>;
  /** As {@link requestEphemeralKey}, for the session of the key at hand. Never rejects. */
  renewKey(): Promise<EphemeralKeyResult>;
  /** The key at hand, as of now; `undefined` once it has expired. */
  getCurrentKey(): EphemeralKeyInfo | undefined;
  /** Drops the key at hand and tells the listeners of `onKeyExpired`. */
  revokeCurrentKey(): Promise<void>;
  /** The key at hand with the addresses to use it at; asks for one where none is at hand or it was handed out before. */
  createRealtimeSession(): Promise<RealtimeSessionInfo>;
  /** Drops the key at hand if it is the one of this session. Sends nothing. */
  endSession(sessionId: string): Promise<void>;
  isKeyValid(): boolean;
  getKeyExpiration(): Date | undefined;
  /** Asks for one key, drops it, and tells how that went. Never rejects, never retries. */
  testAuthentication(): Promise<AuthenticationTestResult>;
  /** A new key is at hand. */
  onKeyRenewed(handler: (result: EphemeralKeyResult) => unknown): Registration;
  /** The key at hand expired or was revoked. Exactly one notice per key; none when a newer key took its place. */
  onKeyExpired(handler: (key: EphemeralKeyInfo) => unknown): Registration;
  /** A request of this face failed; failures of `mint` belong to the session that called it. */
  onAuthenticationError(handler: (error: AuthenticationError) => unknown): Registration;
}

/** The plain-data form of an error. */
export function authenticationError(error: SessionchartError): AuthenticationError {
  const { code, message, isRetryable, remediation, details } = error;
  const hasDetails = Object.keys(details).length > 0;
  return Object.freeze({ code, message, isRetryable, remediation, ...(hasDetails && { azureErrorDetails: details }) });
}
