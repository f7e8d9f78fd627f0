import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';

/** A virtual clock that fails once when told to: the actor that asks it for the time then throws. */
export class FragileClock extends VirtualClock {
  isBroken = false;

  override now(): number {
    if (!this.isBroken) return super.now();
    this.isBroken = false;
    throw new Error('the clock is broken');
  }
}
