import type { Clock } from '../../actors/ports.ts';
import type { PurgeableStore, PurgedCount } from '../../services/privacy.ts';
import { systemClock } from '../../services/system-clock.ts';
import { CLOCK_METHODS, checkDeadline, checkFactory, checkMethods, checkParts } from './checks.ts';
import { type ContractCase, contractCase, contractOf, type Finding, given, once, type Violated } from './contract.ts';
import { kind } from './provider-judgements.ts';
import { type Seen, watch, wordsOf } from './watch.ts';

/** A store that holds data of many sessions, and what a test needs to fill it and to look into it. */
export interface StoreUnderTest {
  readonly store: PurgeableStore;
  /** Puts one item of this session into the store. */
  put(sessionId: string): unknown;
  /** How many items of this session are in it. */
  count(sessionId: string): number | Promise<number>;
  /** Called when it is done with. */
  close?(): unknown;
}

export interface StoreContractOptions {
  /** [clock=systemClock()] */
  readonly clock?: Clock;
  /** Longest time for one purge, ms; the privacy controller grants no more than 400 unless told to. [deadlineMs=400] */
  readonly deadlineMs?: number;
}

/** Ids that mean something else where they are not taken as plain text: patterns, paths, statements, names of properties. */
const ODD_IDS = [
  '*',
  '%',
  '_',
  '.*',
  '../one',
  "' OR '1'='1",
  '__proto__',
  'constructor',
  'on',
  'one ',
  'ONE',
] as const;

/**
 * The contract of a {@link PurgeableStore} that holds data of many sessions, rules STORE-0 to STORE-8 of SPEC.md.
 *
 * @example
 * ```ts
 * const make = () => {
 *   const store = myTranscripts();
 *   return { store, put: id => store.add(id, 'hello'), count: id => store.of(id).length };
 * };
 * describeContract('my transcripts', purgeableStoreContract(make), { describe, it });
 * ```
 */
export function purgeableStoreContract(
  create: () => StoreUnderTest | Promise<StoreUnderTest>,
  options: StoreContractOptions = {},
): ContractCase[] {
  checkFactory('create', create, 'a store, fills it and looks into it');
  checkParts('options', options, ['clock', 'deadlineMs']);
  checkMethods('clock', options.clock, CLOCK_METHODS);
  const { clock = systemClock(), deadlineMs = 400 } = options;
  checkDeadline('deadlineMs', deadlineMs);

  /** A clause about a store with two items of session `one` and one of session `two`. */
  const clause = (rule: string, name: string, judge: (lab: Lab, violated: Violated) => Promise<Finding>) =>
    contractCase(rule, name, async violated => {
      const under = await create();
      try {
        for (const id of PUT) await under.put(id);
        return await judge(new Lab(under, clock, deadlineMs), violated);
      } finally {
        await under.close?.();
      }
    });
  const exactly = 'Remove what stands under exactly this id: compare it as plain text, and bind it as a parameter.';

  /** Whether a purge tells what it did in a way that can be read; what cannot is the matter of STORE-2 alone. */
  const isTold = once(async () => {
    const under = await create();
    try {
      for (const id of PUT) await under.put(id);
      const counts = countsOf((await new Lab(under, clock, deadlineMs).purge('one')).seen);
      return counts !== undefined && isCount(counts.cleared) && isCount(counts.retained ?? 0);
    } finally {
      await under.close?.();
    }
  });

  return contractOf(groundwork(create), [
    clause('STORE-1', 'a purge settles in time', async (lab, violated) => {
      const { seen } = await lab.purge('one');
      if (hasSettled(seen)) return;
      violated(`purge() ${wordsOf(seen, deadlineMs)}`, 'Finish in time, or reject; stop when the signal aborts.');
    }),
    clause('STORE-2', 'a purge tells what it cleared and what it kept', async (lab, violated) => {
      const { seen } = await lab.purge('one');
      if (!hasSettled(seen)) return 'purge() brought nothing (STORE-1)';
      const counts = countsOf(seen);
      const remedy = 'Tell { cleared, retained }, the numbers of items that went and that stayed, as a promise or not.';
      if (counts === undefined) return violated(`purge() ${told(seen, deadlineMs)}`, remedy);
      const { cleared, retained = 0 } = counts;
      if (!isCount(cleared) || !isCount(retained)) {
        return violated('cleared or retained is no whole number from 0', remedy);
      }
      if (cleared + retained !== 2) violated(`of 2 items ${cleared} were cleared and ${retained} retained`, remedy);
    }),
    clause('STORE-3', 'a purge removes the data of its session', async (lab, violated) => {
      const { seen } = await lab.purge('one');
      if (!hasSettled(seen)) return 'purge() brought nothing (STORE-1)';
      const counts = countsOf(seen);
      if (counts === undefined || !isCount(counts.retained ?? 0)) return UNTOLD;
      const left = await lab.under.count('one');
      if (left === (counts.retained ?? 0)) return;
      violated(`${left} items of the session are left, ${counts.retained ?? 0} were said to be retained`, exactly);
    }),
    clause('STORE-4', 'a purge leaves the data of other sessions alone', async (lab, violated) => {
      await lab.purge('one');
      if ((await lab.under.count('two')) !== 1) violated('the data of another session is gone', exactly);
    }),
    clause('STORE-5', 'a purge without an id removes the data of all', async (lab, violated) => {
      const { seen } = await lab.purge(undefined);
      const counts = countsOf(seen);
      if (counts === undefined || !isCount(counts.retained ?? 0)) {
        if (!(await isTold())) return UNTOLD;
        return violated(`purge(undefined) ${told(seen, deadlineMs)}`, 'Tell { cleared, retained }, as with an id.');
      }
      const left = (await lab.under.count('one')) + (await lab.under.count('two'));
      if (left === (counts.retained ?? 0)) return;
      violated(`${left} items are left after purge(undefined)`, 'Without an id remove the data of every session.');
    }),
    clause('STORE-6', 'a second purge finds nothing', async (lab, violated) => {
      await lab.purge('one');
      if (!(await isTold())) return UNTOLD;
      const { seen } = await lab.purge('one');
      const again = countsOf(seen);
      const remedy = 'Make it idempotent: what is gone is not counted again, and nothing to purge is no failure.';
      if (!isCount(again?.cleared)) violated(`a second purge() ${told(seen, deadlineMs)}`, remedy);
      else if (again?.cleared !== 0) violated(`a second purge() cleared ${again?.cleared} items once more`, remedy);
    }),
    clause('STORE-7', 'an id is plain text, and one that is not known has no data', async (lab, violated) => {
      for (const id of ODD_IDS) {
        const { seen } = await lab.purge(id);
        const words = JSON.stringify(id);
        const left = (await lab.under.count('one')) + (await lab.under.count('two'));
        if (left !== 3) violated(`purge(${words}) touched data of other sessions`, exactly);
        const cleared = countsOf(seen)?.cleared;
        if (cleared === 0 || (hasSettled(seen) && !(await isTold()))) continue;
        if (isCount(cleared)) violated(`purge(${words}) told that it cleared ${cleared} items`, exactly);
        violated(`purge(${words}) ${told(seen, deadlineMs)}`, 'Tell { cleared: 0 }, as a promise or not.');
      }
      return (await isTold()) ? undefined : UNTOLD;
    }),
    clause('STORE-8', 'a purge whose signal has aborted settles', async (lab, violated) => {
      const { seen } = await lab.purge('one', AbortSignal.abort());
      if (seen.kind === 'pending')
        violated('purge() with an aborted signal never settled', 'Reject, or finish what is quick.');
    }),
  ]);
}

