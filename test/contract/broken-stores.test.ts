import { describe, expect, it } from 'vitest';
import { runContract } from '../../src/integration/testing/contract.ts';
import { configurationSourceContract } from '../../src/integration/testing/source-contract.ts';
import { purgeableStoreContract } from '../../src/integration/testing/store-contract.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import type { ConfigurationSource } from '../../src/services/configuration-types.ts';
import { memorySource } from '../../src/services/memory-source.ts';
import type { PurgeableStore, PurgedCount } from '../../src/services/privacy.ts';
import { expectBroken, expectReportKept } from './support.ts';

/** A list of owners, purged as it should be. */
class Items {
  owners: string[] = [];
  /** Ids that a store merely says it has removed. */
  readonly forgotten = new Set<string>();

  remove(isGone: (owner: string) => boolean): PurgedCount {
    const before = this.owners.length;
    this.owners = this.owners.filter(owner => !isGone(owner));
    return { cleared: before - this.owners.length };
  }

  purge(id: string | undefined): PurgedCount {
    return this.remove(owner => id === undefined || owner === id);
  }
}

const brokenStore = async (purge: (items: Items, ...args: Parameters<PurgeableStore['purge']>) => unknown) => {
  const clock = new VirtualClock();
  const cases = purgeableStoreContract(
    () => {
      const items = new Items();
      return {
        store: { purge: (id, signal) => purge(items, id, signal) as PurgedCount },
        put: id => items.owners.push(id),
        count: id => items.owners.filter(owner => owner === id).length,
      };
    },
    { clock },
  );
  return clock.runUntil(runContract(cases));
};

