import type { AnyStateMachine } from 'xstate';
import { type CoordinatorLimits, coordinatorMachine, type WhenFull } from '../../../src/machines/coordinator.ts';
import { sessionMachine } from '../../../src/machines/session.ts';
import type { SessionConfig } from '../../../src/machines/session-config.ts';
import type { SessionKind } from '../../../src/machines/session-types.ts';
import { DEFAULT_SESSION_CONFIG } from '../../../src/services/session-config.ts';
import type { Stimulus } from '../chart-lab.ts';
import type { Blindness } from './canonical.ts';
import { CoordinatorModel } from './coordinator-model.ts';
import { CREW_RULES } from './crew-rules.ts';
import { Explorer } from './explorer.ts';
import { type Extra, happenings } from './happenings.ts';
import { HostModel } from './host-model.ts';
import { SessionModel } from './session-model.ts';
import { SESSION_RULES } from './session-rules.ts';

export const KINDS: Readonly<Record<string, SessionKind>> = {
  credential: { credential: true, channel: false, probe: false },
  channel: { credential: false, channel: true, probe: false },
  full: { credential: true, channel: true, probe: true },
  plain: { credential: false, channel: false, probe: false },
};

/** One world to explore: who is in it, what may happen, and how far to look. */
export interface Scene {
  readonly name: string;
  readonly sessions: number;
  readonly limit: number;
  readonly whenFull: WhenFull;
  readonly queueLimit: number;
  readonly kind: keyof typeof KINDS;
  /** How often each session may crash; the coordinator forgives one crash in a window. */
  readonly crashes: number;
  readonly config: Partial<SessionConfig>;
  /** What `configure` changes, and changes back. */
  readonly other: Partial<SessionConfig>;
  readonly lifeMs: number;
  readonly waitsMs: readonly number[];
  readonly extras: readonly Extra[];
  /** The limit of the coordinator may change to this, and back. */
  readonly otherLimit: number | undefined;
  readonly seed: number;
  readonly maxStates: number;
  readonly maxDepth: number;
}

export const INVARIANTS: readonly string[] = ['canonical', ...Object.keys(SESSION_RULES), ...Object.keys(CREW_RULES)];

/** A credential lives for 24 s and is renewed after half of it: late enough for an attempt to time out before. */
const LIFE_MS = 24_000;

/** Time stands still but for what the chart itself waits for: no idle window, no heartbeat, a lifetime far away. */
const TIMELESS: Partial<SessionConfig> = {
  renewalMarginSeconds: 20, // more than half the life, so that half of it counts
  retryBackoffMs: 0,
  maxRetryAttempts: 2,
  enableHeartbeat: false,
  enableInactivityTimeout: false,
  durationWarningSeconds: 0,
};

export const BASE: Scene = {
  name: 'custom',
  sessions: 3,
  limit: 2,
  whenFull: 'queue',
  queueLimit: 2,
  kind: 'credential',
  crashes: 1,
  config: TIMELESS,
  other: {},
  lifeMs: LIFE_MS,
  waitsMs: [],
  extras: [],
  otherLimit: undefined,
  seed: 1,
  maxStates: 600_000,
  maxDepth: 10_000,
};

/** Every timer that a serving session has, close together, so that they meet in every order. */
const CLOCKS: Partial<SessionConfig> = {
  ...TIMELESS,
  enableInactivityTimeout: true,
  inactivityTimeoutMinutes: 0.5,
  enableHeartbeat: true,
  heartbeatIntervalSeconds: 11,
  maxDurationMinutes: 1,
  durationWarningSeconds: 25,
};

const scene = (name: string, part: Partial<Scene>): Scene => ({ ...BASE, name, ...part });

