export {
  ERROR_CATALOGUE,
  type ErrorCode,
  type ErrorDetails,
  isSessionchartError,
  SessionchartError,
} from './actors/errors.ts';
export type {
  Clock,
  CredentialProvider,
  Logger,
  MintedCredential,
  MintRequest,
  RevokeRequest,
  SessionDriver,
} from './actors/ports.ts';
export { Secret } from './actors/secret.ts';
export { type CoordinatorLimits, coordinatorMachine, type WhenFull } from './machines/coordinator.ts';
export { sessionMachine } from './machines/session.ts';
export type { SessionConfig } from './machines/session-config.ts';
export { END_REASONS, type EndReason, type TransportState } from './machines/session-types.ts';
export * from './services/session-api.ts';
export {
  DEFAULT_SESSION_CONFIG,
  resolveSessionConfig,
  SESSION_CONFIG_FIELDS,
  type SessionConfigPatch,
} from './services/session-config.ts';
export { createSessionManager, type EndCallReason, type SessionManager } from './services/session-manager.ts';
export type { SessionManagerOptions } from './services/session-manager-options.ts';
export { type SystemClock, type SystemClockOptions, systemClock } from './services/system-clock.ts';
