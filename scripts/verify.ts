// Explores the real charts, a coordinator with its sessions, and holds every state against the invariants.
// npm run verify -- --help
import { EQUIVALENT } from '../test/model/explore/equivalent-mutants.ts';
import { MUTATED, mutantsOfChart } from '../test/model/explore/prove-mutants.ts';
import { scriptOf } from '../test/model/explore/retrace.ts';
import { jobPool } from './job-pool.ts';
import { asksForHelp, BadOption } from './usage.ts';
import { VERIFY_USAGE, type VerifyOptions, verifyOptions } from './verify-options.ts';
import type { MutantAnswer, MutantTask, SceneAnswer, SceneTask } from './verify-worker.ts';

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
  for await (const { task, answer } of jobPool<SceneTask, SceneAnswer>(WORKER, tasks, jobs)) {
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
    say(`\nviolated in "${name}":\n${scriptOf(task.scene, answer.violation)}\n`);
  }
  const seconds = Math.round(performance.now() - begun) / 1_000;
  return { states, transitions, depth, invariants: invariants.length, violations, seconds };
}

interface MutantSummary {
  readonly mutants: number;
  /** Given away by what they do. */
  readonly killed: number;
  /** Listed with the reason why nothing can tell them from the chart. */
  readonly equivalent: number;
  /** The table in docs/ would tell of them as well. */
  readonly inTable: number;
  /** Neither killed nor listed; or listed, and killed after all. */
  readonly open: number;
}

async function proveAll({ jobs, json }: VerifyOptions): Promise<MutantSummary> {
  const say = json ? console.error : console.log;
  const tasks = MUTATED.flatMap(chart => mutantsOfChart(chart).map((_, index): MutantTask => ({ chart, index })));
  say(`${tasks.length} mutants of ${MUTATED.length} charts`);
  const found = { killed: 0, equivalent: 0, inTable: 0, open: 0 };
  const by = new Map<string, number>();
  for await (const { answer } of jobPool<MutantTask, MutantAnswer>(WORKER, tasks, jobs)) {
    const { name, killedBy, inTable } = answer;
    const listed = name in EQUIVALENT;
    if (inTable) found.inTable += 1;
    if (killedBy !== undefined) {
      found.killed += 1;
      const rule = killedBy.split(':')[0] ?? '';
      by.set(rule, (by.get(rule) ?? 0) + 1);
    } else if (listed) found.equivalent += 1;
    if (listed === (killedBy === undefined)) continue;
    found.open += 1;
    say(killedBy === undefined ? `survives: ${name}` : `listed as equivalent, but killed by ${killedBy}: ${name}`);
  }
  const told = [...by].sort(([, a], [, b]) => b - a).map(([rule, count]) => `${rule} ${count}`);
  say(`killed by: ${told.join(', ')}`);
  for (const [name, reason] of Object.entries(EQUIVALENT)) say(`equivalent: ${name}: ${reason}`);
  return { mutants: tasks.length, ...found };
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (asksForHelp(args)) {
    console.log(VERIFY_USAGE);
    return 0;
  }
  const options = verifyOptions(args);
  const summary = await exploreAll(options);
  const mutants = options.mutants ? await proveAll(options) : undefined;
  if (options.json) console.log(JSON.stringify({ ...summary, ...mutants }));
  else {
    const { states, transitions, depth, violations, seconds } = summary;
    console.log(`${states} states, ${transitions} transitions, depth ${depth}, ${violations} violations, ${seconds} s`);
  }
  if (mutants !== undefined && !options.json) {
    const { mutants: all, killed, equivalent, inTable, open } = mutants;
    console.log(
      `${all} mutants, ${killed} killed, ${equivalent} equivalent, ${open} open; the tables tell of ${inTable}`,
    );
  }
  return summary.violations === 0 && (mutants?.open ?? 0) === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof BadOption)) throw error;
  console.error(`verify: ${error.message}`);
  process.exitCode = 2;
}
