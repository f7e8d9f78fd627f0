import type { AnyStateMachine } from 'xstate';
import { renderTable } from '../../../scripts/table-text.ts';
import { tableOf } from '../../../scripts/transition-table.ts';
import { SUBJECTS } from '../subjects.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { differenceFromReference } from './references.ts';
import { sceneOf } from './retrace.ts';
import { type Charts, explore, INVARIANTS, REAL } from './scenes.ts';

/** A scene is looked at so far for one mutant: what is wrong shows near the beginning. */
const MUTANT_STATES = 5_000;

/** Where a mutant of a chart is looked for, those that find most first. */
const SEARCHED: Readonly<Record<string, readonly string[]>> = {
  session: ['full', 'refused', 'idle', 'refusals', 'clocks', 'caps', 'reject', 'channel'],
  coordinator: ['queue', 'evict', 'limits', 'evict-limits', 'reject'],
};

/** The charts whose mutants are proved. */
export const MUTATED: readonly string[] = Object.keys(SUBJECTS);

export const mutantsOfChart = (chart: string): Mutant[] => mutantsOf(machineOf(chart));

function machineOf(chart: string): AnyStateMachine {
  const machine = SUBJECTS[chart]?.machine;
  if (machine === undefined) throw new Error(`there is no chart "${chart}"; there are: ${MUTATED.join(', ')}`);
  return machine;
}

export interface Verdict {
  /** What gave it away, by its behaviour; `undefined` where nothing did. */
  readonly killedBy: string | undefined;
  /** Whether the table in docs/ would have told of it. */
  readonly inTable: boolean;
}

/** Holds a mutant against everything that the real chart is held against. */
export function prove(chart: string, { alter }: Mutant): Verdict {
  return { killedBy: behaviour(chart, alter), inTable: changesTable(machineOf(chart), alter) };
}

function behaviour(chart: string, alter: Mutant['alter']): string | undefined {
  try {
    const scenes = SEARCHED[chart];
    if (scenes === undefined) return differenceFromReference(chart, alter);
    const charts: Charts = {
      ...REAL,
      ...(chart === 'session' ? { alterSession: alter } : { alterCoordinator: alter }),
    };
    for (const name of scenes) {
      const scene = sceneOf(name);
      const maxStates = Math.min(scene.maxStates, MUTANT_STATES);
      const { violation } = explore({ ...scene, maxStates }, charts, INVARIANTS);
      if (violation !== undefined) return violation.invariant;
    }
    return undefined;
  } catch (error) {
    return `it throws: ${(error as Error).message.split('\n')[0]}`;
  }
}

function changesTable(machine: AnyStateMachine, alter: Mutant['alter']): boolean {
  const copy = machine.provide({});
  alter(copy);
  try {
    return renderTable(tableOf(copy)) !== renderTable(tableOf(machine));
  } catch {
    return true; // no table can be made of it
  }
}
