import type { Secret } from './secret.ts';

/**
 * Time, as everything here sees it. Two parts are kept apart: `now` measures, `wall` dates.
 *
 * A waiting time of any finite length is honoured (longer than the 2^31-1 ms of a platform timer too), a non-finite
 * one never fires, and no timer fires before `now()` has reached its due time.
 */
export interface Clock {
  /** Milliseconds on a scale that never goes back. Steps forward when the machine slept. */
  now(): number;
  /** The wall clock: milliseconds since the Unix epoch. May jump either way. */
  wall(): number;
  /** Runs `callback` once `delayMs` have passed. Timers due at the same time run in the order they were set. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  /** Takes a timer back. Harmless for one that ran or was taken back. */
  clearTimeout(handle: unknown): void;
  /**
   * Keeps the process alive as long as timers are armed, until the returned function is called: somebody waits for what
   * they bring. A clock that does not concern the process has no such thing.
   */
  hold?(): () => void;
}

/** Where log lines go. `data` is plain and free of secrets. */
export interface Logger {
  error(message: string, data?: unknown): void;
  warn(message: string, data?: unknown): void;
  info(message: string, data?: unknown): void;
  debug(message: string, data?: unknown): void;
}

/** What a provider is asked for when a session needs a credential. */
export interface MintRequest {
  readonly sessionId: string;
  /** Number of this attempt within the session, from 1. Never reused. */
  readonly attempt: number;
  /** Aborts when the answer is no longer wanted: the session ended, paused, or the deadline passed. */
  readonly signal: AbortSignal;
}

/** A credential as a provider hands it over. */
export interface MintedCredential {
  /** The secret text; not empty. */
  readonly secret: string;
  /** When it stops creating sessions: a `Date`, or milliseconds since the Unix epoch. */
  readonly expiresAt: Date | number;
  /** The provider's own name for it, if it has one. Must not be secret. */
  readonly id?: string;
}

/** What a provider is asked to take back. */
export interface RevokeRequest {
  readonly sessionId: string;
  /** The attempt that obtained the credential. */
  readonly attempt: number;
  readonly id: string | undefined;
  readonly secret: Secret;
  /** Aborts when the deadline of the release has passed. */
  readonly signal: AbortSignal;
}

/**
 * Obtains credentials and, where the service offers it, takes them back.
 *
 * Reject with an error that has an HTTP `status`, a `code`, or both; a `SessionchartError` is taken as it is.
 * `retryAfterMs` on the error delays the next attempt.
 *
 * @example
 * ```ts
 * const provider: CredentialProvider = {
 *   async mint({ signal }) {
 *     const response = await fetch(url, { method: 'POST', signal });
 *     const { value, expires_at } = await response.json();
 *     return { secret: value, expiresAt: expires_at * 1000 };
 *   },
 * };
 * ```
 */
export interface CredentialProvider {
  mint(request: MintRequest): Promise<MintedCredential>;
  revoke?(request: RevokeRequest): Promise<void>;
}

/**
 * All that a kind of session needs from outside. Each part is optional: a kind without `mint` has no credential, one
 * without `open` has no channel of its own, one without `probe` counts its heartbeats and looks no further.
 */
export interface SessionDriver extends Partial<CredentialProvider> {
  /** Opens the channel of the session. May tell when the server will close it. */
  open?(request: {
    readonly sessionId: string;
    readonly attempt: number;
    readonly credential: Secret | undefined;
    readonly signal: AbortSignal;
  }): Promise<{ readonly expiresAt?: Date | number } | undefined>;
  /**
   * Closes the channel that `attempt` opened; without one, whatever the session has open. Also called for a channel that
   * was never opened.
   */
  close?(request: {
    readonly sessionId: string;
    readonly attempt: number | undefined;
    readonly signal: AbortSignal;
  }): Promise<void>;
  /** Asks the other side whether it is still there; rejects if not. */
  probe?(request: { readonly sessionId: string; readonly signal: AbortSignal }): Promise<void>;
}
