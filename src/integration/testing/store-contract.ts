import type { Clock } from '../../actors/ports.ts';
import type { PurgeableStore } from '../../services/privacy.ts';
import { systemClock } from '../../services/system-clock.ts';
import { CLOCK_METHODS, checkDeadline, checkFactory, checkMethods, checkParts } from './checks.ts';
import { type ContractCase, contractCase, contractOf, type Finding, given, once, type Violated } from './contract.ts';
import { kind } from './provider-judgements.ts';
import { ODD_IDS, shownId, TWINS } from './store-ids.ts';
import { countsOf, hasSettled, isCount, StoreLab, type StoreUnderTest, told } from './store-lab.ts';
import { wordsOf } from './watch.ts';

export interface StoreContractOptions {
  /** [clock=systemClock()] */
  readonly clock?: Clock;
  /** Longest time for one purge, ms; the privacy controller grants no more than 400 unless told to. [deadlineMs=400] */
  readonly deadlineMs?: number;
}

/**
 * The contract of a {@link PurgeableStore} that holds data of many sessions, rules STORE-0 to STORE-10 of SPEC.md.
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
  const clause = (rule: string, name: string, judge: (lab: StoreLab, violated: Violated) => Promise<Finding>) =>
    contractCase(rule, name, async violated => {
      const under = await create();
      try {
        for (const id of PUT) await under.put(id);
        return await judge(new StoreLab(under, clock, deadlineMs), violated);
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
      const counts = countsOf((await new StoreLab(under, clock, deadlineMs).purge('one')).seen);
      return counts !== undefined && isCount(counts.cleared) && isCount(counts.retained ?? 0);
    } finally {
      await under.close?.();
    }
  });

  /** Whether purges of one session, one after the other, do and tell what they should. What they do not is told elsewhere. */
  const isSound = once(async () => {
    const under = await create();
    try {
      for (const id of PUT) await under.put(id);
      const lab = new StoreLab(under, clock, deadlineMs);
      const { cleared, retained = 0 } = countsOf((await lab.purge('one')).seen) ?? {};
      const left = await under.count('one');
      const again = countsOf((await lab.purge('one')).seen)?.cleared;
      const others = await under.count('two');
      return Number(cleared) + retained === 2 && left === retained && again === 0 && others === 1;
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
      if (left !== (counts.retained ?? 0)) {
        violated(`${left} items are left after purge(undefined)`, 'Without an id remove the data of every session.');
      }
      // A count that is wrong with an id too is told there.
      if (!(await isSound())) return;
      const { cleared, retained = 0 } = counts;
      if (isCount(cleared) && cleared + retained === PUT.length) return;
      const words = isCount(cleared) ? `${cleared} were cleared and ${retained} retained` : 'no number was cleared';
      violated(`purge(undefined) told that of 3 items ${words}`, 'Count the items of every session.');
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
        const words = shownId(id);
        const left = (await lab.under.count('one')) + (await lab.under.count('two'));
        if (left !== 3) violated(`purge(${words}) touched data of other sessions`, exactly);
        const cleared = countsOf(seen)?.cleared;
        // What is no id at all may be refused.
        if (id === '' && !hasSettled(seen)) continue;
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
    clause('STORE-9', 'an id is compared from end to end, character by character', async (lab, violated) => {
      if (!(await isSound())) return UNSOUND;
      for (const [held] of TWINS) await lab.under.put(held);
      for (const [held, twin] of TWINS) {
        const cleared = countsOf((await lab.purge(twin)).seen)?.cleared;
        if (cleared === 0 && (await lab.under.count(held)) === 1) continue;
        const words = `${shownId(twin)} for ${shownId(held)}`;
        if ((await lab.under.count(held)) !== 1) violated(`a purge took ${words}`, exactly);
        if (isCount(cleared)) violated(`what a purge told took ${words}`, exactly);
      }
      for (const [held] of TWINS) {
        const { seen } = await lab.purge(held);
        const left = await lab.under.count(held);
        if (!hasSettled(seen) || left === (countsOf(seen)?.retained ?? 0)) continue;
        violated(`a purge did not find what stands under ${shownId(held)}`, exactly);
      }
    }),
    clause('STORE-10', 'purges side by side do not touch each other', async (lab, violated) => {
      if (!(await isSound())) return UNSOUND;
      const all = await Promise.all(['one', 'two', 'one'].map(id => lab.purge(id)));
      const remedy = 'Let them run side by side, or one after the other; count what this very purge has removed.';
      for (const { seen } of all) {
        if (!hasSettled(seen)) violated(`purge() beside others ${wordsOf(seen, deadlineMs)}`, remedy);
      }
      const counts = all.map(({ seen }) => countsOf(seen));
      const left = (await lab.under.count('one')) + (await lab.under.count('two'));
      const kept = (counts[0]?.retained ?? 0) + (counts[1]?.retained ?? 0);
      if (left !== kept) violated(`${left} items are left after purges side by side, ${kept} were retained`, remedy);
      const cleared = counts.reduce((sum, one) => sum + (one?.cleared ?? 0), 0);
      if (cleared + left === PUT.length) return;
      violated(`of 3 items ${cleared} were cleared by purges side by side, and ${left} are left`, remedy);
    }),
  ]);
}

/** What the store of each clause holds. */
const PUT = ['one', 'one', 'two'] as const;
const UNSOUND = 'a single purge does not do what it should (STORE-1 to STORE-6)';
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