describe('broken stores', () => {
  it('[STORE-1] one that never settles, or rejects, is told', async () => {
    const hangs = await brokenStore((items, id, signal) =>
      signal.aborted || id !== 'one' ? items.purge(id) : new Promise(() => undefined),
    );
    expectBroken(hangs, 'STORE-1', 'still pending after 400 ms');
    const rejects = await brokenStore((items, id) =>
      id === 'one' ? Promise.reject(Object.assign(new Error('no'), { status: 500 })) : items.purge(id),
    );
    expectBroken(rejects, 'STORE-1', 'rejected with SERVICE_UNAVAILABLE');
  });

  it('[STORE-2] one that counts wrongly is told', async () => {
    const report = await brokenStore((items, id) => ({ cleared: items.purge(id).cleared > 0 ? 1 : 0 }));
    expectBroken(report, 'STORE-2', 'of 2 items 1 were cleared and 0 retained');
    const text = await brokenStore((items, id) => ({ ...items.purge(id), retained: Number.NaN }));
    expectBroken(text, 'STORE-2', 'no whole number');
  });

  it('[STORE-2] one that tells nothing, or a number, is told there and nowhere else, be it with a promise or not', async () => {
    const silent = await brokenStore((items, id) => void items.purge(id));
    expectBroken(silent, 'STORE-2', 'purge() returned undefined', 'Tell { cleared, retained }');
    const late = await brokenStore(async (items, id) => items.purge(id).cleared);
    expectBroken(late, 'STORE-2', 'purge() resolved to 2');
    const bare = await brokenStore((items, id) => ({ gone: items.purge(id).cleared }));
    expectBroken(bare, 'STORE-2', 'no whole number');
    const why = 'what it tells of a purge cannot be read (STORE-1, STORE-2)';
    const unsound = 'a single purge does not do what it should (STORE-1 to STORE-6)';
    expect(silent.notJudged).toEqual([
      ...['STORE-3', 'STORE-5', 'STORE-6', 'STORE-7'].map(rule => ({ rule, why })),
      ...['STORE-9', 'STORE-10'].map(rule => ({ rule, why: unsound })),
    ]);
  });

  it('[STORE-7] one that tells nothing of an id that it does not know is told', async () => {
    const report = await brokenStore((items, id) => {
      const counts = items.purge(id);
      return counts.cleared > 0 || id === 'one' ? counts : undefined;
    });
    expectBroken(report, 'STORE-7', 'purge("*") returned undefined', 'Tell { cleared: 0 }, as a promise or not');
    const again = await brokenStore((items, id) => {
      const counts = items.purge(id);
      return counts.cleared > 0 || id !== 'one' ? counts : {};
    });
    expectBroken(again, 'STORE-6', 'a second purge() returned no number of items cleared');
  });

  it('[STORE-3] one that only says that it removed is told', async () => {
    const report = await brokenStore((items, id) => {
      if (id === undefined || items.forgotten.has(id)) return id === undefined ? items.purge(id) : { cleared: 0 };
      items.forgotten.add(id);
      return { cleared: items.owners.filter(owner => owner === id).length };
    });
    expectBroken(report, 'STORE-3', '2 items of the session are left, 0 were said to be retained');
  });

  it('[STORE-4] one that takes the data of others along is told', async () => {
    const report = await brokenStore((items, id) => {
      const own = items.owners.filter(owner => id === undefined || owner === id).length;
      if (own > 0) items.owners = [];
      return { cleared: own };
    });
    expectBroken(report, 'STORE-4', 'the data of another session is gone');
  });

  it('[STORE-5] one that needs an id is told', async () => {
    const report = await brokenStore((items, id) => (id === undefined ? { cleared: 0 } : items.purge(id)));
    expectBroken(report, 'STORE-5', '3 items are left after purge(undefined)');
    const miscounts = await brokenStore((items, id) => {
      const counts = items.purge(id);
      return id === undefined ? { cleared: 0 } : counts;
    });
    expectBroken(miscounts, 'STORE-5', 'told that of 3 items 0 were cleared and 0 retained');
  });

  it('[STORE-6] one that fails or counts again the second time is told', async () => {
    const fails = await brokenStore((items, id) => {
      const counts = items.purge(id);
      if (counts.cleared === 0 && id === 'one') throw Object.assign(new Error('gone'), { status: 404 });
      return counts;
    });
    expectBroken(fails, 'STORE-6', 'a second purge() threw with REQUEST_REJECTED', 'idempotent');
    const again = await brokenStore((items, id) => {
      const counts = items.purge(id);
      return id === 'one' ? { cleared: 2 } : counts;
    });
    expectBroken(again, 'STORE-6', 'cleared 2 items once more');
  });

  it('[STORE-7] one that takes an id for a pattern, a part or another case is told', async () => {
    const patterns: ((owner: string, id: string) => boolean)[] = [
      (owner, id) => id === '*' || owner === id,
      (owner, id) => owner.startsWith(id),
      (owner, id) => owner.toLowerCase() === id.toLowerCase(),
      (owner, id) => owner === id.trim(),
    ];
    for (const isMeant of patterns) {
      const report = await brokenStore((items, id) => items.remove(owner => id === undefined || isMeant(owner, id)));
      expectBroken(report, 'STORE-7', 'touched data of other sessions', 'as plain text');
    }
    const secretly = await brokenStore((items, id) => {
      if (id !== '%') return items.purge(id);
      items.owners = [];
      return { cleared: 0 };
    });
    expectBroken(secretly, 'STORE-7', 'purge("%") touched');
    const empty = await brokenStore((items, id) => items.purge(id || undefined));
    expectBroken(empty, 'STORE-7', 'purge("") touched data of other sessions');
    const refuses = await brokenStore((items, id) => {
      if (id === '') throw new RangeError('no id');
      return items.purge(id);
    });
    expectReportKept(refuses);
    const unknown = await brokenStore((items, id) => {
      if (id !== undefined && !['one', 'two'].includes(id)) throw new Error('unknown');
      return items.purge(id);
    });
    expectBroken(unknown, 'STORE-7', 'purge("*") threw');
  });

  it('[STORE-8] one that waits for an abort that has been is told', async () => {
    const report = await brokenStore((items, id, signal) =>
      signal.aborted ? new Promise(() => undefined) : items.purge(id),
    );
    expectBroken(report, 'STORE-8', 'never settled');
  });

  it.each<[string, (id: string) => string]>([
    ['cuts them after 20 characters', id => id.slice(0, 20)],
    ['cuts them after 255 characters', id => id.slice(0, 255)],
    ['composes accents', id => id.normalize('NFC')],
    ['takes ligatures apart', id => id.normalize('NFKC')],
    ['reads numbers', id => (Number.isNaN(Number(id)) ? id : String(Number(id)))],
  ])('[STORE-9] one that compares ids as it pleases is told: it %s', async (_, folded) => {
    const report = await brokenStore((items, id) =>
      items.remove(owner => id === undefined || folded(owner) === folded(id)),
    );
    // Of some it is the id of nothing that is told as well.
    expectBroken(
      { ...report, broken: report.broken.filter(({ rule }) => rule !== 'STORE-7') },
      'STORE-9',
      'a purge took',
      'as plain text',
    );
  });

  it('[STORE-9] one that cuts what it is asked for, and so finds nothing, is told', async () => {
    const report = await brokenStore((items, id) => items.purge(id?.slice(0, 20)));
    expectBroken(report, 'STORE-9', 'did not find what stands under "session-1767225600000-');
    const accents = await brokenStore((items, id) => items.purge(id?.normalize('NFD')));
    expectBroken(accents, 'STORE-9', 'did not find what stands under "caf\\u00e9"');
  });

  it('[STORE-9] one that only counts wrongly what it does not know is told', async () => {
    const report = await brokenStore((items, id) =>
      id === 'fine' ? { cleared: items.owners.length } : items.purge(id),
    );
    expectBroken(report, 'STORE-9', 'what a purge told took "fine"');
  });

  it('[STORE-10] one whose purges stand in the way of each other is told', async () => {
    let isBusy = false;
    const busy = await brokenStore(async (items, id) => {
      if (isBusy) throw Object.assign(new Error('busy'), { status: 404 });
      isBusy = true;
      await Promise.resolve();
      isBusy = false;
      return items.purge(id);
    });
    expectBroken(busy, 'STORE-10', 'purge() beside others rejected with REQUEST_REJECTED (status 404)');
    const twice = await brokenStore(async (items, id) => {
      const mine = items.owners.filter(owner => id === undefined || owner === id).length;
      await Promise.resolve();
      items.purge(id);
      return { cleared: mine };
    });
    expectBroken(twice, 'STORE-10', 'of 3 items 5 were cleared by purges side by side');
    const overwrites = await brokenStore(async (items, id) => {
      const kept = items.owners.filter(owner => id !== undefined && owner !== id);
      const cleared = items.owners.length - kept.length;
      await Promise.resolve();
      items.owners = kept;
      return { cleared };
    });
    expectBroken(overwrites, 'STORE-10', 'items are left after purges side by side');
    expectReportKept(
      await brokenStore(async (items, id) => {
        await Promise.resolve();
        return items.purge(id);
      }),
    );
  });
});

