import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isSessionchartError } from '../../src/actors/errors.ts';
import { simulate } from '../../src/integration/testing/simulation.ts';
import { SimulationError } from '../../src/integration/testing/simulation-error.ts';
import {
  SIMULATION_INVARIANTS,
  type SimulationInvariantName,
} from '../../src/integration/testing/simulation-invariants.ts';
import type { SimulationInvariant, SimulationOptions } from '../../src/integration/testing/simulation-types.ts';
import { rejectionOf } from '../support/managed.ts';
import { PLANTS } from './plants.ts';

/** A planted fault shows within so many seeds. */
const MOST_SEEDS = 200;

/** The first failure over the seeds from 0. */
async function firstFailure(options: Omit<SimulationOptions, 'seed'>): Promise<SimulationError> {
  for (let seed = 0; seed < MOST_SEEDS; seed++) {
    try {
      await simulate({ seed, ...options });
    } catch (error) {
      if (error instanceof SimulationError) return error;
      throw error;
    }
  }
  throw new Error(`no failure within ${MOST_SEEDS} seeds`);
}

const names = Object.keys(SIMULATION_INVARIANTS) as SimulationInvariantName[];
const plants = names.flatMap(name =>
  Object.entries(PLANTS[name]).map(([fault, manager]) => ({ name, fault, manager })),
);

describe('planted faults', () => {
  it.each(plants)('[SIM-2] $name: a manager that $fault is found', async ({ name, manager }) => {
    const failure = await firstFailure({ invariants: [name], manager });
    expect(failure).toMatchObject({ code: 'SIMULATION_FAILED', invariant: name });
    const again = firstFailure({ invariants: [name], manager });
    await expect(again).resolves.toMatchObject({ message: failure.message });
  });

  it('[SIM-3] the error tells the invariant, what was seen and when, the operations and how to play them again', async () => {
    const manager = PLANTS['one-end']['tells each end twice'];
    const error = await firstFailure({ manager: manager as never });
    const { message, seed, seen, at, operations, options, replay } = error;
    expect(replay).toBe(`simulate({ seed: ${seed}, … the same options })`);
    expect(options).toEqual({ seed, manager });
    expect(message).toContain(
      `invariant "one-end" does not hold at ${(at / 1_000).toFixed(3)} s: ${seen}\nreplay: ${replay}`,
    );
    expect(error.remediation).toContain('`replay`');
    expect(operations.length).toBeGreaterThan(0);
    for (const operation of operations.slice(-40)) expect(message).toContain(operation);
    expect(operations.at(-1)).toMatch(/^ +\d+\.\d{3} s {2}/);
    expect(at).toBeGreaterThanOrEqual(Number.parseFloat(operations.at(-1) ?? '') * 1_000);
    expect(await rejectionOf(simulate(options))).toMatchObject({ message });
  });

  it('[SIM-3] of a seed alone it names the call with this seed', () => {
    const failure = { invariant: 'limit', seen: 'three', at: 1_500, operations: ['start'] };
    const error = new SimulationError({ ...failure, options: { seed: 5 } });
    expect(error.replay).toBe('simulate({ seed: 5 })');
    const nothing = { seed: 5, provider: undefined } as unknown as SimulationOptions;
    expect(new SimulationError({ ...failure, options: nothing }).replay).toBe('simulate({ seed: 5 })');
    expect(inspect(error)).toMatch(/^SimulationError: invariant "limit" does not hold at 1\.500 s: three\n/);
    expect(isSessionchartError(error, 'SIMULATION_FAILED')).toBe(true);
  });

  it('[SIM-4] an invariant of your own is looked at after each operation and at the end', async () => {
    const patient = {
      name: 'few-sessions',
      always: ({ sessions }: { sessions: Iterable<unknown> }) => {
        const count = [...sessions].length;
        return count > 2 ? `${count} sessions` : undefined;
      },
    };
    expect(await firstFailure({ invariants: [patient] })).toMatchObject({
      invariant: 'few-sessions',
      seen: '3 sessions',
    });
    const last = { name: 'nobody-idle', atEnd: () => 'all is over' };
    expect(await firstFailure({ invariants: ['limit', last] })).toMatchObject({ seed: 0, invariant: 'nobody-idle' });
  });

  it.each(['always', 'atEnd'] as const)('[SIM-4] one that throws in %s() has failed, and says why', async part => {
    const cause = new TypeError('cannot read');
    const breaks = {
      name: 'breaks',
      [part]() {
        throw cause;
      },
    };
    const error = await rejectionOf(simulate({ seed: 3, invariants: ['limit', breaks] }));
    expect(error).toMatchObject({ code: 'SIMULATION_FAILED', seed: 3, invariant: 'breaks', cause });
    expect(error.message).toMatch(/^invariant "breaks" threw at \d+\.\d{3} s: TypeError: cannot read\nreplay: /);
    expect((error as unknown as SimulationError).operations.length).toBeGreaterThan(0);
  });

  it('[SIM-4] one that throws what is no error has failed as well', async () => {
    const breaks = {
      name: 'breaks',
      always() {
        throw undefined;
      },
    };
    const error = await rejectionOf(simulate({ seed: 3, invariants: [breaks] }));
    expect(error.message).toMatch(/^invariant "breaks" threw at .* s: undefined\n/);
    expect(error.cause).toBeInstanceOf(Error);
  });

  it.each([
    ['always', async () => undefined, 'a promise'],
    [
      'atEnd',
      async () => {
        throw new Error('nobody waits for this');
      },
      'a promise',
    ],
    ['always', () => false, 'false'],
    ['always', () => null, 'null'],
    ['atEnd', () => '', '""'],
  ] satisfies [string, () => unknown, string][])(
    '[SIM-4] what is no verdict is refused: %s() that returned %o',
    async (part, verdict, shown) => {
      const odd = { name: 'odd', [part]: verdict } as unknown as SimulationInvariant;
      const error = await rejectionOf(simulate({ seed: 3, invariants: [odd] }));
      expect(error.code).toBe('INVALID_CONFIG');
      expect(error.message).toBe(
        `${part}() of "odd" returned ${shown}; allowed: a text of what was seen, or undefined where it holds;` +
          ' invariants are synchronous',
      );
    },
  );

  it('[SIM-4] one that is not chosen is not looked at', async () => {
    const manager = PLANTS.residue['leaves a timer'] as NonNullable<SimulationOptions['manager']>;
    await expect(simulate({ seed: 1, invariants: ['limit', 'chain'], manager })).resolves.toMatchObject({
      invariants: ['limit', 'chain'],
    });
  });
});
