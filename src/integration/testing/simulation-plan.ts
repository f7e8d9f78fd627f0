import type { WhenFull } from '../../machines/coordinator.ts';
import type { SessionConfigPatch } from '../../services/session-config.ts';
import type { SeededRandom } from './random.ts';
import type { SimulationOptions } from './simulation-types.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The world of one run, as its seed drew it. Durations in ms, shares from 0 to 1. */
export interface SimulationPlan {
  /** Many short events, a day at the desk, or long and quiet. */
  readonly pace: Pace;
  readonly untilMs: number;
  readonly sessions: number;
  readonly operations: number;
  readonly limit: number;
  readonly whenFull: WhenFull;
  readonly queueLimit: number;
  readonly restarts: { readonly max: number; readonly windowMs: number };
  readonly config: SessionConfigPatch;
  /** Shortest and longest life of a credential. */
  readonly livesMs: readonly [number, number];
  /** Shortest and longest wait between two operations. */
  readonly waitsMs: readonly [number, number];
  /** Share of calls to collaborators that do not go well. */
  readonly trouble: number;
  /** Share of calls to collaborators in which they call the manager back. */
  readonly reentrance: number;
  readonly has: Readonly<Record<Part, boolean>>;
}

type Pace = 'brisk' | 'steady' | 'quiet';
type Part =
  | 'credentials'
  | 'revoke'
  | 'channel'
  | 'probe'
  | 'hooks'
  | 'privacy'
  | 'settings'
  | 'recovery'
  | 'inspector'
  | 'canary';

interface Ranges {
  readonly lives: readonly [number, number];
  readonly waits: readonly [number, number];
  readonly idleMinutes: readonly [number, number];
  readonly lifeMinutes: readonly [number, number];
  readonly beatSeconds: readonly [number, number];
  readonly operations: readonly [number, number];
  readonly limit: readonly [number, number];
  readonly idles: number;
  readonly beats: number;
}

// A run of each kind takes about as long: the more happens in an hour, the fewer hours it has.
const PACES: Readonly<Record<Pace, Ranges>> = {
  brisk: {
    lives: [2 * SECOND, 2 * MINUTE],
    waits: [1, 90 * SECOND],
    idleMinutes: [0.02, 5],
    lifeMinutes: [0.05, 60],
    beatSeconds: [1, 60],
    operations: [20, 80],
    limit: [1, 4],
    idles: 0.6,
    beats: 0.5,
  },
  steady: {
    lives: [MINUTE, 2 * HOUR],
    waits: [SECOND, 40 * MINUTE],
    idleMinutes: [5, 300],
    lifeMinutes: [10, 1_440],
    beatSeconds: [60, 7_200],
    operations: [15, 50],
    limit: [1, 6],
    idles: 0.4,
    beats: 0.3,
  },
  quiet: {
    lives: [2 * HOUR, 48 * HOUR],
    waits: [10 * MINUTE, 60 * HOUR],
    idleMinutes: [600, 40_000],
    lifeMinutes: [1_440, 525_600],
    beatSeconds: [7_200, 86_400],
    operations: [15, 45],
    limit: [3, 12],
    idles: 0.25,
    beats: 0.2,
  },
};

/** Draws the world of a run. */
export function planOf(random: SeededRandom, options: SimulationOptions): SimulationPlan {
  const pace = random.weighted<Pace>({ brisk: 3, steady: 3, quiet: 4 });
  const ranges = PACES[pace];
  const between = ([min, max]: readonly [number, number]): number => random.integer(min, max);
  const credentials = random.chance(0.93);
  const channel = random.chance(0.3);
  const operations = between(ranges.operations);
  const limit = between(ranges.limit);
  return {
    pace,
    limit,
    operations: options.operations ?? operations,
    sessions: options.sessions ?? limit * 4 + 6,
    untilMs: (options.hours ?? 100_000) * HOUR,
    whenFull: random.pick(['reject', 'queue', 'evict-idle']),
    queueLimit: random.integer(0, 4),
    restarts: { max: random.integer(0, 4), windowMs: Math.round(random.spread(SECOND, HOUR)) },
    config: configOf(random, pace, true),
    livesMs: ranges.lives,
    waitsMs: ranges.waits,
    trouble: random.pick([0, 0.05, 0.2, 0.5]),
    reentrance: random.pick([0, 0, 0.03, 0.15, 0.3]),
    has: {
      credentials: options.provider !== undefined || credentials,
      revoke: random.chance(0.85),
      channel,
      probe: random.chance(channel ? 0.7 : 0.2),
      hooks: random.chance(0.5),
      privacy: random.chance(0.4),
      settings: random.chance(0.2),
      recovery: random.chance(0.2),
      inspector: random.chance(0.25),
      canary: random.chance(0.25),
    },
  };
}

/** Settings of a session: all of them, or a few. Odd values are as welcome as sound ones. */
export function configOf(random: SeededRandom, pace: Pace, all = false): SessionConfigPatch {
  const ranges = PACES[pace];
  const given = (): boolean => all || random.chance(0.3);
  const between = ([min, max]: readonly [number, number]): number => random.spread(min, max);
  return {
    ...(given() && { renewalMarginSeconds: random.pick([0, 0.5, 1, 10, 10, 60, 3_600, random.spread(0.001, 3_600)]) }),
    ...(given() && { enableInactivityTimeout: random.chance(ranges.idles) }),
    ...(given() && { inactivityTimeoutMinutes: between(ranges.idleMinutes) }),
    ...(given() && { enableHeartbeat: random.chance(ranges.beats) }),
    ...(given() && { heartbeatIntervalSeconds: between(ranges.beatSeconds) }),
    ...(given() && { maxRetryAttempts: random.integer(1, 8) }),
    ...(given() && { retryBackoffMs: random.pick([0, 1, 250, 1_000, 5_000]) }),
    ...(given() && { maxDurationMinutes: between(ranges.lifeMinutes) }),
    ...(given() && { durationWarningSeconds: random.pick([0, 1, 60, random.spread(1, 86_400)]) }),
  };
}
