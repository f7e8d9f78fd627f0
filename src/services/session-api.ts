import type { ErrorCode } from '../actors/errors.ts';
import type { Secret } from '../actors/secret.ts';
import type { SessionConfig } from '../machines/session-config.ts';
import type { EndReason, TransportState } from '../machines/session-types.ts';

/** The states of a session, as users see them. */
export const SessionState = {
  Idle: 'idle',
  Starting: 'starting',
  Active: 'active',
  Renewing: 'renewing',
  Paused: 'paused',
  Ending: 'ending',
  Failed: 'failed',
  Ended: 'ended',
} as const;
export type SessionState = (typeof SessionState)[keyof typeof SessionState];

/** Something that can be taken back. Disposing twice is harmless. */
export interface Disposable {
  dispose(): void;
}

/** What is known of a credential, without the credential. Durations in the unit of their name. */
export interface CredentialInfo {
  readonly sessionId: string;
  /** The provider's own name for it, if it has one. */
  readonly id?: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly isValid: boolean;
  readonly secondsRemaining: number;
  readonly refreshAt: Date;
  readonly secondsUntilRefresh: number;
  readonly ttlSeconds: number;
}

export interface ConnectionInfo {
  readonly webrtcState: TransportState;
  readonly lastConnectedAt?: Date;
  readonly reconnectAttempts: number;
  readonly ephemeralKeyInfo?: CredentialInfo;
}

export interface SessionStatistics {
  readonly renewalCount: number;
  readonly failedRenewalCount: number;
  readonly heartbeatCount: number;
  readonly inactivityResets: number;
  /** Set when the session ends; 0 before. */
  readonly totalDurationMs: number;
  /** Mean over the successful renewals. */
  readonly averageRenewalLatencyMs: number;
}

/** A session at one moment: a deeply frozen copy without any secret. */
export interface SessionInfo {
  readonly sessionId: string;
  readonly state: SessionState;
  readonly startedAt: Date;
  readonly lastActivity: Date;
  /** Expiry of the credential in hand. */
  readonly expiresAt?: Date;
  readonly config: SessionConfig;
  readonly statistics: SessionStatistics;
  readonly connectionInfo: ConnectionInfo;
}

/** An error as it is told in events, results and diagnostics. */
export interface SessionError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly isRetryable: boolean;
  readonly remediation: string;
  readonly timestamp: Date;
  /** Facts that are safe to print: the code of the cause, HTTP status, request id, retry hint. */
  readonly context?: Readonly<Record<string, string | number>>;
}

export interface RenewalResult {
  readonly success: boolean;
  readonly sessionId: string;
  readonly newExpiresAt?: Date;
  readonly latencyMs: number;
  readonly error?: SessionError;
}

export interface TimerEventStatus {
  /** False while the session is paused; `timeRemainingMs` then stands still. */
  readonly isActive: boolean;
  /** The next firing. */
  readonly scheduledAt: Date;
  readonly timeRemainingMs: number;
  readonly intervalMs?: number;
  readonly lastExecutedAt?: Date;
  readonly nextExecutionAt?: Date;
}

/** The timers of a session; one that is not set is absent. */
export interface SessionTimerStatus {
  readonly sessionId: string;
  readonly renewalTimer?: TimerEventStatus;
  readonly timeoutTimer?: TimerEventStatus;
  readonly heartbeatTimer?: TimerEventStatus & { readonly intervalMs: number };
  readonly warningTimer?: TimerEventStatus;
  readonly lifetimeTimer?: TimerEventStatus;
}

export interface TimerEventInfo {
  readonly type: 'renewal' | 'timeout' | 'heartbeat' | 'warning' | 'lifetime';
  readonly sessionId: string;
  readonly scheduledAt: Date;
  readonly timeRemainingMs: number;
}

export interface SessionDiagnostics {
  readonly sessionId: string;
  readonly state: SessionState;
  readonly timerStatus: SessionTimerStatus;
  readonly credentialStatus: 'valid' | 'expired' | 'missing' | 'invalid';
  readonly connectionStatus: 'healthy' | 'degraded' | 'failed';
  readonly lastError?: SessionError;
  /** Milliseconds since the session was admitted. */
  readonly uptime: number;
  readonly nextScheduledEvent?: TimerEventInfo;
}

