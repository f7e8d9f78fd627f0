import { availableParallelism } from 'node:os';
import { parseDuration } from '../src/integration/voice/duration.ts';
import { BadOption, type OptionUsage, parsedOptions, usageOf, whole } from './usage.ts';

export interface SimulateOptions {
  readonly from: number;
  readonly seeds: number;
  readonly atLeast: number;
  readonly forMs: number;
  readonly hours: number | undefined;
  readonly jobs: number;
  readonly json: boolean;
}

const LARGEST_SEED = 2 ** 32 - 1;
const MOST_JOBS = 64;
const MOST_HOURS = 100_000;

const text = { type: 'string' } as const;
const KNOWN = {
  seeds: text,
  from: text,
  seed: text,
  for: text,
  hours: text,
  jobs: text,
  'at-least': text,
  json: { type: 'boolean' },
} as const;

const USAGE: Readonly<Record<keyof typeof KNOWN, OptionUsage>> = {
  seeds: {
    value: 'N',
    what: 'how many seeds',
    range: `1 to ${LARGEST_SEED + 1}, up to the last seed`,
    otherwise: '1000',
  },
  from: { value: 'N', what: 'the first seed', range: `0 to ${LARGEST_SEED}`, otherwise: '0' },
  seed: { value: 'N', what: 'this seed alone, instead of --seeds and --from', range: `0 to ${LARGEST_SEED}` },
  for: {
    value: 'TIME',
    what: 'begins no more seeds after this time',
    range: 'more than 0, at most 24h, such as 500ms, 75s, 2m',
    otherwise: 'no bound',
  },
  hours: {
    value: 'H',
    what: 'virtual time after which a run is brought to its end',
    range: `more than 0, at most ${MOST_HOURS}`,
    otherwise: String(MOST_HOURS),
  },
  jobs: { value: 'N', what: 'worker threads', range: `1 to ${MOST_JOBS}`, otherwise: 'one for each processor' },
  'at-least': { value: 'N', what: 'fails where fewer seeds were run', range: `0 to ${LARGEST_SEED}`, otherwise: '0' },
  json: { what: 'one object of figures instead of a line' },
};

/** What `npm run simulate -- --help` prints. */
export const SIMULATE_USAGE = usageOf(
  'simulate',
  USAGE,
  'Ends with 0 if all held, 1 if something did not or too few seeds were run, 2 if an option cannot be used.',
);

/**
 * Reads the options of `npm run simulate`.
 *
 * @throws BadOption, or SessionchartError `INVALID_CONFIG` for a time that is none.
 */
export function simulateOptions(args: readonly string[]): SimulateOptions {
  const { seed, json = false, ...values } = parsed(args);
  if (seed !== undefined) {
    for (const other of ['seeds', 'from'] as const) {
      if (values[other] === undefined) continue;
      throw new BadOption(`--${other} is "${values[other]}"; allowed: nothing beside --seed, which is one seed alone`);
    }
  }
  const from = whole(seed === undefined ? 'from' : 'seed', seed ?? values.from ?? '0', 0, LARGEST_SEED);
  const seeds = seed === undefined ? whole('seeds', values.seeds ?? '1000', 1, LARGEST_SEED - from + 1) : 1;
  const forMs = values.for === undefined ? Number.POSITIVE_INFINITY : parseDuration('--for', values.for);
  const hours = values.hours === undefined ? undefined : Number(values.hours);
  if (hours !== undefined && !(hours > 0 && hours <= MOST_HOURS)) {
    throw new BadOption(`--hours is "${values.hours}"; allowed: more than 0, at most ${MOST_HOURS}`);
  }
  const processors = Math.min(availableParallelism(), seeds, MOST_JOBS);
  const jobs = whole('jobs', values.jobs ?? String(processors), 1, MOST_JOBS);
  const atLeast = whole('at-least', values['at-least'] ?? '0', 0, LARGEST_SEED);
  return { from, seeds, atLeast, forMs, hours, jobs, json };
}

const parsed = (args: readonly string[]) => parsedOptions(args, KNOWN);
