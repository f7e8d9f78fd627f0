import { describe, expect, it } from 'vitest';
import { clockContract } from '../../src/integration/testing/clock-contract.ts';
import { type ContractCase, type ContractReport, runContract } from '../../src/integration/testing/contract.ts';
import { loggerContract } from '../../src/integration/testing/logger-contract.ts';
import { credentialProviderContract } from '../../src/integration/testing/provider-contract.ts';
import { configurationSourceContract } from '../../src/integration/testing/source-contract.ts';
import { purgeableStoreContract } from '../../src/integration/testing/store-contract.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import { systemClock } from '../../src/services/system-clock.ts';
import { expectBroken, GoodProvider } from './support.ts';

/** It is told once, in the first clause, and all others are left alone. */
function expectNothingElse(report: ContractReport, cases: readonly ContractCase[], ...words: readonly string[]): void {
  const rule = cases[0]?.rule ?? '';
  expectBroken(report, rule, ...words);
  expect(report.held).toEqual([]);
  expect(new Set(report.notJudged.map(({ why }) => why))).toEqual(
    new Set([`the suite was given what does not work (${rule})`]),
  );
  expect(report.notJudged).toHaveLength(cases.length - 1);
}

const throwing = (): never => {
  throw new RangeError('of the test bed, with api-key-123');
};

describe('what a suite is given', () => {
  it('[PROV-0] that makes no provider, throws, or cannot be closed, is told once', async () => {
    const clock = new VirtualClock();
    const good = () => new GoodProvider(clock);
    const judge = async (words: string, ...args: Parameters<typeof credentialProviderContract>) => {
      const cases = credentialProviderContract(...args);
      const report = await clock.runUntil(runContract(cases));
      expectNothingElse(report, cases, words);
      return report;
    };
    await judge('what create() gave has no mint()', () => ({}) as never, { clock });
    await judge('create() gave undefined', () => undefined as never, { clock });
    await judge('create() gave text', () => 'api-key-123' as never, { clock });
    const odd = () => Object.assign(good(), { revoke: true }) as never;
    await judge('revoke of what create() gave is no function', odd, { clock });
    await judge('failing() gave null', good, { clock, failing: () => null as never });
    await judge('failing() threw RangeError', good, { clock, failing: throwing });
    await judge('close() threw RangeError', good, { clock, close: throwing });
    const dead = { now: throwing, wall: throwing, setTimeout: throwing, clearTimeout: throwing };
    await judge('the clock threw RangeError', good, { clock: dead });
    const report = await judge('create() threw RangeError. Mend create()', throwing, { clock });
    expect(report.broken[0]?.error.message).not.toContain('api-key-123');
    expect(report.broken[0]?.error.cause).toBeInstanceOf(RangeError);
  });

  it('[CLOCK-0] that makes no clock, or one that does not move, is told once', async () => {
    const judge = async (words: string, ...args: Parameters<typeof clockContract>) => {
      const cases = clockContract(...args);
      expectNothingElse(await runContract(cases), cases, words);
    };
    await judge('create() threw RangeError', throwing);
    await judge('what create() gave has no now(), no wall()', () => undefined as never);
    await judge('has no clearTimeout()', () => ({ ...systemClock(), clearTimeout: undefined }) as never);
    await judge('Where it does not move by itself give `advance`', () => new VirtualClock());
    await judge('nor a timer moved with advance()', () => new VirtualClock(), { advance: () => undefined });
    await judge('advance(), or the clock threw RangeError', () => new VirtualClock(), { advance: throwing });
  });

  it('[LOGGER-0] that makes no logger is told once', async () => {
    const judge = async (words: string, create: () => unknown) => {
      const cases = loggerContract(create as never);
      expectNothingElse(await runContract(cases), cases, words);
    };
    const logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
    await judge('create() threw RangeError', throwing);
    await judge('create() gave no logger (undefined)', () => undefined);
    await judge('create() gave no logger (text)', () => ({ logger: 'console' }));
    await judge('written is no function', () => ({ logger, written: 'text' }));
    await judge('written() returned a list, not text', () => ({ logger, written: () => [] }));
    await judge('written() threw RangeError', () => ({ logger, written: throwing }));
  });

  it('[STORE-0] that makes no store, or one that is not filled, is told once', async () => {
    const judge = async (words: string, create: () => unknown) => {
      const cases = purgeableStoreContract(create as never);
      expectNothingElse(await runContract(cases), cases, words);
    };
    const store = { purge: () => ({ cleared: 0 }) };
    const put = () => undefined;
    await judge('create() threw RangeError', throwing);
    await judge('create() gave no store with purge()', () => undefined);
    await judge('create() gave no put()', () => ({ store, count: () => 0 }));
    await judge('create() gave no count()', () => ({ store, put }));
    await judge('put() threw RangeError', () => ({ store, put: throwing, count: () => 0 }));
    await judge("count('one') is 0 after put('one') was called 2 times", () => ({ store, put, count: () => 0 }));
    await judge("count('one') is text", () => ({ store, put, count: () => '2' }));
  });

  it('[SOURCE-0] that makes no source is told once', async () => {
    const judge = async (words: string, create: () => unknown) => {
      const cases = configurationSourceContract(create as never);
      expectNothingElse(await runContract(cases), cases, words);
    };
    const source = { read: () => ({}) };
    await judge('create() threw RangeError', throwing);
    await judge('create() gave no source with read()', () => undefined);
    await judge('create() gave no change()', () => ({ source }));
    await judge('close() threw RangeError', () => ({ source, change: () => undefined, close: throwing }));
  });

  it('[TST-15] what is thrown later on is told by the clause that met it, with its cause', async () => {
    let made = 0;
    const clock = new VirtualClock();
    const once = () => (made++ === 0 ? new GoodProvider(clock) : throwing());
    const report = await clock.runUntil(runContract(credentialProviderContract(once, { clock })));
    const [first] = report.broken;
    expect(first?.error.message).toMatch(/^\[PROV-1\] it could not be judged: RangeError was thrown/);
    expect(first?.error.cause).toBeInstanceOf(RangeError);
  });
});
