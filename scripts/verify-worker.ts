// Explores one scene, or proves one mutant, at a time for scripts/verify.ts.
import { parentPort } from 'node:worker_threads';
import { explore, REAL, type Scene } from '../test/model/explore/scenes.ts';

export interface SceneTask {
  readonly scene: Scene;
  readonly invariants: readonly string[];
}

parentPort?.on('message', ({ scene, invariants }: SceneTask) => {
  const begun = performance.now();
  const explored = explore(scene, REAL, invariants);
  parentPort?.postMessage({ ...explored, seconds: (performance.now() - begun) / 1_000 });
});
