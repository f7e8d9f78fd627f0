/**
 * What went wrong, as plain data that may enter a chart, a log or a snapshot.
 *
 * It never carries text from outside: no provider message, no body, no header. The message and the remedy that
 * people read are looked up by `code` in the error catalogue.
 */
export interface Failure {
  /** Stable code, e.g. `RATE_LIMITED`. */
  readonly code: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** The provider asked not to be called again for this many milliseconds. */
  readonly retryAfterMs?: number;
  /** Name of the field of the provider's answer that cannot be used. */
  readonly field?: string;
  /** HTTP status, where there was one. */
  readonly status?: number;
  /** A code of the provider or the platform, from a closed list. */
  readonly providerCode?: string;
  /** The provider's id of the request, where it looks like one. */
  readonly requestId?: string;
}
