import type { Clock } from '../../actors/ports.ts';
import { checkFactory, checkFunction, checkParts } from './checks.ts';
import { clockGroundwork, STEP_MS } from './clock-groundwork.ts';
import { type ContractCase, contractCase, contractOf, once } from './contract.ts';

export interface ClockContractOptions<C extends Clock> {
  /** Moves a clock that does not move by itself. Without it the suite waits for real, less than half a second in all. */
  readonly advance?: (clock: C, ms: number) => Promise<void> | void;
}

/** A real timer that has not fired after this is taken to be lost, ms. Far more than a busy machine needs. */
const LOST_AFTER_MS = 4_000;
/** One more than the longest wait of a platform timer, which then fires at once, ms. */
const BEYOND_PLATFORM_MS = 2 ** 31;
/** A wait of twelve days, which the platform takes, ms. */
const WITHIN_PLATFORM_MS = 2 ** 30;
/** A wait that a clock with a coarse grid rounds down, ms. */
const UNEVEN_MS = 23;
/** So many ms are waited for, some at a time, to see `now()` move. */
const PATIENCES_MS = [2, 2, 2, 2] as const;
/** A clock that moved by less than this share of the time that passed does not tell milliseconds. */
const LEAST_SHARE = 0.05;
/** A wall clock below this tells seconds, or counts from somewhere else, ms (March 1973). */
const EARLIEST_WALL_MS = 1e11;

const really = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/**
 * The contract of a {@link Clock}, rules CLOCK-0 to CLOCK-12 of SPEC.md. A clock that needs no `advance` is judged in less
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

  return contractOf(clockGroundwork(create, pass, advance !== undefined), [
    contractCase('CLOCK-1', 'now() is a number that never goes back', async violated => {
      const seen = await readings();
      const remedy = 'Measure with performance.now(), not with Date.now(), which is set back now and then.';
      if (seen.some(at => !Number.isFinite(at))) violated('now() is no finite number', remedy);
      if (seen.some((at, i) => i > 0 && at < (seen[i - 1] as number))) violated('now() went back', remedy);
      if (seen.at(-1) === seen[0]) violated('now() stands still', 'Let it follow the time that passes.');
      const other = await isInOtherUnit();
      if (other !== undefined) violated(other, 'It looks like seconds: now() is in milliseconds, multiply it by 1000.');
    }),
    contractCase('CLOCK-2', 'wall() is in milliseconds since the Unix epoch, and moves on', async violated => {
      const clock = create();
      const wall = clock.wall();
      if (!(wall > EARLIEST_WALL_MS && Number.isFinite(wall))) {
        violated(`wall() is ${wall}`, 'Return Date.now(), or the same in another way: milliseconds, not seconds.');
      }
      await pass(clock, STEP_MS);
      if (clock.wall() === wall) violated('wall() stands still', 'Let it follow the time that passes, as now() does.');
    }),
    contractCase('CLOCK-3', 'a timer runs once, and not before its time', async violated => {
      if ((await isInOtherUnit()) !== undefined) return 'now() does not tell milliseconds (CLOCK-1)';
      const clock = create();
      const waits = [STEP_MS, UNEVEN_MS].map(ms => {
        const ran: number[] = [];
        const dueAt = clock.now() + ms;
        clock.setTimeout(() => ran.push(clock.now()), ms);
        return { ms, dueAt, ran };
      });
      await patience(clock, UNEVEN_MS, () => waits.every(({ ran }) => ran.length > 0));
      await pass(clock, 3 * STEP_MS);
      for (const { ms, dueAt, ran } of waits) {
        if (ran.length === 0) violated('a timer never ran', 'Run it once now() has reached its due time.');
        if (ran.length > 1) violated(`one timer ran ${ran.length} times`, 'Take it out before its callback is called.');
        const early = dueAt - (ran[0] as number);
        const remedy = 'Platform timers round: look at now() when one fires, and wait for what is left.';
        if (early > 0) violated(`a timer of ${ms} ms ran ${early} ms too early, by now()`, remedy);
      }
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
      // What is no handle may look like the first one that a clock gave.
      const other = create();
      let hasOtherRun = false;
      other.setTimeout(() => {
        hasOtherRun = true;
      }, STEP_MS);
      const remedy = 'Know timers by a handle of their own, and ignore what is no handle of a timer that is armed.';
      try {
        for (const handle of [first, cleared, cleared, undefined, null, {}]) clock.clearTimeout(handle);
        for (const handle of [undefined, null, {}]) other.clearTimeout(handle);
      } catch {
        violated('clearTimeout() threw for a timer that ran, one that was taken back, or what is none', remedy);
      }
      await patience(clock, STEP_MS, () => ran.includes('kept'));
      await pass(clock, STEP_MS);
      if (ran.includes('cleared')) violated('a timer ran that was taken back', remedy);
      if (!ran.includes('kept')) violated('taking one timer back took another one too', remedy);
      await patience(other, 2 * STEP_MS, () => hasOtherRun);
      if (!hasOtherRun) violated('clearTimeout() of what is no handle took a timer back', remedy);
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
      const remedy = 'The platform fires at once above 2^31-1 ms: wait in pieces, and for all that is left.';
      for (const ms of [WITHIN_PLATFORM_MS, BEYOND_PLATFORM_MS]) {
        const clock = create();
        let ran = 0;
        const handle = clock.setTimeout(() => ran++, ms);
        await pass(clock, STEP_MS);
        if (ran > 0) violated(`a timer of ${ms} ms ran at once`, remedy);
        if (advance !== undefined) {
          await advance(clock, ms - STEP_MS - 1);
          if (ran > 0) violated(`a timer of ${ms} ms was cut short`, remedy);
          await advance(clock, 2);
          if (ran === 0) violated(`a timer of ${ms} ms never ran`, remedy);
        }
        clock.clearTimeout(handle);
      }
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
    contractCase('CLOCK-12', 'a callback that throws keeps no other timer from running', async violated => {
      // What a callback throws on the clock of the platform ends the process, or is told to whoever runs the tests.
      if (advance === undefined) return 'it is looked at with `advance` only';
      const clock = create();
      const ran: string[] = [];
      clock.setTimeout(() => {
        throw new Error('thrown by a callback of the suite');
      }, STEP_MS);
      clock.setTimeout(() => ran.push('beside'), STEP_MS);
      clock.setTimeout(() => ran.push('later'), 2 * STEP_MS);
      for (let step = 0; step < 8; step++) {
        try {
          await advance(clock, STEP_MS);
        } catch {
          // Its own matter: whether what moves the clock is told of it.
        }
      }
      const remedy = 'Take a timer out before its callback is called, and mind the others whatever that does.';
      if (ran.length < 2) violated(`after it ran ${ran.join(', ') || 'nothing'}`, remedy);
    }),
  ]);
}

const shown = (order: readonly number[]): string => (order.length === 0 ? 'none' : order.map(i => i + 1).join(', '));
