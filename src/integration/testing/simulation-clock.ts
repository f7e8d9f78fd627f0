import type { Clock } from '../../actors/ports.ts';
import { VirtualClock } from './virtual-clock.ts';

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/**
 * The clock of a simulation: it tells of every instant it stops at, knows how long the machine slept, and fails once
 * when told to, which makes the session actor that asks it for the time throw.
 */
export class SimulationClock extends VirtualClock {
  /** Time for everything that stands outside the manager; its timers are counted apart. */
  readonly outside: Clock;
  readonly #onInstant: () => void;
  #outsidePending = 0;
  #isBroken = false;
  #sleptMs = 0;

  constructor(onInstant: () => void) {
    super();
    this.#onInstant = onInstant;
    this.outside = {
      now: () => super.now(),
      wall: () => this.wall(),
      setTimeout: (callback, delayMs) => this.#armOutside(callback, delayMs),
      clearTimeout: handle => (handle as { drop(): void } | undefined)?.drop(),
    };
  }

  override now(): number {
    if (!this.#isBroken) return super.now();
    this.#isBroken = false;
    throw new Error('the clock is broken');
  }

  /** Timers of the manager. */
  get pendingInside(): number {
    return this.pending - this.#outsidePending;
  }

  /** As `now`, without the time that the machine slept: what a deadline that was promised is held against. */
  awake(): number {
    return super.now() - this.#sleptMs;
  }

  /** Runs `call` while the next look at the time fails. */
  brokenDuring(call: () => void): void {
    this.#isBroken = true;
    try {
      call();
    } finally {
      this.#isBroken = false;
    }
  }

  override async advance(ms: number): Promise<void> {
    const until = super.now() + ms;
    await settle();
    for (let next = this.nextDueAt; next !== undefined && next <= until; next = this.nextDueAt) {
      this.advanceSync(Math.max(0, next - super.now()));
      await settle();
      // What is due at this very instant still has to run before anything can be judged.
      if ((this.nextDueAt ?? until + 1) > super.now()) this.#onInstant();
    }
    this.advanceSync(Math.max(0, until - super.now()));
    this.#onInstant();
  }

  override async sleep(ms: number): Promise<void> {
    this.#sleptMs += ms;
    await super.sleep(ms);
  }

  #armOutside(callback: () => void, delayMs: number): unknown {
    this.#outsidePending += 1;
    let isArmed = true;
    const leave = (): boolean => {
      if (!isArmed) return false;
      isArmed = false;
      this.#outsidePending -= 1;
      return true;
    };
    const handle = this.setTimeout(() => {
      leave();
      callback();
    }, delayMs);
    return {
      drop: () => {
        if (leave()) this.clearTimeout(handle);
      },
    };
  }
}
