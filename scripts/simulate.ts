// Runs the seeded simulation over many seeds, in worker threads, and stops at the first that breaks an invariant.
// npm run simulate -- --help
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { isSessionchartError } from '../src/actors/errors.ts';
import { simulate } from '../src/integration/testing/simulation.ts';
import type { SimulationResult } from '../src/integration/testing/simulation-types.ts';
import { SIMULATE_USAGE, type SimulateOptions, simulateOptions } from './simulate-options.ts';
import { type Violation, violationOf } from './simulate-violation.ts';
import { asksForHelp, BadOption } from './usage.ts';

/** Seeds that a worker is handed at a time: few enough to share the work evenly and to stop in time. */
const BATCH = 50;

/** The name of a figure that is 1. */
const ONE_OF: Readonly<Record<string, string>> = {
  seeds: 'seed',
  sessions: 'session',
  sessionHours: 'sessionHour',
  operations: 'operation',
  mints: 'mint',
  crashes: 'crash',
  violations: 'violation',
  seconds: 'second',
};

interface Batch {
  readonly seeds: readonly number[];
}
interface Outcome {
  readonly results: readonly SimulationResult[];
  readonly violations: readonly Violation[];
}
/** In a worker: every seed of a batch, also after one that failed. */
async function runBatch({ seeds }: Batch, hours: number | undefined): Promise<Outcome> {
  const results: SimulationResult[] = [];
  const violations: Violation[] = [];
  for (const seed of seeds) {
    try {
      results.push(await simulate(hours === undefined ? { seed } : { seed, hours }));
    } catch (error) {
      violations.push(violationOf(error, seed, hours));
    }
  }
  return { results, violations };
}

/** Hands batches to the workers until the seeds or the time are used up, or something is found. */
async function runAll(options: SimulateOptions): Promise<Outcome> {
  const results: SimulationResult[] = [];
  const violations: Violation[] = [];
  const until = performance.now() + options.forMs;
  let next = options.from;
  const end = options.from + options.seeds;
  const nextBatch = (): Batch | undefined => {
    if (next >= end || violations.length > 0 || performance.now() >= until) return undefined;
    const first = next;
    next = Math.min(end, first + BATCH);
    return { seeds: Array.from({ length: next - first }, (_, i) => first + i) };
  };
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let batch = nextBatch();
      if (batch === undefined) return resolve();
      const worker = new Worker(new URL(import.meta.url), { workerData: { hours: options.hours } });
      worker.postMessage(batch);
      worker.on('message', (outcome: Outcome) => {
        results.push(...outcome.results);
        violations.push(...outcome.violations);
        batch = nextBatch();
        if (batch === undefined) void worker.terminate().then(() => resolve());
        else worker.postMessage(batch);
      });
      worker.on('error', error => {
        reject(new Error(`seeds ${batch?.seeds[0]} to ${batch?.seeds.at(-1)}: an error escaped`, { cause: error }));
      });
    });
  await Promise.all(Array.from({ length: options.jobs }, work));
  return { results, violations: violations.sort((a, b) => a.seed - b.seed) };
}

async function main(): Promise<number> {
  const since = performance.now();
  const args = process.argv.slice(2);
  if (asksForHelp(args)) {
    console.log(SIMULATE_USAGE);
    return 0;
  }
  const options = simulateOptions(args);
  const { results, violations } = await runAll(options);
  const sum = (key: 'sessionHours' | 'operations' | 'mints' | 'crashes' | 'sessions'): number =>
    Math.round(results.reduce((total, result) => total + result[key], 0));
  const summary = {
    seeds: results.length + violations.length,
    sessions: sum('sessions'),
    sessionHours: sum('sessionHours'),
    operations: sum('operations'),
    mints: sum('mints'),
    crashes: sum('crashes'),
    violations: violations.length,
    seconds: Math.round((performance.now() - since) / 100) / 10,
  };
  for (const { message } of violations) console.error(message);
  if (options.seeds === 1 && results[0] !== undefined) console.error(`digest ${results[0].digest}`);
  const words = Object.entries(summary).map(([name, value]) => `${value} ${value === 1 ? ONE_OF[name] : name}`);
  const failing = violations.map(({ seed, invariant }) => ({ seed, invariant }));
  console.log(options.json ? JSON.stringify({ ...summary, failing }) : `simulation: ${words.join(', ')}`);
  const tooFew = summary.seeds < options.atLeast;
  if (tooFew) console.error(`simulation: only ${summary.seeds} seeds; --at-least is ${options.atLeast}`);
  return violations.length > 0 || tooFew ? 1 : 0;
}

if (isMainThread) {
  process.exitCode = await main().catch((error: unknown) => {
    const isBadOption = error instanceof BadOption || isSessionchartError(error, 'INVALID_CONFIG');
    console.error(isBadOption ? `simulate: ${error.message}` : error);
    return isBadOption ? 2 : 1;
  });
} else {
  const { hours } = workerData as { readonly hours: number | undefined };
  parentPort?.on('message', async (batch: Batch) => parentPort?.postMessage(await runBatch(batch, hours)));
}
