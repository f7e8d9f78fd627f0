export {
  ERROR_CATALOGUE,
  type ErrorCode,
  type ErrorDetails,
  isSessionchartError,
  SessionchartError,
  type SessionchartErrorOptions,
} from './actors/errors.ts';
export type { VaultCounts } from './actors/lease-vault.ts';
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
export { circuitBreakerMachine } from './machines/circuit-breaker.ts';
export { type CoordinatorLimits, coordinatorMachine, type WhenFull } from './machines/coordinator.ts';
export { sessionMachine } from './machines/session.ts';
export type { SessionConfig } from './machines/session-config.ts';
export { END_REASONS, type EndReason, type TransportState } from './machines/session-types.ts';
export { type ConfigurationServiceOptions, createConfigurationService } from './services/configuration-service.ts';
export type {
  ConfigurationChange,
  ConfigurationChangeHandler,
  ConfigurationDiagnostics,
  ConfigurationManager,
  ConfigurationSource,
  ValidationError,
  ValidationResult,
} from './services/configuration-types.ts';
export { createEphemeralKeyServiceFromEnv, type EphemeralKeyOverrides } from './services/ephemeral-key-env.ts';
export { createEphemeralKeyService } from './services/ephemeral-key-service.ts';
export type { EphemeralKeyServiceOptions } from './services/key-options.ts';
export type {
  AuthenticationError,
  AuthenticationTestResult,
  EphemeralKeyInfo,
  EphemeralKeyResult,
  EphemeralKeyService,
  RealtimeSessionInfo,
} from './services/key-types.ts';
export { consoleLogger, createLogger, type LoggerOptions, type LogSink, silentLogger } from './services/logger.ts';
export { memorySource } from './services/memory-source.ts';
export {
  createPrivacyController,
  type PrivacyController,
  type PrivacyOptions,
  type PrivacyRegistry,
  type PurgeableStore,
  type PurgeCommand,
  type PurgedCount,
  type PurgeReason,
  type PurgeResult,
  type PurgeTarget,
} from './services/privacy.ts';
export { RecoveryError } from './services/recovery-error.ts';
export { createRecoveryExecutor } from './services/recovery-executor.ts';
export { createRecoveryRegistrar, runRecoveryPlan } from './services/recovery-plan.ts';
export type {
  ErrorEnvelope,
  RecoverableService,
  RecoveryExecutionOptions,
  RecoveryExecutor,
  RecoveryOutcome,
  RecoveryPlan,
  RecoveryRegistrar,
  RecoveryStep,
  TelemetryContext,
} from './services/recovery-types.ts';
export * from './services/session-api.ts';
export {
  DEFAULT_SESSION_CONFIG,
  resolveSessionConfig,
  SESSION_CONFIG_FIELDS,
  type SessionConfigField,
  type SessionConfigPatch,
} from './services/session-config.ts';
export { createSessionManager, type SessionManager } from './services/session-manager.ts';
export type { EndCallReason } from './services/session-manager-checks.ts';
export type { SessionManagerOptions } from './services/session-manager-options.ts';
export { type SystemClock, type SystemClockOptions, systemClock } from './services/system-clock.ts';
