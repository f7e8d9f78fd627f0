// Explores one scene, or proves one mutant, at a time for scripts/verify.ts.
import { parentPort } from 'node:worker_threads';
import type { Explored } from '../test/model/explore/explorer.ts';
import { mutantsOfChart, prove, type Verdict } from '../test/model/explore/prove-mutants.ts';
import { explore, REAL, type Scene } from '../test/model/explore/scenes.ts';

export interface SceneTask {
  readonly scene: Scene;
  readonly invariants: readonly string[];
}
export type SceneAnswer = Explored & { readonly seconds: number };

/** A mutant, by its place in the list of its chart. */
export interface MutantTask {
  readonly chart: string;
  readonly index: number;
}
export type MutantAnswer = Verdict & { readonly name: string };

function exploreScene({ scene, invariants }: SceneTask): SceneAnswer {
  const begun = performance.now();
  const explored = explore(scene, REAL, invariants);
  return { ...explored, seconds: (performance.now() - begun) / 1_000 };
}

function proveMutant({ chart, index }: MutantTask): MutantAnswer {
  const mutant = mutantsOfChart(chart)[index];
  if (mutant === undefined) throw new Error(`the chart "${chart}" has no mutant ${index}`);
  return { ...prove(chart, mutant), name: mutant.name };
}

parentPort?.on('message', (task: SceneTask | MutantTask) => {
  parentPort?.postMessage('scene' in task ? exploreScene(task) : proveMutant(task));
});
