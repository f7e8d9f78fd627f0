import { availableParallelism } from 'node:os';
import { WHEN_FULL, type WhenFull } from '../src/machines/coordinator.ts';
import { sceneOf } from '../test/model/explore/retrace.ts';
import { BASE, INVARIANTS, KINDS, SCENES, type Scene } from '../test/model/explore/scenes.ts';
import { BadOption, type OptionUsage, parsedOptions, usageOf, whole } from './usage.ts';

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

const own = (value: string | number): string => `as in the scene; ${value} in one of your own`;

// In the order of KNOWN. What is in a scene stands between --scene and --states.
const USAGE: Readonly<Record<keyof typeof KNOWN, OptionUsage>> = {
  scene: {
    value: 'NAME',
    what: 'this scene alone',
    range: SCENES.map(({ name }) => name).join(', '),
    otherwise: 'all of them; with one of the next six a scene of your own',
  },
  sessions: { value: 'N', what: 'sessions in the scene', range: '1 to 6', otherwise: own(BASE.sessions) },
  limit: { value: 'N', what: 'how many may be live', range: '1 to 6', otherwise: own(BASE.limit) },
  policy: {
    value: 'P',
    what: 'what becomes of those above the limit',
    range: WHEN_FULL.join(', '),
    otherwise: own(BASE.whenFull),
  },
  kind: { value: 'K', what: 'what a session has', range: Object.keys(KINDS).join(', '), otherwise: own(BASE.kind) },
  attempts: { value: 'N', what: 'attempts of an operation', range: '1 to 8', otherwise: own(2) },
  crashes: { value: 'N', what: 'how often each session may crash', range: '0 to 3', otherwise: own(BASE.crashes) },
  states: {
    value: 'N',
    what: 'bound on the states of each scene',
    range: '1 to 50000000',
    otherwise: own(CUSTOM_STATES),
  },
  depth: { value: 'N', what: 'bound on the steps to a state', range: '1 to 1000000', otherwise: String(BASE.maxDepth) },
  seed: {
    value: 'N',
    what: 'draws the jitter of the waits between attempts',
    range: '0 to 2147483647',
    otherwise: String(BASE.seed),
  },
  invariants: {
    value: 'A,B',
    what: 'what must hold, separated by commas',
    range: INVARIANTS.join(', '),
    otherwise: 'all of them',
  },
  jobs: { value: 'N', what: 'worker threads', range: '1 to 64', otherwise: '2, on one processor 1' },
  quick: { what: `looks at ${QUICK_STATES} states of each scene at most, unless --states is given` },
  mutants: { what: 'and then every chart with one thing changed; the options of scenes do not count for these' },
  json: { what: 'ends with one object of figures; all else goes to stderr' },
};

/** What `npm run verify -- --help` prints. */
export const VERIFY_USAGE = usageOf(
  'verify',
  USAGE,
  'Ends with 0 if all held, 1 if a state breaks an invariant or a mutant is open, 2 if an option cannot be used.',
);

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if ((allowed as readonly string[]).includes(value)) return value as T;
  throw new BadOption(`--${name} is "${value}"; allowed: ${allowed.join(', ')}`);
}

const parsed = (args: readonly string[]) => parsedOptions(args, KNOWN);

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
