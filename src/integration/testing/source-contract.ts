import type { ConfigurationSource } from '../../services/configuration-types.ts';
import { checkFactory } from './checks.ts';
import { type ContractCase, contractCase, contractOf, type Finding, given, type Violated } from './contract.ts';

/** A source of settings, and a way to change one of them. */
export interface SourceUnderTest {
  readonly source: ConfigurationSource;
  /** Changes a setting, to another value each time; resolves when listeners should have been told. */
  change(): unknown;
  /** Called when it is done with. */
  close?(): unknown;
}

/**
 * The contract of a {@link ConfigurationSource}, rules SOURCE-0 to SOURCE-4 of SPEC.md.
 *
 * @example
 * ```ts
 * const make = () => {
 *   const source = memorySource();
 *   let n = 1;
 *   return { source, change: () => source.set('session', 'heartbeatIntervalSeconds', ++n) };
 * };
 * describeContract('my settings', configurationSourceContract(make), { describe, it });
 * ```
 */
export function configurationSourceContract(create: () => SourceUnderTest | Promise<SourceUnderTest>): ContractCase[] {
  checkFactory('create', create, 'a source, and changes it');
  const clause = (
    rule: string,
    name: string,
    judge: (under: SourceUnderTest, violated: Violated) => Promise<Finding>,
  ) =>
    contractCase(rule, name, async violated => {
      const under = await create();
      try {
        return await judge(under, violated);
      } finally {
        await under.close?.();
      }
    });
  const unheard = 'there is no onDidChange(): settings are read once';
  const isHeard = async ({ source, change }: SourceUnderTest): Promise<boolean> => {
    let told = 0;
    const registration = source.onDidChange?.(() => void told++);
    await change();
    takeBack(registration);
    return told > 0;
  };

  return contractOf(groundwork(create), [
    clause('SOURCE-1', 'read() returns the settings by section, at once', async ({ source }, violated) => {
      const remedy =
        'Return an object of sections, { session: { … } }, from what is in memory; {} where there is nothing.';
      let settings: unknown;
      try {
        settings = source.read();
      } catch {
        violated('read() threw', remedy);
      }
      if (settings instanceof Promise) violated('read() returned a promise', remedy);
      if (!isRecord(settings)) return violated('read() returned no object', remedy);
      for (const [name, section] of Object.entries(settings)) {
        if (!isRecord(section) && section !== undefined) violated(`section ${name.slice(0, 40)} is no object`, remedy);
      }
    }),
    clause('SOURCE-2', 'listeners are told after the change can be read', async ({ source, change }, violated) => {
      if (source.onDidChange === undefined) return unheard;
      const before = JSON.stringify(source.read());
      const seen: string[] = [];
      const registration = source.onDidChange(() => seen.push(JSON.stringify(source.read())));
      await change();
      takeBack(registration);
      if (seen.length === 0) violated('a change was not told', 'Call every listener after a setting has changed.');
      if (seen.at(-1) === before)
        violated('a listener read the old settings', 'Change them first, call listeners then.');
    }),
    clause('SOURCE-3', 'a listener that is taken back is told nothing more', async (under, violated) => {
      const { source, change } = under;
      if (source.onDidChange === undefined) return unheard;
      if (!(await isHeard(under))) return 'changes are not told (SOURCE-2)';
      let told = 0;
      let others = 0;
      const registration = source.onDidChange(() => void told++);
      const other = source.onDidChange(() => void others++);
      const remedy = 'Return an object whose dispose() takes this one listener back, and may be called again.';
      try {
        registration.dispose();
        registration.dispose();
      } catch {
        violated('dispose() is missing, or threw', remedy);
      }
      await change();
      takeBack(other);
      if (told > 0) violated('a listener was told of a change after dispose()', remedy);
      if (others === 0) violated('dispose() of one listener took another one back', remedy);
    }),
    clause('SOURCE-4', 'a listener that throws harms nobody', async (under, violated) => {
      const { source, change } = under;
      if (source.onDidChange === undefined) return unheard;
      if (!(await isHeard(under))) return 'changes are not told (SOURCE-2)';
      let told = 0;
      const bad = source.onDidChange(() => {
        throw new Error('of the listener');
      });
      const good = source.onDidChange(() => void told++);
      const remedy = 'Call each listener in a try block of its own.';
      try {
        await change();
      } catch {
        violated('what a listener threw went to the one who changed the setting', remedy);
      }
      takeBack(bad);
      takeBack(good);
      if (told === 0) violated('a listener that threw kept the next one from being told', remedy);
    }),
  ]);
}

/** Whether what the suite was given is a source, and a way to change it. */
function groundwork(create: () => SourceUnderTest | Promise<SourceUnderTest>): ContractCase {
  return contractCase('SOURCE-0', 'the suite is given a function that makes a source', async violated => {
    const under: unknown = await given(violated, 'create()', create);
    const { source, change } = (under ?? {}) as Partial<SourceUnderTest>;
    const remedy =
      'Let create() return { source, change }: a source with read(), and a function that changes a setting.';
    if (typeof source?.read !== 'function') violated('create() gave no source with read()', remedy);
    if (typeof change !== 'function') violated('create() gave no change()', remedy);
    await given(violated, 'close()', () => (under as SourceUnderTest).close?.());
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Leaves no listener behind; whether that works is judged by SOURCE-3 alone. */
function takeBack(registration: { dispose(): void } | undefined): void {
  try {
    registration?.dispose();
  } catch {
    // judged elsewhere
  }
}
