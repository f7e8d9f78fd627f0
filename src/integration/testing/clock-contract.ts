import type { Clock } from '../../actors/ports.ts';
import { CLOCK_METHODS, checkFactory, checkFunction, checkParts } from './checks.ts';
import { type ContractCase, contractCase, contractOf, given, once } from './contract.ts';

export interface ClockContractOptions<C extends Clock> {
  /** Moves a clock that does not move by itself. Without it the suite waits for real, less than half a second in all. */
  readonly advance?: (clock: C, ms: number) => Promise<void> | void;
}

/** Waits are multiples of this, ms: long beside the resolution of a platform timer, short in all. */
const STEP_MS = 20;
/** A real timer that has not fired after this is taken to be lost, ms. Far more than a busy machine needs. */
const LOST_AFTER_MS = 4_000;
/** One more than the longest wait of a platform timer, which then fires at once, ms. */
const BEYOND_PLATFORM_MS = 2 ** 31;
/** A clock that has done nothing at all for so long does not move by itself, ms. */
const STANDS_STILL_AFTER_MS = 1_000;
/** So many ms are waited for, some at a time, to see `now()` move. */
const PATIENCES_MS = [2, 2, 2, 2] as const;
/** A clock that moved by less than this share of the time that passed does not tell milliseconds. */
const LEAST_SHARE = 0.05;
/** A wall clock below this tells seconds, or counts from somewhere else, ms (March 1973). */
const EARLIEST_WALL_MS = 1e11;

const really = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/**
 * The contract of a {@link Clock}, rules CLOCK-0 to CLOCK-11 of SPEC.md. A clock that needs no `advance` is judged in less
 * than half a second; one that is broken takes longer.
 *
 * @throws SessionchartError `INVALID_CONFIG` for an option that is not allowed.
 *
 * @example
 * ```ts
 * describeContract('my clock', clockContract(() => myClock()), { describe, it });
 * describeContract('virtual', clockContract(() => new VirtualClock(), { advance: (clock, ms) => clock.advance(ms) }), { describe, it });
 * ```
 */
