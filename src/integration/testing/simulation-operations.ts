import type { TransportState } from '../../machines/session-types.ts';
import type { EndCallReason } from '../../services/session-manager-checks.ts';
import type { SeededRandom } from './random.ts';
import { configOf } from './simulation-plan.ts';
import type { Story } from './simulation-story.ts';
import { CANARY, type SimulationWorld } from './simulation-world.ts';

const NEVER_LATE = Number.POSITIVE_INFINITY;
/** An end is over within this time, whatever anybody does, ms. */
export const END_LIMIT_MS = 2_000;
/** The wall clock is set wrong by more than a year at most, ms. */
const LONGEST_JUMP_MS = 400 * 86_400_000;

/** The codes that a call may be refused with. */
const CLOSED = ['MANAGER_NOT_READY'];
const STARTS = [...CLOSED, 'SESSION_LIMIT_REACHED', 'SESSION_QUEUE_FULL', 'SESSION_START_FAILED', 'SESSION_ENDED'];
const MOVES = [...CLOSED, 'SESSION_NOT_FOUND', 'SESSION_NOT_ACTIVE'];

/** An event whose parts throw when they are read: the session actor that looks at it throws. */
const POISON = {
  type: 'CONFIGURE',
  get config(): never {
    throw new Error('poison');
  },
};

/** Whom an operation is about. There need not be a session of this id. */
interface Target {
  readonly id: string;
  readonly story: Story | undefined;
  readonly random: SeededRandom;
}

interface Operation {
  /** How often it is chosen at the top, and by a collaborator that calls back. */
  readonly weights: readonly [number, number];
  perform(world: SimulationWorld, target: Target): void | Promise<void>;
}

const plainly = (world: SimulationWorld, call: () => void): void =>
  world.call('a report', CLOSED, NEVER_LATE, async () => call());

const drawnState = (random: SeededRandom): TransportState =>
  random.pick(['connected', 'connected', 'connecting', 'disconnected', 'failed']);

/** Whether what is called now is sure to reach a session at rest, in the state that was told last. */
const isCertain = (world: SimulationWorld, story: Story): boolean =>
  world.depth === 0 && world.manager.isInitialized() && story.isLive && story.state !== 'ending';

