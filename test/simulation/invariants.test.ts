import { describe, expect, it } from 'vitest';
import { simulate } from '../../src/integration/testing/simulation.ts';
import { SimulationError } from '../../src/integration/testing/simulation-error.ts';
import {
  SIMULATION_INVARIANTS,
  type SimulationInvariantName,
} from '../../src/integration/testing/simulation-invariants.ts';
import type { SimulationOptions } from '../../src/integration/testing/simulation-types.ts';
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

  it('[SIM-3] the error tells the invariant, what was seen, the operations and how to play them again', async () => {
    const manager = PLANTS['one-end']['tells each end twice'];
    const { message, seed, seen, operations, replay } = await firstFailure({ manager: manager as never });
    expect(replay).toBe(`npm run simulate -- --seed ${seed}`);
    expect(message).toContain(`invariant "one-end" does not hold: ${seen}`);
    expect(message).toContain(replay);
    expect(operations.length).toBeGreaterThan(0);
    for (const operation of operations.slice(-40)) expect(message).toContain(operation);
    expect(operations.at(-1)).toMatch(/^ +\d+\.\d{3} s {2}/);
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

  it('[SIM-4] one that is not chosen is not looked at', async () => {
    const manager = PLANTS.residue['leaves a timer'] as NonNullable<SimulationOptions['manager']>;
    await expect(simulate({ seed: 1, invariants: ['limit', 'chain'], manager })).resolves.toMatchObject({
      invariants: ['limit', 'chain'],
    });
  });
});
