import type { AnyActorRef } from 'xstate';
import { FragileClock } from '../../support/fragile-clock.ts';

/** A timer of an actor, by the name that its chart gives it. */
export interface NamedTimer {
  readonly owner: string;
  readonly id: string;
  readonly dueAt: number;
}

/** A virtual clock that knows which timers the actors of a system have armed, and which were armed by anybody else. */
export class NamingClock extends FragileClock {
  readonly #named = new Map<unknown, NamedTimer>();
  #naming: { readonly owner: string; readonly id: string } | undefined;

  /** Learns the names of the timers that are armed from now on. */
  watch({ scheduler }: AnyActorRef['system']): void {
    const { schedule } = scheduler;
    scheduler.schedule = (source, target, event, delay, id = '') => {
      this.#naming = { owner: source.id, id };
      schedule(source, target, event, delay, id);
      this.#naming = undefined;
    };
  }

  get named(): readonly NamedTimer[] {
    return [...this.#named.values()];
  }

  /** The one that runs next, if an actor armed it; of those due at the same time, the one that was armed first. */
  get next(): NamedTimer | undefined {
    return this.named.find(({ dueAt }) => dueAt === this.nextDueAt);
  }

  /** Timers that no actor armed. */
  get unnamed(): number {
    return this.pending - this.#named.size;
  }

  override setTimeout(callback: () => void, delayMs: number) {
    const naming = this.#naming;
    const handle = super.setTimeout(() => {
      this.#named.delete(handle);
      callback();
    }, delayMs);
    if (naming !== undefined) this.#named.set(handle, { ...naming, dueAt: super.now() + Math.max(0, delayMs) });
    return handle;
  }

  override clearTimeout(handle: unknown): void {
    this.#named.delete(handle);
    super.clearTimeout(handle);
  }
}
