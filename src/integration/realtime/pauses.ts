import type { EventEmitter } from 'node:events';
import type { Clock } from '../../actors/ports.ts';

/** Waits that a fault asks for. They end early when the other side leaves, and all of them when the service closes. */
export class Pauses {
  readonly #clock: Clock;
  readonly #cancels = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `ms` with true, or with false as soon as `stream` closes or {@link cancelAll} is called. */
  wait(ms: number, stream: EventEmitter): Promise<boolean> {
    return new Promise(resolve => {
      const settle = (whole: boolean): void => {
        this.#clock.clearTimeout(timer);
        this.#cancels.delete(cancel);
        stream.off('close', cancel);
        resolve(whole);
      };
      const cancel = (): void => settle(false);
      const timer = this.#clock.setTimeout(() => settle(true), ms);
      this.#cancels.add(cancel);
      stream.once('close', cancel);
    });
  }

  cancelAll(): void {
    for (const cancel of this.#cancels) cancel();
  }
}
