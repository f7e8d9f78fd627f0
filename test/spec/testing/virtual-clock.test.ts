import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { rejectionOf } from '../../support/managed.ts';

const invalid = expect.objectContaining({ code: 'INVALID_CONFIG' });

describe('virtual clock', () => {
  it('[TST-1] it moves only when told to, instant by instant, with promises settled at each', async () => {
    const clock = new VirtualClock(1_000);
    const seen: string[] = [];
    const note = (what: string) => seen.push(`${what} at ${clock.now()}`);
    clock.setTimeout(() => {
      note('first');
      void Promise.resolve().then(() => clock.setTimeout(() => note('armed by a reaction'), 5));
    }, 10);
    clock.setTimeout(() => note('second'), 20);
    expect([clock.now(), clock.wall(), clock.pending, clock.nextDueAt]).toEqual([1_000, 1_000, 2, 1_010]);
    await clock.advance(9);
    expect(seen).toEqual([]);
    await clock.advance(1);
    expect(seen).toEqual(['first at 1010']);
    await clock.advance(100);
    expect(seen).toEqual(['first at 1010', 'armed by a reaction at 1015', 'second at 1020']);
    expect([clock.now(), clock.pending, clock.nextDueAt]).toEqual([1_110, 0, undefined]);
  });

  it('[TST-1] a sleep runs nothing on the way, and the wall clock is set apart', async () => {
    const clock = new VirtualClock(0);
    const at: number[] = [];
    for (const ms of [10, 20]) clock.setTimeout(() => at.push(clock.now()), ms);
    await clock.sleep(50);
    expect(at).toEqual([50, 50]);
    clock.setWall(5_000);
    expect([clock.now(), clock.wall()]).toEqual([50, 5_000]);
  });

  it('[TST-1] of two that move it at once the second begins where the first ended', async () => {
    const clock = new VirtualClock(0);
    const at: number[] = [];
    for (const ms of [5, 15]) clock.setTimeout(() => at.push(clock.now()), ms);
    await Promise.all([clock.advance(10), clock.advance(10)]);
    expect([clock.now(), at]).toEqual([20, [5, 15]]);
    const broken = () => {
      throw new Error('of the callback');
    };
    clock.setTimeout(broken, 1);
    const outcomes = await Promise.allSettled([clock.advance(10), clock.advance(10), clock.advance(-1)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    expect(clock.now(), 'the one that failed stopped at its callback').toBe(31);
    await clock.advance(1);
    expect(clock.now()).toBe(32);
    clock.setTimeout(() => void clock.advance(5), 1);
    await clock.runUntil(clock.advance(1).then(() => clock.advance(1)));
    expect(clock.now(), 'what it starts from within is waited for too').toBe(39);
  });

  it('[TST-1] a time that is negative or no finite number is refused, and the clock stays where it is', async () => {
    const clock = new VirtualClock(0);
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number, 5n as unknown as number]) {
      expect(await rejectionOf(clock.runUntil(Promise.resolve(), ms))).toEqual(invalid);
      expect(await rejectionOf(clock.advance(ms))).toEqual(invalid);
      expect(await rejectionOf(clock.sleep(ms))).toEqual(invalid);
      expect(() => clock.advanceSync(ms)).toThrow(invalid);
    }
    expect(await rejectionOf(clock.advance(-1))).toMatchObject({
      message: 'ms is -1; allowed: 0 or more (milliseconds)',
    });
    expect(() => clock.setWall(Number.NaN)).toThrow(invalid);
    expect(() => new VirtualClock(Number.NaN)).toThrow(invalid);
    expect(clock.now()).toBe(0);
  });

  it('[TST-2] runUntil settles like its promise, however many timers that takes', async () => {
    const clock = new VirtualClock(0);
    const wait = (ms: number) => new Promise<void>(resolve => clock.setTimeout(resolve, ms));
    const work = async (): Promise<string> => {
      for (let i = 0; i < 10; i++) await wait(100);
      return 'done';
    };
    clock.setTimeout(() => undefined, 5_000);
    expect(await clock.runUntil(work())).toBe('done');
    expect([clock.now(), clock.pending], 'no further than it takes').toEqual([1_000, 1]);
    const failure = new Error('no');
    expect(await rejectionOf(clock.runUntil(wait(1).then(() => Promise.reject(failure))))).toBe(failure);
    expect(await clock.runUntil(Promise.resolve(7))).toBe(7);
  });

  it('[TST-2] runUntil says so where no timer is left, or none is due in time', async () => {
    const never = new Promise<void>(() => undefined);
    const clock = new VirtualClock(0);
    expect(await rejectionOf(clock.runUntil(never))).toMatchObject({
      code: 'CLOCK_GAVE_UP',
      message: 'still pending, and no timer is armed that could settle it',
      remediation: expect.stringContaining('a socket, a file or a timer of the platform'),
    });
    clock.setTimeout(() => undefined, 501);
    expect(await rejectionOf(clock.runUntil(never, 500))).toMatchObject({
      code: 'CLOCK_GAVE_UP',
      message: 'still pending after 500 ms of virtual time',
      remediation: expect.stringContaining('mostMs'),
    });
    expect(await rejectionOf(clock.runUntil(never, -1))).toEqual(invalid);
    expect(clock.pending).toBe(1);
  });

  it('[TST-3] runAll runs what is armed and what that arms, and stands still at the last', async () => {
    const clock = new VirtualClock(0);
    clock.setTimeout(() => clock.setTimeout(() => undefined, 30), 10);
    expect(await clock.runAll()).toBe(2);
    expect([clock.now(), clock.pending]).toEqual([40, 0]);
    clock.setTimeout(() => undefined, 1);
    expect(await clock.runAll(1), 'exactly the bound').toBe(1);
  });

  it('[TST-3] runAll gives up on what arms itself again and again', async () => {
    const clock = new VirtualClock(0);
    const again = () => void clock.setTimeout(again, 10);
    again();
    expect(await rejectionOf(clock.runAll(25))).toMatchObject({
      code: 'CLOCK_GAVE_UP',
      message: expect.stringContaining('armed still after 25 have run'),
      remediation: expect.stringContaining('a heartbeat for instance'),
    });
    expect(await rejectionOf(clock.runAll(0))).toEqual(invalid);
  });
});
