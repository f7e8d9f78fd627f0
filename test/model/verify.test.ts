import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BadOption } from '../../scripts/usage.ts';
import { VERIFY_USAGE, verifyOptions } from '../../scripts/verify-options.ts';
import { INVARIANTS, SCENES } from './explore/scenes.ts';

const COMMAND = resolve(import.meta.dirname, '../../scripts/verify.ts');
const GUIDE = resolve(import.meta.dirname, '../../docs/verification.md');

function verify(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', COMMAND, ...args],
    {
      encoding: 'utf8',
    },
  );
  return { status, stdout, stderr };
}

/** What is said of options that cannot be used. */
function refusalOf(args: readonly string[]): string {
  try {
    verifyOptions(args);
  } catch (error) {
    if (error instanceof BadOption) return error.message;
    throw error;
  }
  throw new Error(`"${args.join(' ')}" is taken`);
}

describe('the command that explores', () => {
  it.each([
    [['--sessions', '0'], '--sessions is "0"; allowed: a whole number, 1 to 6'],
    [['--limit', '0'], '--limit is "0"; allowed: a whole number, 1 to 6'],
    [['--attempts', '0'], '--attempts is "0"; allowed: a whole number, 1 to 8'],
    [['--crashes=-1'], '--crashes is "-1"; allowed: a whole number, 0 to 3'],
    [['--states', '0'], '--states is "0"; allowed: a whole number, 1 to 50000000'],
    [['--depth', '0'], '--depth is "0"; allowed: a whole number, 1 to 1000000'],
    [['--jobs', '0'], '--jobs is "0"; allowed: a whole number, 1 to 64'],
    [['--jobs', '1.5'], '--jobs is "1.5"; allowed: a whole number, 1 to 64'],
    [['--seed', 'often'], '--seed is "often"; allowed: a whole number, 0 to 2147483647'],
    [['--seed', ''], '--seed is ""; allowed: a whole number, 0 to 2147483647'],
    [['--policy', 'wait'], '--policy is "wait"; allowed: reject, queue, evict-idle'],
    [['--kind', 'radio'], '--kind is "radio"; allowed: credential, channel, full, plain'],
    [['--invariants', 'limit,luck'], `--invariants is "luck"; allowed: ${INVARIANTS.join(', ')}`],
    [['--scene', 'nowhere'], `--scene is "nowhere"; allowed: ${SCENES.map(({ name }) => name).join(', ')}`],
  ])(
    '[MOD-10] an option that cannot be used is refused with its name, its value and what is allowed: %j',
    (args, told) => {
      expect(refusalOf(args)).toBe(told);
    },
  );

  it('[MOD-10] an option that there is not is refused with those that there are', () => {
    expect(refusalOf(['--luck', '7'])).toMatch(/--luck.*; allowed: --scene, --sessions, .*--json$/);
  });

  it('[MOD-10] options change the scenes that are explored', () => {
    const { scenes, invariants, jobs, json } = verifyOptions([
      ...['--scene', 'pair', '--attempts', '3', '--depth', '4', '--seed', '9', '--invariants', 'limit,slots'],
      ...['--jobs', '1', '--json'],
    ]);
    expect({ invariants, jobs, json }).toEqual({ invariants: ['limit', 'slots'], jobs: 1, json: true });
    expect(scenes).toHaveLength(1);
    expect(scenes[0]).toMatchObject({ name: 'pair', limit: 1, maxDepth: 4, seed: 9, config: { maxRetryAttempts: 3 } });
    expect(verifyOptions([]).scenes.map(({ name }) => name)).toEqual(SCENES.map(({ name }) => name));
    expect(verifyOptions(['--sessions', '4', '--policy', 'reject']).scenes).toMatchObject([
      { name: 'custom', sessions: 4, whenFull: 'reject' },
    ]);
  });

  it('[MOD-10] the command ends with 2 where an option cannot be used, and says nothing else', () => {
    expect(verify('--states', '0')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'verify: --states is "0"; allowed: a whole number, 1 to 50000000\n',
    });
  });

  it.each(['--help', '-h'])('[MOD-10] %s prints every option with its range and default, as the guide does', option => {
    expect(verify('--quick', option)).toEqual({ status: 0, stdout: `${VERIFY_USAGE}\n`, stderr: '' });
    expect(readFileSync(GUIDE, 'utf8')).toContain(`\`\`\`text\n${VERIFY_USAGE}\n\`\`\``);
    expect(VERIFY_USAGE).toContain(
      '--limit N         how many may be live: 1 to 6 [as in the scene; 2 in one of your own]\n',
    );
  });

  it('[MOD-10] the bound on states is that of each scene, and --quick a lower one', () => {
    const boundsOf = (...args: readonly string[]) => verifyOptions(args).scenes.map(({ maxStates }) => maxStates);
    expect(new Set(boundsOf('--quick'))).toEqual(new Set([30_000]));
    expect(new Set(boundsOf('--states', '70'))).toEqual(new Set([70]));
    expect(new Set(boundsOf('--states', '70000', '--quick'))).toEqual(new Set([70_000]));
  });

  it('[MOD-10] with --json the command ends with one object that holds the figures', () => {
    const { status, stdout } = verify('--scene', 'full', '--states', '500', '--json');
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const { states, transitions, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, number>;
    expect(rest).toEqual({
      depth: expect.any(Number),
      invariants: INVARIANTS.length,
      violations: 0,
      seconds: expect.any(Number),
    });
    expect(states).toBeGreaterThanOrEqual(500);
    expect(transitions).toBeGreaterThan(states ?? 0);
  });
});
