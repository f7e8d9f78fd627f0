import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { WHEN_FULL, type WhenFull } from '../src/machines/coordinator.ts';
import { sceneOf } from '../test/model/explore/retrace.ts';
import { BASE, INVARIANTS, KINDS, SCENES, type Scene } from '../test/model/explore/scenes.ts';

/** An option that cannot be used: the message names it, its value and what is allowed. */
export class BadOption extends Error {}

export interface VerifyOptions {
  readonly scenes: readonly Scene[];
  readonly invariants: readonly string[];
  readonly mutants: boolean;
  readonly jobs: number;
  readonly json: boolean;
}

/** With `--quick` no scene is looked at further than this. */
const QUICK_STATES = 30_000;
/** What a scene of one's own is looked at, unless told otherwise. */
const CUSTOM_STATES = 1_500_000;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const KNOWN = {
  scene: text,
  sessions: text,
  limit: text,
  policy: text,
  kind: text,
  attempts: text,
  crashes: text,
  states: text,
  depth: text,
  seed: text,
  invariants: text,
  jobs: text,
  quick: flag,
  mutants: flag,
  json: flag,
} as const;

function whole(name: string, value: string, min: number, max: number): number {
  const number = /^-?\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new BadOption(`--${name} is "${value}"; allowed: a whole number, ${min} to ${max}`);
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if ((allowed as readonly string[]).includes(value)) return value as T;
  throw new BadOption(`--${name} is "${value}"; allowed: ${allowed.join(', ')}`);
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: KNOWN }).values;
  } catch (error) {
    const names = Object.keys(KNOWN).map(name => `--${name}`);
    throw new BadOption(`${(error as Error).message.split('.')[0]}; allowed: ${names.join(', ')}`);
  }
}

/**
 * Reads the options of `npm run verify`.
 *
 * @throws BadOption
 */
export function verifyOptions(args: readonly string[]): VerifyOptions {
  const { json = false, mutants = false, quick = false, invariants, jobs, scene, ...given } = parsed(args);
  const names = invariants === undefined ? INVARIANTS : invariants.split(',');
  for (const name of names) oneOf('invariants', name, INVARIANTS);
  const world = worldOf(given);
  const isCustom =
    scene === undefined && Object.keys(world).some(key => !['maxStates', 'maxDepth', 'seed'].includes(key));
  if (scene !== undefined)
    oneOf(
      'scene',
      scene,
      SCENES.map(({ name }) => name),
    );
  const base: readonly Scene[] = isCustom
    ? [{ ...BASE, maxStates: CUSTOM_STATES }]
    : scene === undefined
      ? SCENES
      : [sceneOf(scene)];
  const scenes = base.map(one => ({
    ...one,
    maxStates: quick ? Math.min(one.maxStates, QUICK_STATES) : one.maxStates,
    ...world,
    config: { ...one.config, ...world.config },
  }));
  return {
    scenes,
    invariants: names,
    mutants,
    jobs: jobs === undefined ? Math.min(2, availableParallelism()) : whole('jobs', jobs, 1, 64),
    json,
  };
}

type Given = Omit<ReturnType<typeof parsed>, 'json' | 'mutants' | 'quick' | 'invariants' | 'jobs' | 'scene'>;

/** What the options change about a scene. */
function worldOf({ sessions, limit, policy, kind, attempts, crashes, states, depth, seed }: Given): Partial<Scene> {
  return {
    ...(sessions === undefined ? {} : { sessions: whole('sessions', sessions, 1, 6) }),
    ...(limit === undefined ? {} : { limit: whole('limit', limit, 1, 6) }),
    ...(policy === undefined ? {} : { whenFull: oneOf<WhenFull>('policy', policy, WHEN_FULL) }),
    ...(kind === undefined ? {} : { kind: oneOf('kind', kind, Object.keys(KINDS)) }),
    ...(attempts === undefined ? {} : { config: { maxRetryAttempts: whole('attempts', attempts, 1, 8) } }),
    ...(crashes === undefined ? {} : { crashes: whole('crashes', crashes, 0, 3) }),
    ...(states === undefined ? {} : { maxStates: whole('states', states, 1, 50_000_000) }),
    ...(depth === undefined ? {} : { maxDepth: whole('depth', depth, 1, 1_000_000) }),
    ...(seed === undefined ? {} : { seed: whole('seed', seed, 0, 2 ** 31 - 1) }),
  };
}
