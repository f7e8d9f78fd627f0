import type { InspectionEvent, Observer } from 'xstate';
import type { Clock, CredentialProvider, Logger, SessionDriver } from '../actors/ports.ts';
import type { WhenFull } from '../machines/coordinator.ts';
import type { ConfigurationManager } from './configuration-service.ts';
import type { PrivacyController } from './privacy.ts';
import type { RecoveryExecutor, RecoveryPlan } from './recovery-types.ts';
import type { ConversationLifecycleHooks } from './session-api.ts';
import type { SessionConfigPatch } from './session-config.ts';

/** Options of `createSessionManager`. All are optional but a source of credentials for sessions that need one. */
export interface SessionManagerOptions {
  /** Time. [clock=systemClock()] */
  readonly clock?: Clock;
  /** Defaults for the configuration of the sessions. [config=DEFAULT_SESSION_CONFIG] */
  readonly config?: SessionConfigPatch;
  /** Settings with change notification; they apply to live sessions at once. */
  readonly configuration?: ConfigurationManager;
  /**
   * Names a session that is started; no two may have the same name. Equal names spread their retries alike, so a run
   * that shall come out the same twice sets it. [createSessionId=session-<ms since the epoch>-<random UUID>]
   */
  readonly createSessionId?: () => string;
  /** Obtains credentials. Without it sessions have none. */
  readonly credentials?: CredentialProvider;
  /** A channel of the sessions' own, and heartbeat probes. */
  readonly driver?: Pick<SessionDriver, 'open' | 'close' | 'probe'>;
  /** The first set of conversation hooks. */
  readonly hooks?: ConversationLifecycleHooks;
  /** Told of every event in the actor system, as XState's `inspect`. Costs time while it is there. */
  readonly inspect?: ((event: InspectionEvent) => void) | Observer<InspectionEvent>;
  /** How many sessions may be live at once: an integer from 1. [limit=3] */
  readonly limit?: number;
  /** [logger=silentLogger] */
  readonly logger?: Logger;
  /** Purges what a session leaves behind when it ended. */
  readonly privacy?: PrivacyController;
  /** How many starts may wait with `whenFull: 'queue'`: an integer from 0. [queueLimit=100] */
  readonly queueLimit?: number;
  /** Runs each attempt to obtain a credential; the sessions keep deciding on retries. */
  readonly recovery?: RecoveryExecutor | { readonly executor: RecoveryExecutor; readonly plan?: RecoveryPlan };
  /** So many crashed sessions are started again within `windowMs`. [restarts={ max: 3, windowMs: 60_000 }] */
  readonly restarts?: { readonly max?: number; readonly windowMs?: number };
  /** What happens to a start when the limit is reached. [whenFull='reject'] */
  readonly whenFull?: WhenFull;
}

/** Defaults of the manager, as far as they are values (SP-005 CON-004; the restart budget is the one of OTP's samples). */
export const MANAGER_DEFAULTS = Object.freeze({
  limit: 3,
  whenFull: 'reject',
  queueLimit: 100,
  maxRestarts: 3,
  restartWindowMs: 60_000,
} as const);
