import type { Clock } from '../../actors/ports.ts';
import { CLOCK_METHODS } from './checks.ts';
import { type ContractCase, contractCase, given } from './contract.ts';

/** Most waits are multiples of this, ms: long beside the resolution of a platform timer, short in all. */
export const STEP_MS = 20;
/** A clock that has done nothing at all for so long does not move by itself, ms. */
const STANDS_STILL_AFTER_MS = 1_000;

/** Whether what the suite was given is a clock, and moves. */
export function clockGroundwork<C extends Clock>(
  create: () => C,
  pass: (clock: C, ms: number) => Promise<void>,
  isMoved: boolean,
): ContractCase {
  return contractCase('CLOCK-0', 'the suite is given a function that makes a clock, which moves', async violated => {
    const clock: C = await given(violated, 'create()', create);
    const missing = CLOCK_METHODS.filter(method => typeof clock?.[method] !== 'function');
    const remedy = `Let create() return an object with ${CLOCK_METHODS.join('(), ')}().`;
    if (missing.length > 0) violated(`what create() gave has no ${missing.join('(), no ')}()`, remedy);
    let hasRun = false;
    const hasMoved = await given(violated, isMoved ? 'advance(), or the clock' : 'the clock', async () => {
      const began = clock.now();
      const timer = clock.setTimeout(() => {
        hasRun = true;
      }, STEP_MS);
      const isOver = (): boolean => hasRun || clock.now() !== began;
      for (let waited = 0; !isOver() && waited < STANDS_STILL_AFTER_MS; waited += STEP_MS) await pass(clock, STEP_MS);
      clock.clearTimeout(timer);
      return isOver();
    });
    if (hasMoved) return;
    if (isMoved)
      violated('neither now() nor a timer moved with advance()', 'Let `advance` move the clock by so many ms.');
    violated(
      `neither now() nor a timer moved in ${STANDS_STILL_AFTER_MS} ms`,
      'Where it does not move by itself give `advance`: clockContract(create, { advance: (clock, ms) => clock.advance(ms) }).',
    );
  });
}
