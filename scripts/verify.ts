// Explores the real charts, a coordinator with its sessions, and holds every state against the invariants.
// npm run verify -- [--quick] [--scene NAME] [--sessions N] [--limit N] [--policy P] [--kind K] [--attempts N] [--crashes N]
//                   [--states N] [--depth N] [--seed N] [--invariants A,B] [--mutants] [--jobs N] [--json]
import type { Explored } from '../test/model/explore/explorer.ts';
import { scriptOf } from '../test/model/explore/retrace.ts';
import { jobPool } from './job-pool.ts';
import { BadOption, type VerifyOptions, verifyOptions } from './verify-options.ts';
import type { SceneTask } from './verify-worker.ts';

const WORKER = new URL('./verify-worker.ts', import.meta.url);

interface Summary {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly invariants: number;
  readonly violations: number;
  readonly seconds: number;
}

async function exploreAll({ scenes, invariants, jobs, json }: VerifyOptions): Promise<Summary> {
  const begun = performance.now();
  const say = json ? console.error : console.log;
  let states = 0;
  let transitions = 0;
  let depth = 0;
  let violations = 0;
  const tasks = scenes.map((scene): SceneTask => ({ scene, invariants }));
  say(`${invariants.length} invariants in every state of ${tasks.length} scenes`);
  for await (const { task, answer } of jobPool<SceneTask, Explored & { seconds: number }>(WORKER, tasks, jobs)) {
    const { name } = task.scene;
    states += answer.states;
    transitions += answer.transitions;
    depth = Math.max(depth, answer.depth);
    const extent = answer.complete ? 'all there are' : 'up to the bound';
    say(
      `${name.padEnd(14)}${String(answer.states).padStart(9)} states, ${String(answer.transitions).padStart(9)} transitions,` +
        ` depth ${String(answer.depth).padStart(3)}, ${extent}, ${answer.seconds.toFixed(1)} s`,
    );
    if (answer.violation === undefined) continue;
    violations += 1;
    say(`\nviolated in "${name}":\n${scriptOf(name, answer.violation)}\n`);
  }
  const seconds = Math.round(performance.now() - begun) / 1_000;
  return { states, transitions, depth, invariants: invariants.length, violations, seconds };
}

async function main(): Promise<number> {
  const options = verifyOptions(process.argv.slice(2));
  const summary = await exploreAll(options);
  if (options.json) console.log(JSON.stringify(summary));
  else {
    const { states, transitions, depth, violations, seconds } = summary;
    console.log(`${states} states, ${transitions} transitions, depth ${depth}, ${violations} violations, ${seconds} s`);
  }
  return summary.violations === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof BadOption)) throw error;
  console.error(`verify: ${error.message}`);
  process.exitCode = 2;
}
