import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/actors/ports.ts';
import { clockContract } from '../../src/integration/testing/clock-contract.ts';
import { runContract } from '../../src/integration/testing/contract.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import { expectBroken } from './support.ts';

/** A virtual clock with one thing changed. */
const broken = (change: (clock: VirtualClock) => Partial<Clock>) =>
  runContract(
    clockContract(
      () => {
        const clock = new VirtualClock();
        const rest: Clock = {
          now: () => clock.now(),
          wall: () => clock.wall(),
          setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
          clearTimeout: handle => clock.clearTimeout(handle),
        };
        return { ...rest, ...change(clock), inner: clock };
      },
      { advance: ({ inner }, ms) => inner.advance(ms) },
    ),
  );

describe('broken clocks', () => {
  it('[CLOCK-1] one that goes back, stands still or tells no number is told', async () => {
    let calls = 0;
    const back = await broken(clock => ({ now: () => clock.now() + (++calls % 7 === 0 ? -5 : 0) }));
    expectBroken(back, 'CLOCK-1', 'now() went back', 'performance.now()');
    expectBroken(await broken(() => ({ now: () => Number.NaN })), 'CLOCK-1', 'no finite number');
    const still = await broken(clock => {
      const timers = clock.setTimeout.bind(clock);
      let ran = 0;
      // It moves on only in its callbacks, so that its timers are in time.
      return {
        now: () => ran,
        setTimeout: (callback, ms) =>
          timers(() => {
            ran = Math.max(ran, ms);
            callback();
          }, ms),
      };
    });
    expectBroken(still, 'CLOCK-1', 'stands still');
  });

  it('[CLOCK-1] one that measures in seconds is told so, and nothing else is said of it', async () => {
    const report = await broken(clock => ({ now: () => clock.now() / 1_000 }));
    expectBroken(report, 'CLOCK-1', 'now() moved by 0.0080 in 8 ms', 'It looks like seconds', 'multiply it by 1000');
    expect(report.notJudged).toContainEqual({ rule: 'CLOCK-3', why: 'now() does not tell milliseconds (CLOCK-1)' });
  });

  it('[CLOCK-2] one that tells seconds is told', async () => {
    expectBroken(await broken(clock => ({ wall: () => clock.wall() / 1_000 })), 'CLOCK-2', 'not seconds');
    expectBroken(await broken(() => ({ wall: () => Date.UTC(2026, 0, 1) })), 'CLOCK-2', 'wall() stands still');
  });

  it('[CLOCK-3] one that is early, or runs a timer twice, is told', async () => {
    const early = await broken(clock => ({
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms === 20 ? 19.5 : ms),
    }));
    expectBroken(early, 'CLOCK-3', '0.5 ms too early', 'wait for what is left');
    const coarse = await broken(clock => ({
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms < 100 ? Math.floor(ms / 10) * 10 : ms),
    }));
    expectBroken(coarse, 'CLOCK-3', 'a timer of 23 ms ran 3 ms too early');
    const twice = await broken(clock => ({
      setTimeout(callback, ms) {
        const again = () => {
          callback();
          if (callback.toString().includes('clock.now()')) clock.setTimeout(callback, 1);
        };
        return clock.setTimeout(again, ms);
      },
    }));
    expectBroken(twice, 'CLOCK-3', 'one timer ran 2 times');
  });

  it('[CLOCK-4] one that runs what is due in another order is told', async () => {
    // It looks every 100 ms and runs what is due in the order of arming.
    const report = await broken(clock => ({
      setTimeout(callback, ms) {
        const late = ms > 30 && ms < 100 ? 100 : ms;
        return clock.setTimeout(callback, late);
      },
    }));
    expectBroken(report, 'CLOCK-4', 'ran as 2', 'in a heap');
  });

  it('[CLOCK-5] one that takes the latest of those due first is told', async () => {
    let armed = 0;
    const report = await broken(clock => ({
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms === 20 ? ms + 1 / ++armed : ms),
    }));
    expectBroken(report, 'CLOCK-5', 'ran as 5, 4, 3, 2, 1', 'Number them');
  });

  it('[CLOCK-6] one that cannot take back, takes back too much, or throws is told', async () => {
    const deaf = await broken(clock => ({ clearTimeout: handle => void clock.setTimeout(() => handle, 0) }));
    expectBrokenIn(deaf, 'CLOCK-6', 'a timer ran that was taken back');
    const throws = await broken(clock => ({
      clearTimeout(handle) {
        if (handle === undefined) throw new TypeError('no handle');
        clock.clearTimeout(handle);
      },
    }));
    expectBroken(throws, 'CLOCK-6', 'threw for a timer that ran', 'ignore what is no handle');
    const all = await broken(clock => {
      const handles: unknown[] = [];
      return {
        setTimeout(callback, ms) {
          const handle = clock.setTimeout(callback, ms);
          if (ms === 20) handles.push(handle);
          return handle;
        },
        clearTimeout: () => handles.forEach(handle => void clock.clearTimeout(handle)),
      };
    });
    expectBrokenIn(all, 'CLOCK-6', 'took another one too');
    // Numbers from 0, and what is no number is taken for one.
    const numbered = await broken(clock => {
      const handles: unknown[] = [];
      return {
        setTimeout: (callback, ms) => handles.push(clock.setTimeout(callback, ms)) - 1,
        clearTimeout: handle => clock.clearTimeout(handles[Number(handle)]),
      };
    });
    expectBroken(numbered, 'CLOCK-6', 'what is no handle took a timer back');
  });

  it('[CLOCK-7] one that ends an endless wait is told', async () => {
    const fires = await broken(clock => ({
      setTimeout: (callback, ms) => clock.setTimeout(callback, Number.isFinite(ms) ? ms : 1),
    }));
    expectBroken(fires, 'CLOCK-7', 'a wait of Infinity and NaN ms ended');
    const throws = await broken(clock => ({
      setTimeout(callback, ms) {
        if (!Number.isFinite(ms)) throw new RangeError('no');
        return clock.setTimeout(callback, ms);
      },
    }));
    expectBroken(throws, 'CLOCK-7', 'threw');
  });

  it('[CLOCK-8] one that hands a long wait to the platform is told', async () => {
    const report = await broken(clock => ({
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms > 2 ** 31 - 1 && Number.isFinite(ms) ? 1 : ms),
    }));
    expectBroken(report, 'CLOCK-8', 'a timer of 2147483648 ms ran at once', 'wait in pieces');
    const cut = await broken(clock => ({
      setTimeout: (callback, ms) => clock.setTimeout(callback, Number.isFinite(ms) ? Math.min(ms, 2 ** 31 - 1) : ms),
    }));
    expectBroken(cut, 'CLOCK-8', 'a timer of 2147483648 ms was cut short', 'for all that is left');
    const day = await broken(clock => ({
      setTimeout: (callback, ms) => clock.setTimeout(callback, Number.isFinite(ms) ? Math.min(ms, 86_400_000) : ms),
    }));
    expectBroken(day, 'CLOCK-8', 'a timer of 1073741824 ms was cut short');
    const lost = await broken(clock => ({
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms > 2 ** 31 - 1 ? Number.POSITIVE_INFINITY : ms),
    }));
    expectBroken(lost, 'CLOCK-8', 'a timer of 2147483648 ms never ran');
  });

  it('[CLOCK-9] one that calls back at once, or never, is told', async () => {
    const atOnce = await broken(clock => ({
      setTimeout(callback, ms) {
        if (ms > 0 || Number.isNaN(ms)) return clock.setTimeout(callback, ms);
        callback();
        return undefined;
      },
    }));
    expectBroken(atOnce, 'CLOCK-9', 'from within setTimeout()');
    const never = await broken(clock => ({
      setTimeout: (callback, ms) => (ms < 0 ? undefined : clock.setTimeout(callback, ms)),
    }));
    expectBroken(never, 'CLOCK-9', 'never ended');
  });

  it('[CLOCK-10] one that does not look anew after a callback is told', async () => {
    const report = await broken(clock => {
      let isInside = false;
      return {
        setTimeout: (callback, ms) =>
          clock.setTimeout(() => {
            isInside = true;
            callback();
            isInside = false;
          }, ms),
        clearTimeout(handle) {
          if (!isInside) clock.clearTimeout(handle);
        },
      };
    });
    expectBroken(report, 'CLOCK-10', 'first, second, third', 'Look anew');
  });

  it('[CLOCK-11] one whose hold cannot be given back is told', async () => {
    const nothing = await broken(() => ({ hold: () => undefined as never }));
    expectBroken(nothing, 'CLOCK-11', 'hold() returned no function');
    const once = await broken(() => ({
      hold() {
        let held = true;
        return () => {
          if (!held) throw new Error('not held');
          held = false;
        };
      },
    }));
    expectBroken(once, 'CLOCK-11', 'giving a hold back twice threw');
  });

  it('[CLOCK-12] one that runs nothing more once a callback threw is told', async () => {
    const report = await broken(clock => {
      let isDead = false;
      return {
        setTimeout: (callback, ms) =>
          clock.setTimeout(() => {
            if (isDead) return;
            isDead = true;
            callback();
            isDead = false;
          }, ms),
      };
    });
    expectBroken(report, 'CLOCK-12', 'after it ran nothing', 'mind the others');
  });
});

/** Taking back is used by other clauses too. */
function expectBrokenIn(report: Awaited<ReturnType<typeof broken>>, rule: string, words: string): void {
  expectBroken({ ...report, broken: report.broken.filter(one => one.rule === rule) }, rule, words);
}
