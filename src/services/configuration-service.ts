import { isDeepStrictEqual } from 'node:util';
import { sanitisedCause } from '../actors/classify-failure.ts';
import { SessionchartError } from '../actors/errors.ts';
import type { Clock, Logger } from '../actors/ports.ts';
import { checkAll, checkSection, SECTION_NAMES, UNREADABLE, validationOf } from './configuration-check.ts';
import {
  AFFECTED_SERVICES,
  type AzureOpenAISettings,
  CONFIGURATION_FIELDS,
  type ConfigurationSections,
  type OpenAISettings,
  type SectionName,
  type SessionSettings,
} from './configuration-fields.ts';
import type {
  ConfigurationChange,
  ConfigurationChangeHandler,
  ConfigurationDiagnostics,
  ConfigurationManager,
  ConfigurationSource,
  ValidationError,
  ValidationResult,
} from './configuration-types.ts';
import { withDeadline } from './deadline.ts';
import type { Registration } from './listeners.ts';
import { silentLogger } from './logger.ts';
import { memorySource } from './memory-source.ts';
import { systemClock } from './system-clock.ts';

export type * from './configuration-types.ts';

export interface ConfigurationServiceOptions {
  /** [clock=systemClock()] */
  readonly clock?: Clock;
  /** [logger=silentLogger] */
  readonly logger?: Logger;
  /** Where the settings come from. [source=memorySource()] */
  readonly source?: ConfigurationSource;
}

/** A handler that has not settled by then has failed; the next change must not wait for it for ever. */
const HANDLER_DEADLINE_MS = 5_000;

/**
 * Settings from a {@link ConfigurationSource}, checked, with notice of changes. A bad value never takes effect: the
 * last good one, at first the default, stays in force, and `getDiagnostics()` and the log say what is wrong.
 *
 * @example
 * ```ts
 * const source = memorySource();
 * const configuration = createConfigurationService({ source });
 * await configuration.initialize();
 * configuration.onConfigurationChanged(({ key, newValue }) => apply(key, newValue));
 * source.set('session', 'inactivityTimeoutMinutes', 0); // reported, 5 stays in force
 * source.set('session', 'inactivityTimeoutMinutes', 15); // applied
 * ```
 */
export function createConfigurationService(options: ConfigurationServiceOptions = {}): ConfigurationManager {
  return new ConfigurationService(options);
}

class ConfigurationService implements ConfigurationManager {
  readonly #source: ConfigurationSource;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #values = new Map<SectionName, Readonly<Record<string, unknown>>>();
  readonly #handlers = new Map<symbol, ConfigurationChangeHandler>();
  /** Values that a handler refused, by path. Offered again only after the source holds another one. */
  readonly #refused = new Map<string, unknown>();
  #status: 'new' | 'ready' | 'disposed' = 'new';
  #subscription: Registration | undefined;
  #work: Promise<void> = Promise.resolve();
  #validation: ValidationResult = validationOf([]);
  #loaded: { readonly at: Date; readonly tookMs: number } | undefined;

  constructor({ source = memorySource(), clock = systemClock(), logger = silentLogger }: ConfigurationServiceOptions) {
    this.#source = source;
    this.#clock = clock;
    this.#logger = logger;
    for (const section of SECTION_NAMES) {
      const defaults = CONFIGURATION_FIELDS[section].map(field => [field.key, field.default]);
      this.#values.set(section, Object.freeze(Object.fromEntries(defaults)));
    }
  }

