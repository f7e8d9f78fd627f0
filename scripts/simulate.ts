// Runs the seeded simulation over many seeds, in worker threads, and stops at the first that breaks an invariant.
// npm run simulate -- [--seeds 1000] [--from 0] [--seed N] [--for 60s] [--at-least 1000] [--hours H] [--jobs 2] [--json]
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { isSessionchartError } from '../src/actors/errors.ts';
import { simulate } from '../src/integration/testing/simulation.ts';
import { SimulationError } from '../src/integration/testing/simulation-error.ts';
import type { SimulationResult } from '../src/integration/testing/simulation-types.ts';
import { parseDuration } from '../src/integration/voice/duration.ts';

/** Seeds that a worker is handed at a time: few enough to share the work evenly and to stop in time. */
const BATCH = 50;
const LARGEST_SEED = 2 ** 32 - 1;

interface Batch {
  readonly seeds: readonly number[];
}
interface Violation {
  readonly seed: number;
  readonly invariant: string;
  readonly message: string;
}
interface Outcome {
  readonly results: readonly SimulationResult[];
  readonly violations: readonly Violation[];
}
interface Options {
  readonly from: number;
  readonly seeds: number;
  readonly atLeast: number;
  readonly forMs: number;
  readonly hours: number | undefined;
  readonly jobs: number;
  readonly json: boolean;
}

class BadOption extends Error {}

function whole(name: string, value: string, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new BadOption(`--${name} is "${value}"; allowed: a whole number, ${min} to ${max}`);
}

function optionsOf(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const known = { seeds: text, from: text, seed: text, for: text, hours: text, jobs: text, 'at-least': text } as const;
  let values: { readonly [K in keyof typeof known]?: string } & { readonly json?: boolean };
  try {
    ({ values } = parseArgs({ args: [...args], options: { ...known, json: { type: 'boolean' } } }));
  } catch (error) {
    const names = [...Object.keys(known), 'json'].map(name => `--${name}`).join(', ');
    throw new BadOption(`${error instanceof Error ? error.message : String(error)}; allowed: ${names}`);
  }
  const { seed } = values;
  const from = whole(seed === undefined ? 'from' : 'seed', seed ?? values.from ?? '0', 0, LARGEST_SEED);
  const seeds = seed === undefined ? whole('seeds', values.seeds ?? '1000', 1, LARGEST_SEED - from + 1) : 1;
  const forMs = values.for === undefined ? Number.POSITIVE_INFINITY : parseDuration('--for', values.for);
  const hours = values.hours === undefined ? undefined : Number(values.hours);
  if (hours !== undefined && !(hours > 0 && hours <= 100_000)) {
    throw new BadOption(`--hours is "${values.hours}"; allowed: more than 0, at most 100000`);
  }
  const jobs = whole('jobs', values.jobs ?? String(Math.min(availableParallelism(), seeds)), 1, 64);
  const atLeast = whole('at-least', values['at-least'] ?? '0', 0, LARGEST_SEED);
  return { from, seeds, atLeast, forMs, hours, jobs, json: values.json ?? false };
}

/** In a worker: every seed of a batch, also after one that failed. */
async function runBatch({ seeds }: Batch, hours: number | undefined): Promise<Outcome> {
  const results: SimulationResult[] = [];
  const violations: Violation[] = [];
  for (const seed of seeds) {
    try {
      results.push(await simulate(hours === undefined ? { seed } : { seed, hours }));
    } catch (error) {
      const invariant = error instanceof SimulationError ? error.invariant : 'no exception';
      const message =
        error instanceof Error ? (isSessionchartError(error) ? error.message : error.stack) : String(error);
      violations.push({ seed, invariant, message: message ?? '' });
    }
  }
  return { results, violations };
}

/** Hands batches to the workers until the seeds or the time are used up, or something is found. */
async function runAll(options: Options): Promise<Outcome> {
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
  const options = optionsOf(process.argv.slice(2));
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
  const words = Object.entries(summary).map(([name, value]) => `${value} ${name}`);
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