export interface HealthCheck {
  readonly name: 'credential-validity' | 'timer-health' | 'session-age' | 'heartbeat';
  readonly status: 'pass' | 'fail' | 'warn';
  readonly message: string;
  readonly details?: Readonly<Record<string, string | number>>;
}

export interface SessionHealthResult {
  /** No check failed. */
  readonly isHealthy: boolean;
  readonly checks: readonly HealthCheck[];
  readonly latencyMs: number;
  /** One for each check that did not pass. */
  readonly recommendations: readonly string[];
}

interface EventBase {
  readonly sessionId: string;
  readonly timestamp: Date;
}

export type SessionEvent = EventBase &
  (
    | { readonly type: 'started'; readonly sessionInfo: SessionInfo }
    | {
        readonly type: 'ended';
        readonly sessionInfo: SessionInfo;
        readonly reason: EndReason;
        /** Codes of what could not be done while the session was torn down, e.g. `RELEASE_TIMEOUT`. */
        readonly unfinished: readonly string[];
      }
  );

export interface SessionRenewalEvent extends EventBase {
  readonly type: 'renewal-started' | 'renewal-completed' | 'renewal-failed';
  readonly result?: RenewalResult;
  readonly error?: SessionError;
  readonly diagnostics?: SessionDiagnostics;
}

export interface SessionErrorEvent extends EventBase {
  readonly type: 'authentication-error' | 'connection-error' | 'timeout-error' | 'renewal-error';
  readonly error: SessionError;
  readonly retryAttempt?: number;
}

export interface SessionStateEvent extends EventBase {
  readonly type: 'state-changed';
  readonly previousState: SessionState;
  readonly newState: SessionState;
  readonly reason: string;
  readonly diagnostics?: SessionDiagnostics;
}

/** The end of the lifetime is near. */
export interface SessionWarningEvent extends EventBase {
  readonly type: 'lifetime-warning';
  readonly endsAt: Date;
}

type Handler<E> = (event: E) => Promise<void> | void;
export type SessionEventHandler = Handler<SessionEvent>;
export type SessionRenewalHandler = Handler<SessionRenewalEvent>;
export type SessionErrorHandler = Handler<SessionErrorEvent>;
export type SessionStateHandler = Handler<SessionStateEvent>;
export type SessionWarningHandler = Handler<SessionWarningEvent>;

/** Why the conversation is suspended. */
export type SuspendReason = 'auto-renewal' | 'manual-renewal' | 'resume' | 'credential-refused' | 'paused' | 'recovery';

/**
 * Callbacks around a conversation. Each may take as long as its deadline allows; one that throws, rejects or hangs is
 * logged and changes nothing. Each `onSessionSuspending` is followed by exactly one `onSessionResumed` or
 * `onSessionEnding`.
 *
 * While a credential is renewed the old one goes on serving: `auto-renewal` and `manual-renewal` tell that it is being
 * exchanged, not that audio must stop.
 */
export interface ConversationLifecycleHooks {
  onSessionReady?(session: SessionInfo): Promise<void> | void;
  onSessionSuspending?(session: SessionInfo, reason: SuspendReason): Promise<void> | void;
  onSessionResumed?(session: SessionInfo): Promise<void> | void;
  onSessionEnding?(session: SessionInfo): Promise<void> | void;
}

/** What a transport reports of itself. */
export interface TransportReport {
  readonly state: TransportState;
  /** When the server will end the session: `session.created.session.expires_at`. */
  readonly expiresAt?: Date | number;
  /** The service answered 401 to the credential. */
  readonly credentialRefused?: boolean;
  /** The credential that was refused: a refusal of one that has been renewed meanwhile changes nothing. */
  readonly credential?: Secret;
}

/** One transition, as {@link SessionExplanation} tells it. */
export interface ExplainedTransition {
  readonly at: Date;
  readonly from: SessionState;
  readonly to: SessionState;
  readonly cause: string;
  /** Code of the error that came with it. */
  readonly error?: string;
}

/** The story of a session: the cause of every transition, and the one reason of its end. */
export interface SessionExplanation {
  readonly sessionId: string;
  readonly state: SessionState;
  readonly transitions: readonly ExplainedTransition[];
  /** Transitions between the first and the listed ones that are no longer kept. */
  readonly omitted: number;
  readonly reason?: EndReason;
  readonly unfinished: readonly string[];
}