const brokenSource = (
  make: (good: ReturnType<typeof memorySource>, change: () => void) => Partial<ConfigurationSource>,
  late = false,
) =>
  runContract(
    configurationSourceContract(() => {
      const good = memorySource({ session: { heartbeatIntervalSeconds: 1 } });
      let value = 1;
      const change = (): void => good.set('session', 'heartbeatIntervalSeconds', ++value);
      const changed = make(good, change);
      const source: ConfigurationSource = {
        read: () => good.read(),
        onDidChange: listener => (good.onDidChange as NonNullable<ConfigurationSource['onDidChange']>)(listener),
        ...changed,
      };
      const own = (changed as { change?: () => void }).change;
      return { source, change: own ?? (late ? async () => change() : change) };
    }),
  );

describe('broken sources', () => {
  it('[SOURCE-1] one that reads a promise, a list or flat settings is told', async () => {
    const read = (settings: unknown) =>
      brokenSource(() => ({ onDidChange: undefined as never, read: () => settings as Record<string, unknown> }));
    const only = async (settings: unknown, words: string) => {
      const report = await read(settings);
      expectBroken(report, 'SOURCE-1', words);
    };
    await only(Promise.resolve({}), 'read() returned a promise');
    await only([], 'read() returned no object');
    await only({ heartbeatIntervalSeconds: 3 }, 'section heartbeatIntervalSeconds is no object');
    const throws = await brokenSource(() => ({
      onDidChange: undefined as never,
      read: () => {
        throw new Error('no file');
      },
    }));
    expectBroken(throws, 'SOURCE-1', 'read() threw', '{} where there is nothing');
  });

  it('[SOURCE-2] one that tells nothing, or tells before it changes, is told', async () => {
    const silent = await brokenSource(() => ({ onDidChange: () => ({ dispose: () => undefined }) }));
    expectBroken(silent, 'SOURCE-2', 'a change was not told');
    const early = await brokenSource((good, change) => {
      const listeners = new Set<() => void>();
      return {
        onDidChange(listener: () => void) {
          const own = () => listener();
          listeners.add(own);
          return { dispose: () => void listeners.delete(own) };
        },
        change() {
          for (const listener of listeners) {
            try {
              listener();
            } catch {
              // its own matter
            }
          }
          change();
        },
        read: () => good.read(),
      };
    });
    expectBroken(early, 'SOURCE-2', 'a listener read the old settings');
  });

  it('[SOURCE-3] one whose listeners stay, or go together, is told', async () => {
    const stays = await brokenSource(good => ({
      onDidChange(listener) {
        good.onDidChange?.(listener);
        return { dispose: () => undefined };
      },
    }));
    expectBroken(stays, 'SOURCE-3', 'after dispose()');
    const together = await brokenSource(good => {
      const registrations: { dispose(): void }[] = [];
      return {
        onDidChange(listener) {
          registrations.push(good.onDidChange?.(listener) as { dispose(): void });
          return { dispose: () => registrations.forEach(one => void one.dispose()) };
        },
      };
    });
    expectBroken(together, 'SOURCE-3', 'took another one back');
    const none = await brokenSource(good => ({
      onDidChange(listener) {
        const registration = good.onDidChange?.(listener);
        let isOver = false;
        return {
          dispose() {
            if (isOver) throw new Error('twice');
            isOver = true;
            registration?.dispose();
          },
        };
      },
    }));
    expectBroken(none, 'SOURCE-3', 'dispose() is missing, or threw');
  });

  it('[SOURCE-4] one whose listeners harm each other is told', async () => {
    const bare = (swallows: boolean) =>
      brokenSource((_, change) => {
        const listeners = new Set<() => void>();
        return {
          onDidChange(listener: () => void) {
            const own = () => listener();
            listeners.add(own);
            return { dispose: () => void listeners.delete(own) };
          },
          change() {
            change();
            try {
              for (const listener of listeners) listener();
            } catch (error) {
              if (!swallows) throw error;
            }
          },
        };
      });
    expectBroken(await bare(false), 'SOURCE-4', 'went to the one who changed');
    expectBroken(await bare(true), 'SOURCE-4', 'kept the next one from being told');
  });
});