/** What `npm run verify` explores. The first is the one that the others vary. */
export const SCENES: readonly Scene[] = [
  scene('queue', { maxStates: 700_000 }),
  scene('reject', { whenFull: 'reject', maxStates: 200_000 }),
  scene('evict', { whenFull: 'evict-idle', maxStates: 200_000 }),
  scene('limits', { otherLimit: 1, extras: ['revive crossed', 'cancel crossed'], maxStates: 200_000 }),
  scene('evict-limits', { whenFull: 'evict-idle', otherLimit: 1, maxStates: 200_000 }),
  scene('short-queue', { limit: 1, queueLimit: 1, maxStates: 100_000 }),
  scene('pair', { sessions: 2, limit: 1, config: { ...TIMELESS, maxRetryAttempts: 1 } }),
  scene('channel', { sessions: 2, limit: 1, kind: 'channel' }),
  scene('full', { sessions: 1, kind: 'full', waitsMs: [5_000], extras: ['revive crossed'], maxStates: 60_000 }),
  scene('plain', { kind: 'plain' }),
  scene('idle', {
    sessions: 1,
    kind: 'plain',
    config: { ...CLOCKS, heartbeatIntervalSeconds: 20, maxDurationMinutes: 2 },
    other: { enableHeartbeat: false, enableInactivityTimeout: false, durationWarningSeconds: 0 },
    waitsMs: [9_000],
    extras: ['activity', 'configure', 'refused', 'connected', 'renew said'],
    maxStates: 60_000,
  }),
  scene('clocks', {
    sessions: 1,
    kind: 'full',
    crashes: 0,
    config: CLOCKS,
    other: {
      renewalMarginSeconds: 6,
      enableHeartbeat: false,
      enableInactivityTimeout: false,
      durationWarningSeconds: 0,
      maxDurationMinutes: 1.5,
    },
    waitsMs: [9_000],
    extras: ['activity', 'configure'],
    maxStates: 60_000,
  }),
  scene('refused', {
    sessions: 1,
    crashes: 0,
    config: { ...TIMELESS, maxRetryAttempts: 1 },
    extras: ['refused', 'connected', 'steps fail'],
    maxStates: 60_000,
  }),
  scene('refusals', {
    sessions: 1,
    crashes: 0,
    config: { ...TIMELESS, retryBackoffMs: 2_000 },
    extras: ['refused', 'connected', 'mint busy'],
    maxStates: 60_000,
  }),
  scene('lives', {
    sessions: 1,
    config: { ...TIMELESS, maxDurationMinutes: 1, durationWarningSeconds: 25 },
    waitsMs: [9_000],
    maxStates: 60_000,
  }),
  scene('budget', {
    sessions: 1,
    crashes: 0,
    config: { ...TIMELESS, maxRetryAttempts: 8, retryBackoffMs: 5_000, renewalMarginSeconds: 120 },
    lifeMs: 240_000,
    extras: ['mint busy', 'mint overloaded'],
    maxStates: 60_000,
  }),
  scene('caps', {
    sessions: 1,
    kind: 'full',
    config: CLOCKS,
    extras: ['capped', 'open capped', 'connected'],
    maxStates: 60_000,
  }),
];

/** Charts to explore in place of the real ones. */
export interface Charts {
  readonly session: AnyStateMachine;
  readonly coordinator: AnyStateMachine;
  /** Change the copies that the model works with. */
  readonly alterSession?: (copy: AnyStateMachine) => void;
  readonly alterCoordinator?: (copy: AnyStateMachine) => void;
}

export const REAL: Charts = { session: sessionMachine, coordinator: coordinatorMachine };

export interface Setting {
  readonly model: HostModel;
  readonly happenings: readonly string[];
  readonly commands: ReadonlyMap<string, Stimulus>;
}

/** What never matters in a scene, whatever the settings change to. */
export function blindnessOf({ config, other }: Pick<Scene, 'config' | 'other'>): Blindness {
  const usual = { ...DEFAULT_SESSION_CONFIG, ...config };
  const never = (flag: 'enableInactivityTimeout' | 'enableHeartbeat'): boolean =>
    !usual[flag] && !{ ...usual, ...other }[flag];
  return { idle: never('enableInactivityTimeout'), heartbeat: never('enableHeartbeat') };
}

/** Builds the model of a scene. `exact` leaves its moments as they come, on one clock for all. */
export function settingOf(scene: Scene, charts: Charts = REAL, invariants = INVARIANTS, exact = false): Setting {
  const kind = KINDS[scene.kind] as SessionKind;
  const config = { ...DEFAULT_SESSION_CONFIG, ...scene.config };
  const otherConfig = { ...config, ...scene.other };
  const canonical = exact ? undefined : blindnessOf(scene);
  const limits: CoordinatorLimits = {
    limit: scene.limit,
    whenFull: scene.whenFull,
    queueLimit: scene.queueLimit,
    maxRestarts: 1,
    restartWindowMs: 60_000,
  };
  const sessionsOf = (blindness: Blindness | undefined): SessionModel =>
    new SessionModel({
      machine: charts.session,
      kind,
      config,
      seed: scene.seed,
      invariants,
      canonical: blindness,
      alter: charts.alterSession,
    });
  const sessions = sessionsOf(canonical);
  const shadow = exact ? undefined : sessionsOf(undefined);
  const coordinators = new CoordinatorModel(charts.coordinator, limits, !exact, charts.alterCoordinator);
  const all = happenings({ ...scene, otherConfig });
  return {
    model: new HostModel(sessions, shadow, coordinators, all),
    happenings: [...all.keys()],
    commands: commandsOf(scene, limits),
  };
}

function commandsOf(scene: Scene, limits: CoordinatorLimits): ReadonlyMap<string, Stimulus> {
  const configure = (limit: number): Stimulus => ({
    kind: 'event',
    event: { type: 'CONFIGURE', limits: { ...limits, limit } } as { type: string },
  });
  const commands = new Map<string, Stimulus>([
    ['drain', { kind: 'event', event: { type: 'DRAIN' } }],
    ['drain deadline', { kind: 'timer' }],
  ]);
  if (scene.crashes > 0) commands.set('crashes forgotten', { kind: 'wait', ms: limits.restartWindowMs });
  if (scene.otherLimit !== undefined) {
    commands.set(`limit ${scene.otherLimit}`, configure(scene.otherLimit));
    commands.set(`limit ${scene.limit}`, configure(scene.limit));
  }
  return commands;
}

export function explore(scene: Scene, charts: Charts = REAL, invariants = INVARIANTS) {
  const { sessions, maxStates, maxDepth } = scene;
  return new Explorer({ ...settingOf(scene, charts, invariants), sessions, invariants, maxStates, maxDepth }).run();
}
