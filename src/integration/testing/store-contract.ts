import type { Clock } from '../../actors/ports.ts';
import { notAllowed } from '../../services/config-field.ts';
import type { PurgeableStore, PurgedCount } from '../../services/privacy.ts';
import { systemClock } from '../../services/system-clock.ts';
import { type ContractCase, contractCase, type Finding, type Violated } from './contract.ts';
import { watch, wordsOf } from './watch.ts';

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
 * The contract of a {@link PurgeableStore} that holds data of many sessions, rules STORE-1 to STORE-8 of SPEC.md.
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
  { clock = systemClock(), deadlineMs = 400 }: StoreContractOptions = {},
): ContractCase[] {
  if (typeof create !== 'function') throw notAllowed('create', create, 'a function that makes a store');
  if (!(deadlineMs > 0 && deadlineMs < Number.POSITIVE_INFINITY)) {
    throw notAllowed('deadlineMs', deadlineMs, 'more than 0 (milliseconds)');
  }

  /** A clause about a store with two items of session `one` and one of session `two`. */
  const clause = (rule: string, name: string, judge: (lab: Lab, violated: Violated) => Promise<Finding>) =>
    contractCase(rule, name, async violated => {
      const under = await create();
      try {
        for (const id of ['one', 'one', 'two']) await under.put(id);
        return await judge(new Lab(under, clock, deadlineMs), violated);
      } finally {
        await under.close?.();
      }
    });
  const exactly = 'Remove what stands under exactly this id: compare it as plain text, and bind it as a parameter.';

  return [
    clause('STORE-1', 'a purge settles in time', async (lab, violated) => {
      const { seen } = await lab.purge('one');
      if (seen.kind === 'resolved' || seen.kind === 'no promise') return;
      violated(`purge() ${wordsOf(seen, deadlineMs)}`, 'Finish in time, or reject; stop when the signal aborts.');
    }),
    clause('STORE-2', 'a purge tells what it cleared and what it kept', async (lab, violated) => {
      const counts = await lab.counts('one');
      if (counts === undefined) return 'purge() brought nothing';
      const { cleared, retained = 0 } = counts;
      const remedy = 'Resolve to { cleared, retained }, the numbers of items that went and that stayed.';
      if (!isCount(cleared) || !isCount(retained)) violated('cleared or retained is no whole number from 0', remedy);
      if (cleared + retained !== 2) violated(`of 2 items ${cleared} were cleared and ${retained} retained`, remedy);
    }),
    clause('STORE-3', 'a purge removes the data of its session', async (lab, violated) => {
      const counts = await lab.counts('one');
      if (counts === undefined) return 'purge() brought nothing';
      if (!isCount(counts.retained ?? 0)) return 'what was retained is no count (STORE-2)';
      const left = await lab.under.count('one');
      if (left === (counts.retained ?? 0)) return;
      violated(`${left} items of the session are left, ${counts.retained ?? 0} were said to be retained`, exactly);
    }),
    clause('STORE-4', 'a purge leaves the data of other sessions alone', async (lab, violated) => {
      await lab.purge('one');
      if ((await lab.under.count('two')) !== 1) violated('the data of another session is gone', exactly);
    }),
    clause('STORE-5', 'a purge without an id removes the data of all', async (lab, violated) => {
      const counts = await lab.counts(undefined);
      if (counts === undefined) return 'purge() brought nothing';
      if (!isCount(counts.retained ?? 0)) return 'what was retained is no count (STORE-2)';
      const left = (await lab.under.count('one')) + (await lab.under.count('two'));
      if (left === (counts.retained ?? 0)) return;
      violated(`${left} items are left after purge(undefined)`, 'Without an id remove the data of every session.');
    }),
    clause('STORE-6', 'a second purge finds nothing', async (lab, violated) => {
      const first = await lab.counts('one');
      if (first === undefined) return 'purge() brought nothing';
      const { seen } = await lab.purge('one');
      const again = countsOf(seen);
      const remedy = 'Make it idempotent: what is gone is not counted again, and nothing to purge is no failure.';
      if (again === undefined) violated(`a second purge() ${wordsOf(seen, deadlineMs)}`, remedy);
      else if (again.cleared !== 0) violated(`a second purge() cleared ${again.cleared} items once more`, remedy);
    }),
    clause('STORE-7', 'an id is plain text, and one that is not known has no data', async (lab, violated) => {
      for (const id of ODD_IDS) {
        const { seen } = await lab.purge(id);
        const counts = countsOf(seen);
        const words = JSON.stringify(id);
        if (counts === undefined)
          return violated(`purge(${words}) ${wordsOf(seen, deadlineMs)}`, 'Resolve to { cleared: 0 }.');
        const left = (await lab.under.count('one')) + (await lab.under.count('two'));
        if (counts.cleared !== 0 || left !== 3) violated(`purge(${words}) touched data of other sessions`, exactly);
      }
    }),
    clause('STORE-8', 'a purge whose signal has aborted settles', async (lab, violated) => {
      const { seen } = await lab.purge('one', AbortSignal.abort());
      if (seen.kind === 'pending')
        violated('purge() with an aborted signal never settled', 'Reject, or finish what is quick.');
    }),
  ];
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

  async counts(id: string | undefined): Promise<PurgedCount | undefined> {
    return countsOf((await this.purge(id)).seen);
  }
}

/** What a purge told, be it with a promise or without. */
function countsOf(seen: Awaited<ReturnType<typeof watch>>['seen']): PurgedCount | undefined {
  const value = seen.kind === 'resolved' || seen.kind === 'no promise' ? seen.value : undefined;
  return typeof value === 'object' && value !== null ? (value as PurgedCount) : undefined;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