  async initialize(): Promise<void> {
    if (this.#status === 'disposed') {
      throw new SessionchartError('DEPENDENCY_NOT_INITIALIZED', { message: 'The configuration was disposed.' });
    }
    if (this.#status === 'ready') return;
    this.#status = 'ready';
    for (const [section, wanted] of this.#load()) {
      this.#values.set(section, Object.freeze({ ...this.#values.get(section), ...wanted }));
    }
    this.#subscription = this.#source.onDidChange?.(() => {
      const takeOver = (): Promise<void> => this.#takeOver();
      this.#work = this.#work.then(takeOver, takeOver);
    });
  }

  dispose(): void {
    this.#status = 'disposed';
    this.#subscription?.dispose();
    this.#subscription = undefined;
    this.#handlers.clear();
    this.#refused.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  isInitialized(): boolean {
    return this.#status === 'ready';
  }

  getSessionConfig(): SessionSettings {
    return this.#section('session');
  }

  getAzureOpenAIConfig(): AzureOpenAISettings {
    return this.#section('azureOpenAI');
  }

  getOpenAIConfig(): OpenAISettings {
    return this.#section('openai');
  }

  async validateConfiguration(): Promise<ValidationResult> {
    return validationOf(this.#read().issues);
  }

  validateSection(section: SectionName, config: unknown): ValidationResult {
    return validationOf(checkSection(section, config).issues);
  }

  onConfigurationChanged(handler: ConfigurationChangeHandler): Registration {
    const key = Symbol('handler');
    if (this.#status !== 'disposed') this.#handlers.set(key, handler);
    return { dispose: () => void this.#handlers.delete(key) };
  }

  getDiagnostics(): ConfigurationDiagnostics {
    return Object.freeze({
      isInitialized: this.isInitialized(),
      ...(this.#loaded && { loadedAt: this.#loaded.at, loadDurationMs: this.#loaded.tookMs }),
      validation: this.#validation,
      rolledBack: Object.freeze([...this.#refused.keys()]),
      handlers: this.#handlers.size,
    });
  }

  async settled(): Promise<void> {
    let seen: Promise<void>;
    do {
      seen = this.#work;
      await seen;
    } while (seen !== this.#work);
  }

  #section<S extends SectionName>(section: S): ConfigurationSections[S] {
    return this.#values.get(section) as unknown as ConfigurationSections[S];
  }

  #read(): { values: Map<SectionName, Readonly<Record<string, unknown>>> | undefined; issues: ValidationError[] } {
    let given: unknown;
    try {
      given = this.#source.read();
    } catch (error) {
      this.#logger.error('settings could not be read', { cause: sanitisedCause(error) });
      return { values: undefined, issues: [UNREADABLE] };
    }
    const checked = checkAll(given);
    const issues = [...checked.other, ...SECTION_NAMES.flatMap(section => checked[section].issues)];
    return { values: new Map(SECTION_NAMES.map(section => [section, checked[section].values])), issues };
  }

  /** Reads the source, notes what is wrong, and yields the good values. */
  #load(): Map<SectionName, Readonly<Record<string, unknown>>> {
    const startedAt = this.#clock.now();
    const { values, issues } = this.#read();
    this.#validation = validationOf(issues);
    this.#loaded = { at: new Date(this.#clock.wall()), tookMs: this.#clock.now() - startedAt };
    for (const { path, code, message } of issues) this.#logger.warn('setting refused', { path, code, message });
    return values ?? new Map();
  }

  /** Applies what the source holds now, one setting after the other. */
  async #takeOver(): Promise<void> {
    if (this.#status !== 'ready') return;
    const wanted = this.#load();
    for (const [section, values] of wanted) {
      for (const field of CONFIGURATION_FIELDS[section]) {
        const newValue = Object.hasOwn(values, field.key) ? values[field.key] : this.#fallback(section, field.key);
        await this.#change(section, field.key, newValue);
      }
    }
  }

  /** For a setting without a good value: the value in force if the given one is bad, the default if none is given. */
  #fallback(section: SectionName, key: string): unknown {
    const isBad = this.#validation.errors.some(({ path }) => path === `${section}.${key}` || path === section);
    if (isBad) return this.#values.get(section)?.[key];
    return CONFIGURATION_FIELDS[section].find(field => field.key === key)?.default;
  }

  async #change(section: SectionName, key: string, newValue: unknown): Promise<void> {
    const path = `${section}.${key}`;
    const oldValue = this.#values.get(section)?.[key];
    if (this.#refused.has(path) && !isDeepStrictEqual(this.#refused.get(path), newValue)) this.#refused.delete(path);
    if (isDeepStrictEqual(oldValue, newValue) || this.#refused.has(path) || this.#status !== 'ready') return;
    this.#put(section, key, newValue);
    const told: ConfigurationChangeHandler[] = [];
    for (const handler of [...this.#handlers.values()]) {
      if (await this.#tell(handler, changeOf(section, key, oldValue, newValue, false))) {
        told.push(handler);
        continue;
      }
      this.#refused.set(path, newValue);
      this.#put(section, key, oldValue);
      for (const earlier of told) await this.#tell(earlier, changeOf(section, key, newValue, oldValue, true));
      return;
    }
  }

  #put(section: SectionName, key: string, value: unknown): void {
    this.#values.set(section, Object.freeze({ ...this.#values.get(section), [key]: value }));
  }

  /** Whether the handler took the change. After dispose nobody is told any more. */
  async #tell(handler: ConfigurationChangeHandler, change: ConfigurationChange): Promise<boolean> {
    if (this.#status !== 'ready') return true;
    try {
      await withDeadline(async () => handler(change), { clock: this.#clock, deadlineMs: HANDLER_DEADLINE_MS });
      return true;
    } catch (error) {
      const { section, isRollback } = change;
      const path = `${section}.${change.key}`;
      this.#logger.warn('a configuration handler failed', { path, isRollback, cause: sanitisedCause(error) });
      return false;
    }
  }
}

function changeOf(
  section: SectionName,
  key: string,
  oldValue: unknown,
  newValue: unknown,
  isRollback: boolean,
): ConfigurationChange {
  const applies = CONFIGURATION_FIELDS[section].find(field => field.key === key)?.applies ?? 'new-sessions';
  const affectedServices = AFFECTED_SERVICES[section];
  return Object.freeze({ section, key, oldValue, newValue, affectedServices, applies, isRollback });
}
