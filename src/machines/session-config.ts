/** What can be set for one session. Durations carry their unit in the name. */
export interface SessionConfig {
  /** Lead before the expiry of the credential at which it is renewed; never more than half its life. */
  readonly renewalMarginSeconds: number;
  /** Idle time until the session ends. */
  readonly inactivityTimeoutMinutes: number;
  /** Time between two health probes. */
  readonly heartbeatIntervalSeconds: number;
  /** Attempts per operation, the first one included. */
  readonly maxRetryAttempts: number;
  /** Wait before the second attempt; doubles with each further one. */
  readonly retryBackoffMs: number;
  readonly enableHeartbeat: boolean;
  readonly enableInactivityTimeout: boolean;
  /** Absolute lifetime. The server's own cap counts too; the earlier one wins. */
  readonly maxDurationMinutes: number;
  /** How long before the end of the lifetime the warning comes. */
  readonly durationWarningSeconds: number;
}
