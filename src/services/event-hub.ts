import { sanitisedCause } from '../actors/classify-failure.ts';
import type { Logger } from '../actors/ports.ts';
import { createListeners, type Listeners } from './listeners.ts';
import type { Disposable } from './session-api.ts';

/** Delivers events one after the other, so that a listener that causes new ones does not see them out of order. */
export class EventHub {
  readonly #logger: Logger;
  readonly #queue: (() => void)[] = [];
  readonly #channels: { readonly size: number; clear(): void }[] = [];
  #delivering = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  channel<E>(name: string): EventChannel<E> {
    const listeners = createListeners<E>(error =>
      this.#logger.warn('an event listener failed', {
        channel: name,
        code: 'LISTENER_FAILED',
        cause: sanitisedCause(error),
      }),
    );
    this.#channels.push(listeners);
    return new EventChannel(listeners, task => this.#deliver(task));
  }

  /** Registered listeners, over all channels. */
  get listeners(): number {
    return this.#channels.reduce((sum, channel) => sum + channel.size, 0);
  }

  /** Takes all listeners off. */
  clear(): void {
    for (const channel of this.#channels) channel.clear();
  }

  #deliver(task: () => void): void {
    this.#queue.push(task);
    if (this.#delivering) return;
    this.#delivering = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
    this.#delivering = false;
  }
}

/** Listeners of one kind of event. */
export class EventChannel<E> {
  readonly #listeners: Listeners<E>;
  readonly #deliver: (task: () => void) => void;

  constructor(listeners: Listeners<E>, deliver: (task: () => void) => void) {
    this.#listeners = listeners;
    this.#deliver = deliver;
  }

  on(handler: (event: E) => Promise<void> | void): Disposable {
    return this.#listeners.add(handler);
  }

  /** `make` is called only if somebody listens. */
  emit(make: () => E): void {
    if (this.#listeners.size === 0) return;
    const event = make();
    this.#deliver(() => this.#listeners.emit(event));
  }
}