export function clockContract<C extends Clock>(create: () => C, options: ClockContractOptions<C> = {}): ContractCase[] {
  checkFactory('create', create, 'a clock');
  checkParts('options', options, ['advance']);
  const { advance } = options;
  checkFunction('advance', advance, 'a function that moves a clock, (clock, ms) => clock.advance(ms)');
  const pass = async (clock: C, ms: number): Promise<void> => (advance === undefined ? really(ms) : advance(clock, ms));
  /** Gives what shall happen within `ms` the time that it needs. */
  const patience = async (clock: C, ms: number, isDone: () => boolean): Promise<void> => {
    if (advance !== undefined) return advance(clock, ms);
    for (let waited = 0; waited < LOST_AFTER_MS && !isDone(); waited += STEP_MS) await really(STEP_MS);
  };
  /** Arms timers with these delays and tells the order they ran in, by index. */
  const orderOf = async (delays: readonly number[]): Promise<readonly number[]> => {
    const clock = create();
    const ran: number[] = [];
    for (const [index, ms] of delays.entries()) clock.setTimeout(() => ran.push(index), ms);
    await patience(clock, Math.max(...delays) + 1, () => ran.length >= delays.length);
    return ran;
  };

  /** Readings of `now()` while time passes. */
  const readings = once(async () => {
    const clock = create();
    const seen: number[] = [];
    for (const ms of PATIENCES_MS) {
      for (let i = 0; i < 50; i++) seen.push(clock.now());
      await pass(clock, ms);
    }
    seen.push(clock.now());
    return seen;
  });
  /** How far `now()` moved, where that is so little that it counts in another unit. */
  const isInOtherUnit = async (): Promise<string | undefined> => {
    const seen = await readings();
    const moved = (seen.at(-1) as number) - (seen[0] as number);
    const asked = PATIENCES_MS.reduce((sum, ms) => sum + ms, 0);
    return moved > 0 && moved < LEAST_SHARE * asked
      ? `now() moved by ${moved.toPrecision(2)} in ${asked} ms`
      : undefined;
  };

  return contractOf(groundwork(create, pass, advance !== undefined), [
    contractCase('CLOCK-1', 'now() is a number that never goes back', async violated => {
      const seen = await readings();
      const remedy = 'Measure with performance.now(), not with Date.now(), which is set back now and then.';
      if (seen.some(at => !Number.isFinite(at))) violated('now() is no finite number', remedy);
      if (seen.some((at, i) => i > 0 && at < (seen[i - 1] as number))) violated('now() went back', remedy);
      if (seen.at(-1) === seen[0]) violated('now() stands still', 'Let it follow the time that passes.');
      const other = await isInOtherUnit();
      if (other !== undefined) violated(other, 'It looks like seconds: now() is in milliseconds, multiply it by 1000.');
    }),
    contractCase('CLOCK-2', 'wall() is in milliseconds since the Unix epoch', violated => {
      const wall = create().wall();
      if (wall > EARLIEST_WALL_MS && Number.isFinite(wall)) return;
      violated(`wall() is ${wall}`, 'Return Date.now(), or the same in another way: milliseconds, not seconds.');
    }),
    contractCase('CLOCK-3', 'a timer runs once, and not before its time', async violated => {
      if ((await isInOtherUnit()) !== undefined) return 'now() does not tell milliseconds (CLOCK-1)';
      const clock = create();
      const ran: number[] = [];
      const dueAt = clock.now() + STEP_MS;
      clock.setTimeout(() => ran.push(clock.now()), STEP_MS);
      await patience(clock, STEP_MS, () => ran.length > 0);
      await pass(clock, 3 * STEP_MS);
      if (ran.length === 0) violated('a timer never ran', 'Run it once now() has reached its due time.');
      if (ran.length > 1) violated(`one timer ran ${ran.length} times`, 'Take it out before its callback is called.');
      const early = dueAt - (ran[0] as number);
      const remedy = 'Platform timers round: look at now() when one fires, and wait for what is left.';
      if (early > 0) violated(`a timer of ${STEP_MS} ms ran ${early} ms too early, by now()`, remedy);
    }),
    contractCase('CLOCK-4', 'timers run in the order of their due times', async violated => {
      const ran = await orderOf([3 * STEP_MS, STEP_MS, 2 * STEP_MS]);
      const remedy = 'Keep them ordered by due time, in a heap for instance, and run all that are due in that order.';
      if (ran.join() !== '1,2,0') violated(`timers of 60, 20 and 40 ms ran as ${shown(ran)}`, remedy);
    }),
    contractCase('CLOCK-5', 'timers of one time run in the order they were set', async violated => {
      const ran = await orderOf([STEP_MS, STEP_MS, STEP_MS, STEP_MS, STEP_MS]);
      const remedy = 'Number them as they are set, and order by due time first, by that number then.';
      if (ran.join() !== '0,1,2,3,4') violated(`five timers of one time ran as ${shown(ran)}`, remedy);
    }),
    contractCase('CLOCK-6', 'clearTimeout() takes one timer back and is harmless otherwise', async violated => {
      const clock = create();
      const ran: string[] = [];
      const first = clock.setTimeout(() => ran.push('first'), 1);
      await patience(clock, 1, () => ran.length > 0);
      const cleared = clock.setTimeout(() => ran.push('cleared'), STEP_MS);
      clock.setTimeout(() => ran.push('kept'), STEP_MS);
      const remedy = 'Know timers by a handle of their own, and ignore what is no handle of a timer that is armed.';
      try {
        for (const handle of [first, cleared, cleared, undefined, null, {}]) clock.clearTimeout(handle);
      } catch {
        violated('clearTimeout() threw for a timer that ran, one that was taken back, or what is none', remedy);
      }
      await patience(clock, STEP_MS, () => ran.includes('kept'));
      await pass(clock, STEP_MS);
      if (ran.includes('cleared')) violated('a timer ran that was taken back', remedy);
      if (!ran.includes('kept')) violated('taking one timer back took another one too', remedy);
    }),
    contractCase('CLOCK-7', 'a wait that is not finite never ends', async violated => {
      const clock = create();
      const ran: number[] = [];
      const remedy = 'Do not hand it to the platform, which fires at once: return a handle and arm nothing.';
      try {
        for (const ms of [Number.POSITIVE_INFINITY, Number.NaN]) clock.setTimeout(() => ran.push(ms), ms);
      } catch {
        violated('setTimeout() threw for a wait that is not finite', remedy);
      }
      await pass(clock, STEP_MS);
      if (ran.length > 0) violated(`a wait of ${ran.join(' and ')} ms ended`, remedy);
    }),
    contractCase('CLOCK-8', 'a wait beyond 2^31-1 ms is kept', async violated => {
      const clock = create();
      let ran = 0;
      const handle = clock.setTimeout(() => ran++, BEYOND_PLATFORM_MS);
      await pass(clock, STEP_MS);
      clock.clearTimeout(handle);
      const remedy = 'The platform fires at once above 2^31-1 ms: wait in pieces.';
      if (ran > 0) violated(`a timer of ${BEYOND_PLATFORM_MS} ms ran at once`, remedy);
    }),
    contractCase('CLOCK-9', 'a wait of 0 or less ends soon, but not within setTimeout()', async violated => {
      const clock = create();
      const ran: number[] = [];
      for (const ms of [0, -5]) clock.setTimeout(() => ran.push(ms), ms);
      const remedy = 'Take a negative wait for 0, and call back later, never from within setTimeout().';
      if (ran.length > 0) violated('a callback was called from within setTimeout()', remedy);
      await patience(clock, 1, () => ran.length > 1);
      if (ran.length < 2) violated('a wait of 0 or less never ended', remedy);
    }),
    contractCase('CLOCK-10', 'a callback may set and take back timers', async violated => {
      const clock = create();
      const ran: string[] = [];
      clock.setTimeout(() => {
        ran.push('first');
        clock.clearTimeout(second);
        clock.setTimeout(() => ran.push('third'), STEP_MS);
      }, STEP_MS);
      const second = clock.setTimeout(() => ran.push('second'), 2 * STEP_MS);
      await patience(clock, 4 * STEP_MS, () => ran.includes('third'));
      await pass(clock, STEP_MS);
      const remedy = 'Look anew at what is armed after every callback; do not walk over a copy.';
      if (ran.join() !== 'first,third') violated(`what ran was ${ran.join(', ') || 'nothing'}`, remedy);
    }),
    contractCase('CLOCK-11', 'a hold is given back by what hold() returns, once', violated => {
      const clock = create();
      if (clock.hold === undefined) return 'the clock has no hold()';
      const remedy = 'Return a function that gives this hold back the first time it is called.';
      const release: unknown = clock.hold();
      if (typeof release !== 'function') return violated('hold() returned no function', remedy);
      try {
        release();
        release();
      } catch {
        violated('giving a hold back twice threw', remedy);
      }
    }),
  ]);
}

/** Whether what the suite was given is a clock, and moves. */
function groundwork<C extends Clock>(
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

const shown = (order: readonly number[]): string => (order.length === 0 ? 'none' : order.map(i => i + 1).join(', '));
