import { notAllowed, notKnown } from '../../services/config-field.ts';
import { createSessionManager } from '../../services/session-manager.ts';
import { SeededRandom } from './random.ts';
import { SimulationError } from './simulation-error.ts';
import { checkAlways, checkAtEnd, SIMULATION_INVARIANTS } from './simulation-invariants.ts';
import { dispose, END_LIMIT_MS, perform, react } from './simulation-operations.ts';
import { Outside } from './simulation-outside.ts';
import { partsOf } from './simulation-parts.ts';
import { planOf } from './simulation-plan.ts';
import type { SimulationInvariant, SimulationOptions, SimulationResult } from './simulation-types.ts';
import { SimulationWorld } from './simulation-world.ts';

const OPTION_NAMES: readonly (keyof SimulationOptions)[] = [
  'hours',
  'invariants',
  'manager',
  'operations',
  'provider',
  'seed',
  'sessions',
];
const KNOWN = Object.keys(SIMULATION_INVARIANTS);
const LARGEST_SEED = 2 ** 32 - 1;
const HOUR_MS = 3_600_000;
/** Nothing that a drawn collaborator does is later than this, ms. */
const LATEST_ANSWER_MS = 120_000;
/** Operations that call each other back do so this deep. */
const DEEPEST = 3;

interface Chosen {
  readonly names: ReadonlySet<string>;
  readonly own: readonly SimulationInvariant[];
}

/**
 * One run of a session manager in a world of virtual time that a seed has drawn: its configuration, what users, clock
 * and machine do to it, and a provider, a channel, hooks and listeners that fail, hang, answer late and call back. What
 * must hold is looked at after each operation and at every instant at which something was due.
 *
 * @throws SessionchartError `INVALID_CONFIG` for an option that is not allowed; {@link SimulationError}
 * (`SIMULATION_FAILED`) with the operations and the way to play them again if something does not hold.
 *
 * @example
 * ```ts
 * for (let seed = 0; seed < 1_000; seed++) await simulate({ seed, provider: clock => new MyProvider(clock) });
 * ```
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const chosen = checkOptions(options);
  const random = new SeededRandom(options.seed);
  const plan = planOf(random.fork('plan'), options);
  const look = (): void => {
    if (world.isOver) return;
    checkAlways(world);
    for (const invariant of chosen.own) {
      const seen = invariant.always?.(world);
      if (seen !== undefined) world.broken(invariant.name, seen);
    }
  };
  const world = new SimulationWorld(plan, random, chosen.names, look);
  const reactions = random.fork('reactions');
  const outside = new Outside(world, options.provider?.(world.clock.outside), () => {
    if (world.depth < DEEPEST && reactions.chance(plan.reentrance)) react(world, reactions);
  });
  const throwIfBroken = (): void => {
    if (world.fault !== undefined) throw new SimulationError({ seed: options.seed, ...world.fault });
  };

  const parts = await partsOf(world, outside);
  world.adopt((options.manager ?? createSessionManager)(parts.options));
  await world.manager.initialize();
  if (plan.reentrance > 0) misbehave(world, outside);

  const end = world.clock.outside.now() + plan.untilMs;
  let performed = 0;
  for (; performed < plan.operations && world.clock.outside.now() < end; performed++) {
    const chance = random.fork(`operation ${performed}`);
    await perform(world, chance);
    await world.clock.advance(0);
    throwIfBroken();
    const [shortest, longest] = plan.waitsMs;
    const wait = chance.chance(0.25) ? chance.pick([0, 1, 999, 1_000, 10_000]) : chance.spread(shortest, longest);
    await world.clock.advance(Math.min(Math.round(wait), end - world.clock.outside.now()));
    throwIfBroken();
  }
  dispose(world);
  await world.clock.advance(END_LIMIT_MS);
  throwIfBroken();
  parts.dispose();
  world.isOver = true;
  await world.clock.advance(LATEST_ANSWER_MS);
  checkAtEnd(world);
  for (const invariant of chosen.own) {
    const seen = invariant.atEnd?.(world);
    if (seen !== undefined) world.broken(invariant.name, seen);
  }
  throwIfBroken();
  let lived = 0;
  for (const { admittedAt, endedAt = admittedAt } of world.sessions) lived += endedAt - admittedAt;
  const { mints, crashes, events, digest } = world;
  return Object.freeze({
    seed: options.seed,
    operations: performed,
    sessions: world.stories.size,
    sessionHours: lived / HOUR_MS,
    mints,
    crashes,
    events,
    invariants: Object.freeze([...chosen.names]),
    digest,
  });
}

/** Adds listeners to everything, of the kind that throws, hangs and calls back. */
function misbehave({ manager }: SimulationWorld, { listener }: Outside): void {
  manager.onSessionStarted(listener);
  manager.onSessionEnded(listener);
  manager.onSessionRenewed(listener);
  manager.onSessionError(listener);
  manager.onSessionStateChanged(listener);
  manager.onSessionWarning(listener);
}

function checkOptions(options: SimulationOptions): Chosen {
  if (typeof options !== 'object' || options === null) throw notAllowed('options', options, 'an object with a seed');
  for (const name of Object.keys(options)) {
    if (!(OPTION_NAMES as readonly string[]).includes(name)) throw notKnown(name, OPTION_NAMES);
  }
  const { seed, hours, sessions, operations, manager, provider, invariants } = options;
  whole('seed', seed, 0, LARGEST_SEED);
  if (sessions !== undefined) whole('sessions', sessions, 1, 1_000);
  if (operations !== undefined) whole('operations', operations, 1, 10_000);
  if (hours !== undefined && !(typeof hours === 'number' && hours > 0 && hours <= 100_000)) {
    throw notAllowed('hours', hours, 'more than 0, at most 100000');
  }
  if (manager !== undefined && typeof manager !== 'function') throw notAllowed('manager', manager, 'a function');
  if (provider !== undefined && typeof provider !== 'function') throw notAllowed('provider', provider, 'a function');
  return chosenOf(invariants);
}

function chosenOf(invariants: SimulationOptions['invariants'] = KNOWN): Chosen {
  const names = new Set<string>();
  const own: SimulationInvariant[] = [];
  if (!Array.isArray(invariants) || invariants.length === 0) {
    throw notAllowed('invariants', invariants, 'a list of names and invariants that is not empty');
  }
  for (const each of invariants as readonly unknown[]) {
    const invariant = each as SimulationInvariant;
    const isOwn = typeof each === 'object' && each !== null && typeof invariant.name === 'string';
    if (isOwn) own.push(invariant);
    else if (typeof each !== 'string' || !KNOWN.includes(each)) {
      throw notAllowed('invariants', each, `${KNOWN.join(', ')}, or an object with a name`);
    }
    names.add(isOwn ? invariant.name : String(each));
  }
  return { names, own };
}

function whole(name: string, value: unknown, min: number, max: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw notAllowed(name, value, `a whole number, ${min} to ${max}`);
}
