import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SIMULATE_USAGE } from '../../scripts/simulate-options.ts';
import { violationOf } from '../../scripts/simulate-violation.ts';
import { FakeCredentialProvider } from '../../src/integration/testing/fake-credential-provider.ts';
import { mints } from '../../src/integration/testing/provider-behaviours.ts';
import { SeededRandom } from '../../src/integration/testing/random.ts';
import { simulate } from '../../src/integration/testing/simulation.ts';
import { SimulationError } from '../../src/integration/testing/simulation-error.ts';
import { SIMULATION_INVARIANTS } from '../../src/integration/testing/simulation-invariants.ts';
import type { SimulationOptions, SimulationResult } from '../../src/integration/testing/simulation-types.ts';
import { rejectionOf } from '../support/managed.ts';

const OWN = { name: 'own', always: () => undefined };
const ROOT = resolve(import.meta.dirname, '../..');

async function run(seeds: number, options: Omit<SimulationOptions, 'seed'> = {}): Promise<SimulationResult[]> {
  const results: SimulationResult[] = [];
  for (let seed = 0; seed < seeds; seed++) results.push(await simulate({ ...options, seed }));
  return results;
}

const total = (results: readonly SimulationResult[], key: 'sessionHours' | 'mints' | 'crashes' | 'sessions'): number =>
  results.reduce((sum, result) => sum + result[key], 0);

function script(...args: string[]) {
  const node = ['--disable-warning=ExperimentalWarning', 'scripts/simulate.ts', ...args];
  return spawnSync(process.execPath, node, { cwd: ROOT, encoding: 'utf8' });
}

