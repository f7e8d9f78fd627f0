import type { ConfigurationSource } from './configuration-types.ts';
import { createListeners } from './listeners.ts';

/** A {@link ConfigurationSource} that is set by program. */
export interface MemorySource extends ConfigurationSource {
  /** Changes one setting; `undefined` takes it back to its default. */
  set(section: string, key: string, value: unknown): void;
  /** Changes everything at once. */
  replace(settings: Record<string, unknown>): void;
}

/**
 * Settings in memory.
 *
 * @example
 * ```ts
 * const source = memorySource({ session: { inactivityTimeoutMinutes: 10 } });
 * source.set('session', 'heartbeatIntervalSeconds', 15);
 * ```
 */
export function memorySource(initial: Record<string, unknown> = {}): MemorySource {
  let settings = initial;
  // What a listener throws is its own matter; whoever set the value did nothing wrong.
  const listeners = createListeners<undefined>(() => undefined);
  const replace = (next: Record<string, unknown>): void => {
    settings = next;
    listeners.emit(undefined);
  };
  return {
    read: () => settings,
    onDidChange: listener => listeners.add(listener),
    set(section, key, value) {
      replace({ ...settings, [section]: { ...(settings[section] as object | undefined), [key]: value } });
    },
    replace,
  };
}