/** What the store of each clause holds. */
const PUT = ['one', 'one', 'two'] as const;
const UNTOLD = 'what it tells of a purge cannot be read (STORE-1, STORE-2)';

/** Whether what the suite was given is a store that can be filled and looked into. */
function groundwork(create: () => StoreUnderTest | Promise<StoreUnderTest>): ContractCase {
  return contractCase('STORE-0', 'the suite is given a function that makes a store', async violated => {
    const made: unknown = await given(violated, 'create()', create);
    const under = (made ?? {}) as StoreUnderTest;
    const remedy =
      'Let create() return { store, put, count }: a new, empty store with purge(), and what fills and counts it.';
    if (typeof under.store?.purge !== 'function') violated('create() gave no store with purge()', remedy);
    for (const name of ['put', 'count'] as const) {
      if (typeof under[name] !== 'function') violated(`create() gave no ${name}()`, remedy);
    }
    for (const id of PUT) await given(violated, 'put()', () => under.put(id));
    for (const [id, items] of [
      ['one', 2],
      ['two', 1],
    ] as const) {
      const count: unknown = await given(violated, 'count()', () => under.count(id));
      if (count === items) continue;
      violated(
        `count('${id}') is ${isCount(count) ? count : kind(count)} after put('${id}') was called ${items} times`,
        remedy,
      );
    }
    await given(violated, 'close()', () => under.close?.());
  });
}

/** Purges under a deadline. */
class Lab {
  readonly under: StoreUnderTest;
  readonly #clock: Clock;
  readonly #deadlineMs: number;

  constructor(under: StoreUnderTest, clock: Clock, deadlineMs: number) {
    this.under = under;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  purge(id: string | undefined, signal: AbortSignal = new AbortController().signal) {
    return watch(this.#clock, this.#deadlineMs, () => this.under.store.purge(id, signal));
  }
}

/** A store may answer at once or with a promise. */
const hasSettled = (seen: Seen): seen is Extract<Seen, { readonly value: unknown }> =>
  seen.kind === 'resolved' || seen.kind === 'no promise';

/** What a purge told. */
function countsOf(seen: Seen): Partial<PurgedCount> | undefined {
  if (!hasSettled(seen)) return undefined;
  return typeof seen.value === 'object' && seen.value !== null ? (seen.value as PurgedCount) : undefined;
}

/** The same in words, for what cannot be read. */
function told(seen: Seen, deadlineMs: number): string {
  if (!hasSettled(seen)) return wordsOf(seen, deadlineMs);
  const what = countsOf(seen) === undefined ? kind(seen.value) : 'no number of items cleared';
  return `${seen.kind === 'resolved' ? 'resolved to' : 'returned'} ${what}`;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
