import type { Failure } from './failure.ts';
import type { SessionConfig } from './session-config.ts';

/** Why a session ended. Exactly one is recorded, the one that first made the session stop serving. */
export const END_REASONS = [
  'user',
  'idle',
  'lifetime',
  'provider-ended',
  'connection-lost',
  'credential-fatal',
  'start-failed',
  'recovery',
  'evicted',
  'crashed',
  'disposed',
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** Which parts of the outside a kind of session has. */
export interface SessionKind {
  /** It needs a credential, obtained and renewed by its driver. */
  readonly credential: boolean;
  /** Its driver opens and closes a channel. */
  readonly channel: boolean;
  /** Its driver can ask the other side whether it is still there. */
  readonly probe: boolean;
}

/** A reference to a credential: never the secret. Times are ms on the session's clock. */
export interface Lease {
  /** The attempt that obtained it; names it within the session. */
  readonly attempt: number;
  /** The provider's own name for it, or `null`. */
  readonly id: string | null;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export const TRANSPORT_STATES = ['disconnected', 'connecting', 'connected', 'failed'] as const;
export type TransportState = (typeof TRANSPORT_STATES)[number];

/** What the transport of a session last reported. */
export interface Transport {
  readonly state: TransportState;
  readonly lastConnectedAt: number | null;
  /** Times it went from lost or failed back to connecting. */
  readonly reconnectAttempts: number;
}

/** Counters of one session. */
export interface SessionCounters {
  readonly renewals: number;
  readonly failedRenewals: number;
  readonly heartbeats: number;
  readonly inactivityResets: number;
  /** Running mean over the successful renewals, ms. */
  readonly averageRenewalLatencyMs: number;
}

export type RenewalCause = 'auto-renewal' | 'manual-renewal' | 'resume' | 'credential-refused';

/** The extended state of a session. Plain JSON; times are ms on the session's clock, deadlines are derived from it. */
export interface SessionContext {
  readonly sessionId: string;
  readonly kind: SessionKind;
  readonly config: SessionConfig;
  /** Seeds the jitter of the retries, so that sessions started together do not retry together. */
  readonly seed: number;
  /** When it was admitted. */
  readonly startedAt: number;
  /** When it first became usable; `null` until then. */
  readonly usableAt: number | null;
  readonly lastActivityAt: number;
  /** Where the idle window, the heartbeat interval and the lifetime are counted from; a pause moves them on. */
  readonly idleFrom: number;
  readonly beatFrom: number;
  readonly lifeFrom: number;
  /** When the latest heartbeat was; `null` before the first. */
  readonly lastBeatAt: number | null;
  /** When the server will end the session, whatever we do; a pause does not move it. */
  readonly capAt: number | null;
  readonly warned: boolean;
  readonly pausedAt: number | null;
  readonly lease: Lease | null;
  /** The provider refused the credential before its expiry. */
  readonly refused: boolean;
  /** Credentials in a row that the provider refused. */
  readonly refusals: number;
  /** Number of the latest attempt to obtain a credential or open the channel. */
  readonly attempt: number;
  /** The attempt that opened the channel, or was the last to try; `null` before. */
  readonly openAttempt: number | null;
  /** Attempts made in the operation that is under way. */
  readonly tries: number;
  readonly lastMintAt: number | null;
  /** When the back-off that is under way is over. */
  readonly retryAt: number;
  /** When the operation began that obtains a credential or opens the channel. */
  readonly operationSince: number;
  /** Why a renewal is under way; `null` when none is. */
  readonly renewalCause: RenewalCause | null;
  /** The latest error; cleared by the next success. */
  readonly lastError: { readonly failure: Failure; readonly at: number } | null;
  readonly transport: Transport;
  /** The latest answer to a heartbeat probe. */
  readonly probe: 'none' | 'healthy' | 'failing';
  /** A heartbeat probe is under way. */
  readonly probing: boolean;
  readonly counters: SessionCounters;
  readonly endReason: EndReason | null;
  readonly endRequested: boolean;
  /** Codes of what timed out or failed while the session was torn down. */
  readonly unfinished: readonly string[];
}

export interface SessionInput {
  readonly sessionId: string;
  readonly kind: SessionKind;
  readonly config: SessionConfig;
  readonly seed: number;
  /** For a session that starts again after a crash: what it had come to. */
  readonly previous?: SessionContext;
  /** Now, ms on the session's clock. Stamped by the host. */
  readonly at?: number;
}

/**
 * Everything that can be said to a session. The host stamps each event with `at`, its time on the session's clock, so
 * that a transition is a function of state and event alone.
 */
export type SessionEvent = { readonly at?: number } & (
  | { readonly type: 'END'; readonly reason: EndReason } // e.g. endSession()
  | { readonly type: 'PAUSE' } // e.g. the user puts the conversation on hold
  | { readonly type: 'RESUME' } // e.g. the user goes on
  | { readonly type: 'RENEW' } // e.g. renewSession()
  | { readonly type: 'REVIVE' } // e.g. renewSession() of a failed session, admitted again
  | { readonly type: 'ACTIVITY' } // e.g. speech was detected
  | { readonly type: 'CONFIGURE'; readonly config: SessionConfig } // e.g. a setting changed
  | {
      readonly type: 'TRANSPORT'; // e.g. the peer connection changed its state
      readonly state: TransportState;
      /** When the server will end the session, ms on the session's clock. */
      readonly capAt?: number;
    }
  | { readonly type: 'REFUSED' } // e.g. the service answered 401 to the credential
);

/** What a call is answered with where the chart refuses it. */
export type SessionRefusal = 'SESSION_NOT_ACTIVE';

/** Input of the actors that the chart invokes. */
export interface AttemptInput {
  readonly sessionId: string;
  readonly attempt: number;
}

/** What opening the channel told. */
export interface OpenedChannel {
  readonly capAt: number | null;
}

export interface SessionOutput {
  readonly reason: EndReason;
  /** Codes of what timed out or failed while the session was torn down. */
  readonly unfinished: readonly string[];
}
