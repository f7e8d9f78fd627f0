import type { Applies } from './config-field.ts';
import type {
  AzureOpenAISettings,
  ConfigurationSections,
  OpenAISettings,
  SectionName,
  SessionSettings,
} from './configuration-fields.ts';
import type { Registration } from './listeners.ts';

/** Where settings come from: a settings file, an editor, a test. */
export interface ConfigurationSource {
  /** All settings by section: `{ session: { inactivityTimeoutMinutes: 10 } }`. What is absent has its default. */
  read(): Record<string, unknown>;
  /** Calls back after settings have changed. */
  onDidChange?(listener: () => void): Registration;
}

/** One setting that changed. */
export interface ConfigurationChange {
  readonly section: SectionName;
  readonly key: string;
  readonly oldValue: unknown;
  readonly newValue: unknown;
  readonly affectedServices: readonly string[];
  /** Whether live sessions shall take it over. */
  readonly applies: Applies;
  /** The change takes an earlier one back, because another handler failed on it. */
  readonly isRollback: boolean;
}

export type ConfigurationChangeHandler = (change: ConfigurationChange) => unknown;

/** A setting that is not as it should be. Values appear only where they are short and no secret. */
export interface ValidationError {
  /** `section.key`. */
  readonly path: string;
  readonly message: string;
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly remediation?: string;
}

export interface ValidationResult {
  /** No errors; warnings do not count. */
  readonly isValid: boolean;
  readonly errors: readonly ValidationError[];
  readonly warnings: readonly ValidationError[];
}

export interface ConfigurationDiagnostics {
  readonly isInitialized: boolean;
  readonly loadedAt?: Date;
  /** How long the last reading and checking took, ms. */
  readonly loadDurationMs?: number;
  readonly validation: ValidationResult;
  /** Settings whose new value a handler refused; they keep their old one until the source changes them again. */
  readonly rolledBack: readonly string[];
  readonly handlers: number;
}

/** Settings, checked and with notice of changes (SP-002). */
export interface ConfigurationManager extends Disposable {
  /** Reads and checks all settings and listens for changes. Idempotent; rejects after dispose. Bad settings do not fail it. */
  initialize(): Promise<void>;
  /** Forgets source and handlers. Idempotent, and safe before `initialize()`. The last settings stay readable. */
  dispose(): void;
  isInitialized(): boolean;
  /** The session settings in force, frozen: defaults before `initialize()`, the last good values afterwards. */
  getSessionConfig(): SessionSettings;
  getAzureOpenAIConfig(): AzureOpenAISettings;
  getOpenAIConfig(): OpenAISettings;
  /** Reads the source again and checks it, changing nothing. */
  validateConfiguration(): Promise<ValidationResult>;
  /** Checks values for a section, changing nothing. */
  validateSection(section: keyof ConfigurationSections, config: unknown): ValidationResult;
  /**
   * Calls `handler` for each setting that changed, one after the other. A handler that throws, rejects, or takes
   * longer than 5 s makes the setting go back to its old value; those that had taken the new one are told so by a
   * change with `isRollback`.
   */
  onConfigurationChanged(handler: ConfigurationChangeHandler): Registration;
  getDiagnostics(): ConfigurationDiagnostics;
  /** Resolves when all changes that are known by now have been handed out. */
  settled(): Promise<void>;
}