/** Everything that users, transports and machines do to a manager. */
const OPERATIONS = {
  start: {
    weights: [20, 8],
    perform(world, { random }) {
      if (world.started >= world.plan.sessions) return;
      world.started += 1;
      const patch = random.chance(0.5) ? {} : configOf(random, world.plan.pace);
      world.noteOperation(`start ${JSON.stringify(patch)}`);
      world.call('start', STARTS, NEVER_LATE, () => world.manager.startSession(patch));
    },
  },
  end: {
    weights: [4, 6],
    perform(world, { id, random }) {
      const reason = random.pick<EndCallReason>(['user', 'user', 'provider-ended', 'connection-lost', 'recovery']);
      const target = random.chance(0.1) ? undefined : id;
      world.noteOperation(`end ${target ?? 'the current session'} (${reason})`);
      world.call(`end ${target}`, CLOSED, END_LIMIT_MS, () => world.manager.endSession(target, reason));
    },
  },
  endSync: {
    weights: [2, 2],
    perform(world, { id }) {
      world.noteOperation(`end ${id} without waiting`);
      plainly(world, () => world.manager.endSessionSync(id));
    },
  },
  pause: {
    weights: [6, 6],
    perform(world, { id }) {
      world.noteOperation(`pause ${id}`);
      world.call(`pause ${id}`, MOVES, NEVER_LATE, () => world.manager.pauseSession(id));
    },
  },
  resume: {
    weights: [9, 9],
    perform(world, { id }) {
      world.noteOperation(`resume ${id}`);
      world.call(`resume ${id}`, MOVES, NEVER_LATE, () => world.manager.resumeSession(id));
    },
  },
  renew: {
    weights: [8, 8],
    perform(world, { id }) {
      world.noteOperation(`renew ${id}`);
      world.call(`renew ${id}`, [], NEVER_LATE, () => world.manager.renewSession(id));
    },
  },
  activity: {
    weights: [14, 14],
    perform(world, { id, story }) {
      world.noteOperation(`activity ${id}`);
      if (world.manager.isInitialized()) story?.touched(world.clock.outside.now(), isCertain(world, story));
      world.call(`activity ${id}`, CLOSED, NEVER_LATE, () => world.manager.resetInactivityTimer(id));
    },
  },
  transport: {
    weights: [6, 6],
    perform(world, { id, random }) {
      const state = drawnState(random);
      world.noteOperation(`transport of ${id}: ${state}`);
      plainly(world, () => world.manager.reportTransport(id, { state }));
    },
  },
  refuse: {
    weights: [3, 3],
    perform(world, { id, random }) {
      const state = drawnState(random);
      const credential = random.chance(0.5) ? world.manager.credentialFor(id) : undefined;
      world.noteOperation(`credential of ${id} refused, transport: ${state}`);
      const report = { state, credentialRefused: true, ...(credential && { credential }) };
      plainly(world, () => world.manager.reportTransport(id, report));
    },
  },
  cap: {
    weights: [3, 3],
    perform(world, { id, story, random }) {
      const now = world.clock.outside.now();
      const sign = random.chance(0.9) ? 1 : -1;
      const capAt = now + sign * Math.round(random.spread(1, 20 * world.plan.waitsMs[1]));
      world.noteOperation(`server ends ${id} in ${capAt - now} ms`);
      if (story !== undefined && story.state !== 'ending') story.capped(capAt, isCertain(world, story));
      const report = { state: drawnState(random), expiresAt: capAt - now + world.clock.wall() };
      plainly(world, () => world.manager.reportTransport(id, report));
    },
  },
  configure: {
    weights: [6, 6],
    perform(world, { id, random }) {
      const patch = configOf(random, world.plan.pace);
      world.noteOperation(`configure ${id} ${JSON.stringify(patch)}`);
      world.call(`configure ${id}`, MOVES, NEVER_LATE, () => world.manager.updateSessionConfig(id, patch));
    },
  },
  settings: {
    weights: [4, 0],
    perform(world, { random }) {
      const { settings } = world;
      if (settings === undefined) return;
      const session = { maxConcurrentSessions: random.integer(1, 8), ...configOf(random, world.plan.pace) };
      world.noteOperation(`settings ${JSON.stringify(session)}`);
      settings.replace({ session });
    },
  },
  crash: {
    weights: [4, 4],
    perform(world, { id }) {
      const actor = world.actors.get(id);
      if (actor?.getSnapshot().status === 'active') {
        world.noteOperation(`the actor of ${id} throws`);
        actor.send(POISON);
      } else if (world.depth === 0 && !world.plan.has.inspector) {
        world.noteOperation(`the actor of ${id} throws`);
        world.clock.brokenDuring(() => void world.manager.resetInactivityTimer(id).catch(() => undefined));
      }
    },
  },
  read: {
    weights: [4, 4],
    perform(world, { id }) {
      const { manager } = world;
      const info = manager.getSessionInfo(id);
      const seen = [info, manager.getCurrentSession(), manager.getAllSessions(), manager.explain(id)];
      if (world.plan.has.canary) world.lookFor(CANARY, [seen, manager.credentialFor(id)]);
      world.call(`health ${id}`, MOVES, NEVER_LATE, () => manager.testSessionHealth(id));
      if (info !== undefined) plainly(world, () => void manager.getSessionDiagnostics(id));
    },
  },
  sleep: {
    weights: [3, 0],
    async perform(world, { random }) {
      const ms = Math.round(random.spread(1, 3 * world.plan.waitsMs[1]));
      world.noteOperation(`the machine sleeps for ${ms} ms`);
      await world.clock.sleep(ms);
    },
  },
  wall: {
    weights: [2, 0],
    perform(world, { random }) {
      const ms = Math.round((random.chance(0.5) ? 1 : -1) * random.spread(1, LONGEST_JUMP_MS));
      world.noteOperation(`the wall clock jumps by ${ms} ms`);
      world.clock.setWall(world.clock.wall() + ms);
    },
  },
  nothing: { weights: [6, 0], perform: () => undefined },
  dispose: { weights: [0.3, 0.05], perform: dispose },
} as const satisfies Record<string, Operation>;

const weightsOf = (place: 0 | 1): Record<string, number> =>
  Object.fromEntries(Object.entries(OPERATIONS).map(([name, { weights }]) => [name, weights[place]]));
const AT_THE_TOP = weightsOf(0);
const FROM_INSIDE = weightsOf(1);

/** One operation from the top. Resolves when the machine is awake again. */
export async function perform(world: SimulationWorld, random: SeededRandom): Promise<void> {
  const operation: Operation = OPERATIONS[random.weighted(AT_THE_TOP) as keyof typeof OPERATIONS];
  await operation.perform(world, someSession(world, random));
}

/** One operation from inside a collaborator. */
export function react(world: SimulationWorld, random: SeededRandom): void {
  const operation: Operation = OPERATIONS[random.weighted(FROM_INSIDE) as keyof typeof OPERATIONS];
  world.depth += 1;
  try {
    void operation.perform(world, someSession(world, random));
  } finally {
    world.depth -= 1;
  }
}

export function dispose(world: SimulationWorld): void {
  world.noteOperation('dispose');
  world.call('dispose', [], END_LIMIT_MS, () => world.manager[Symbol.asyncDispose]());
}

/** Mostly a session that lives; now and then one that is gone, or none. */
function someSession(world: SimulationWorld, random: SeededRandom): Target {
  const all = [...world.stories.values()];
  const living = all.filter(story => story.endedAt === undefined);
  const from = living.length > 0 && random.chance(0.93) ? living : all;
  const story = from[random.integer(0, Math.max(0, from.length - 1))];
  return { id: story?.sessionId ?? 'nobody', story, random };
}
