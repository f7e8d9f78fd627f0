/** What every registration returns. Disposing twice is harmless. */
export interface Registration {
  dispose(): void;
}

export interface Listeners<E> {
  add(listener: (event: E) => unknown): Registration;
  /** Calls every listener that is registered at this moment, in order of registration. Never throws. */
  emit(event: E): void;
  clear(): void;
  readonly size: number;
}

/**
 * A list of listeners that cannot harm each other or the one who emits: what they throw or reject with goes to
 * `onFailure`, and what they add or remove while an event is on its way counts from the next event on.
 */
export function createListeners<E>(onFailure: (error: unknown) => void): Listeners<E> {
  const all = new Map<symbol, (event: E) => unknown>();
  const call = async (listener: (event: E) => unknown, event: E): Promise<void> => {
    try {
      await listener(event);
    } catch (error) {
      onFailure(error);
    }
  };
  return {
    add(listener) {
      const key = Symbol('listener');
      all.set(key, listener);
      return { dispose: () => void all.delete(key) };
    },
    emit(event) {
      for (const listener of [...all.values()]) void call(listener, event);
    },
    clear: () => all.clear(),
    get size() {
      return all.size;
    },
  };
}