describe('simulation', () => {
  it('[SIM-1] in 300 worlds everything holds, and much has happened', async () => {
    const results = await run(300);
    for (const { invariants } of results) expect(invariants).toEqual(Object.keys(SIMULATION_INVARIANTS));
    expect(total(results, 'sessionHours')).toBeGreaterThan(10_000);
    expect(total(results, 'sessions')).toBeGreaterThan(1_000);
    expect(total(results, 'mints')).toBeGreaterThan(2_000);
    expect(total(results, 'crashes')).toBeGreaterThan(100);
  });

  it('[SIM-5] the same seed gives the same run, byte for byte, and another seed another one', async () => {
    const once = await run(40);
    expect(await run(40)).toEqual(once);
    expect(new Set(once.map(({ digest }) => digest)).size).toBe(40);
  });

  it('[SIM-5] so it does in another process', async () => {
    const { digest } = await simulate({ seed: 7 });
    expect(script('--seed', '7').stderr).toContain(`digest ${digest}`);
  });

  it('[SIM-5] random numbers depend on seed, name and place alone', () => {
    const draw = (random: SeededRandom) => Array.from({ length: 20 }, () => random.integer(1, 6));
    expect(draw(new SeededRandom(3))).toEqual(draw(new SeededRandom(3)));
    expect(draw(new SeededRandom(3))).not.toEqual(draw(new SeededRandom(4)));
    const random = new SeededRandom(3);
    const named = draw(random.fork('a'));
    random.unit();
    expect(draw(random.fork('a'))).toEqual(named);
    expect(draw(random.fork('b'))).not.toEqual(named);
    const throws = Array.from({ length: 6_000 }, () => random.integer(1, 6));
    for (let side = 1; side <= 6; side++) expect(throws.filter(thrown => thrown === side).length).toBeGreaterThan(850);
    const words = Array.from({ length: 1_000 }, () => random.weighted({ often: 9, never: 0, seldom: 1 }));
    expect(words).not.toContain('never');
    expect(words.filter(word => word === 'seldom').length).toBeLessThan(200);
    for (let i = 0; i < 100; i++) expect(random.spread(2, 2_000)).toSatisfy((n: number) => n >= 2 && n <= 2_000);
  });

  it('[SIM-6] bounds are kept: operations, sessions, hours', async () => {
    const results = await run(30, { operations: 9, sessions: 2, hours: 0.5 });
    for (const { operations, sessions, sessionHours } of results) {
      expect(operations).toBeLessThanOrEqual(9);
      expect(sessions).toBeLessThanOrEqual(2);
      expect(sessionHours).toBeLessThan(2 * 0.6);
    }
    expect(Math.max(...results.map(({ operations }) => operations))).toBe(9);
  });

  it('[SIM-7] a provider of your own is driven, and what it hands out is counted', async () => {
    const providers: FakeCredentialProvider[] = [];
    const results = await run(20, {
      provider: clock => {
        const provider = new FakeCredentialProvider(clock, mints(3_600_000));
        providers.push(provider);
        return provider;
      },
    });
    expect(providers.map(({ requests }) => requests.length)).toEqual(results.map(result => result.mints));
    expect(total(results, 'mints')).toBeGreaterThan(100);
    expect(providers.flatMap(({ outstanding }) => outstanding)).toEqual([]);
  });

  it.each([
    [{}, 'seed is undefined; allowed: a whole number, 0 to 4294967295'],
    [{ seed: Number.NaN }, 'seed is NaN; allowed: a whole number, 0 to 4294967295'],
    [{ seed: '7' }, 'seed is "7"; allowed: a whole number, 0 to 4294967295'],
    [{ seed: -1 }, 'seed is -1; allowed: a whole number, 0 to 4294967295'],
    [{ seed: 1, operations: 0 }, 'operations is 0; allowed: a whole number, 1 to 10000'],
    [{ seed: 1, sessions: 0 }, 'sessions is 0; allowed: a whole number, 1 to 1000'],
    [{ seed: 1, hours: 0 }, 'hours is 0; allowed: more than 0, at most 100000'],
    [{ seed: 1, hours: '1' }, 'hours is "1"; allowed: more than 0, at most 100000'],
    [{ seed: 1, invariants: ['limits'] }, 'invariants is "limits"; allowed: limit, one-end, '],
    [{ seed: 1, invariants: [] }, 'invariants is a list; allowed: a list of names and invariants that is not empty'],
    [{ seed: 1, invariants: 'limit' }, 'invariants is "limit"; allowed: a list'],
    [{ seed: 1, manager: {} }, 'manager is an object; allowed: a function'],
    [{ seed: 1, provider: {} }, 'provider is an object; allowed: a function'],
    [{ seed: 1, manager: () => undefined }, 'manager() is undefined; allowed: a session manager, at once'],
    [{ seed: 1, manager: async () => ({}) }, 'manager() is an object; allowed: a session manager, at once'],
    [{ seed: 1, manager: () => ({ initialize() {} }) }, 'manager() is an object; allowed: a session manager'],
    [{ seed: 1, provider: () => undefined }, 'provider() is undefined; allowed: a provider, at once: an object with'],
    [{ seed: 1, provider: () => null }, 'provider() is null; allowed: a provider'],
    [{ seed: 1, provider: async () => ({}) }, 'provider() is an object; allowed: a provider, at once'],
    [{ seed: 1, provider: () => ({}) }, 'provider().mint is undefined; allowed: a function'],
    [{ seed: 1, provider: () => ({ mint() {}, revoke: true }) }, 'provider().revoke is true; allowed: a function'],
    [{ seed: 1, invariants: [{ name: 'x' }] }, 'invariants[0] is an object; allowed: a name with always(), atEnd()'],
    [{ seed: 1, invariants: ['limit', { name: 'x', atEnd: 5 }] }, 'invariants[1].atEnd is 5; allowed: a function'],
    [{ seed: 1, invariants: [{ always() {} }] }, 'invariants[0].name is undefined; allowed: a text'],
    [{ seed: 1, invariants: [{ name: '', always() {} }] }, 'invariants[0].name is ""; allowed: a text'],
    [{ seed: 1, invariants: [{ name: 'limit', always() {} }] }, 'invariants[0].name is "limit"; allowed: a name that '],
    [
      { seed: 1, invariants: [OWN, { name: 'own', atEnd() {} }] },
      'invariants[1].name is "own"; allowed: a name that no other one of the list has',
    ],
    [{ seed: 1, seeds: 2 }, 'seeds is not a known setting; allowed: hours, '],
    [undefined, 'options is undefined; allowed: an object with a seed'],
  ])('[SIM-8] %o is refused: %s', async (options, message) => {
    const error = await rejectionOf(simulate(options as never));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain(message);
  });

  it('[SIM-9] the command runs seeds in workers and prints one line of figures', () => {
    const { stdout, stderr, status } = script('--seeds', '60', '--from', '100', '--jobs', '2', '--json');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ seeds: 60, violations: 0, sessionHours: expect.any(Number) });
  });

  it('[SIM-9] it stops in time, and says when that was too early', () => {
    const { stdout, stderr, status } = script('--seeds', '100000', '--for', '1ms', '--at-least', '99999');
    expect(stdout).toMatch(/^simulation: \d+ seeds, /);
    expect(stderr).toMatch(/^simulation: only \d+ seeds; --at-least is 99999/);
    expect(status).toBe(1);
  });

  it.each(['--help', '-h'])('[SIM-9] %s prints every option with its range and default, as the guide does', option => {
    expect(script('--seeds', '5', option)).toMatchObject({ status: 0, stdout: `${SIMULATE_USAGE}\n`, stderr: '' });
    const guide = readFileSync(resolve(ROOT, 'docs/testing.md'), 'utf8');
    expect(guide).toContain(`\`\`\`text\n${SIMULATE_USAGE}\n\`\`\``);
    expect(SIMULATE_USAGE).toContain('--from N      the first seed: 0 to 4294967295 [0]\n');
  });

  it('[SIM-9] one is one', () => {
    const { stdout, status } = script('--seed', '1');
    expect(stdout).toMatch(/^simulation: 1 seed, 6 sessions, /);
    expect(status).toBe(0);
  });

  it('[SIM-9] a run that failed is told with the command that plays it again', () => {
    const failure = { options: { seed: 7, hours: 2 }, invariant: 'limit', seen: 'three', at: 0, operations: ['start'] };
    const error = new SimulationError(failure);
    expect(violationOf(error, 7, 2)).toEqual({
      seed: 7,
      invariant: 'limit',
      message: error.message.replace(error.replay, 'npm run simulate -- --seed 7 --hours 2'),
    });
    expect(violationOf(new Error('escaped'), 7, undefined)).toMatchObject({
      invariant: 'no exception',
      message: expect.stringMatching(/^Error: escaped[\s\S]*\nreplay: npm run simulate -- --seed 7$/),
    });
  });

  it.each([
    ['--seeds', '5'],
    ['--from', '0'],
  ])('[SIM-9] %s beside --seed is refused', (name, value) => {
    const { stdout, stderr, status } = script('--seed', '1', name, value);
    expect(stderr).toBe(`simulate: ${name} is "${value}"; allowed: nothing beside --seed, which is one seed alone\n`);
    expect([stdout, status]).toEqual(['', 2]);
  });

  it.each([
    ['--seed', 'x', '--seed is "x"; allowed: a whole number, 0 to 4294967295'],
    ['--seeds', '0', '--seeds is "0"; allowed: a whole number, 1 to 4294967296'],
    ['--hours', '0', '--hours is "0"; allowed: more than 0, at most 100000'],
    ['--for', 'ever', '--for is "ever"; allowed: a time'],
    ['--jobs', '0', '--jobs is "0"; allowed: a whole number, 1 to 64'],
    ['--sed', '1', "Unknown option '--sed'; allowed: --seeds, --from, "],
  ])('[SIM-9] %s %s is refused', (name, value, message) => {
    const { stdout, stderr, status } = script(name, value);
    expect(stderr).toMatch(/^simulate: /);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});
