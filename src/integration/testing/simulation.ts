import { createSessionManager } from '../../services/session-manager.ts';
import { SeededRandom } from './random.ts';
import { SimulationError } from './simulation-error.ts';
import { checkAlways, checkAtEnd } from './simulation-invariants.ts';
import { dispose, END_LIMIT_MS, perform, react } from './simulation-operations.ts';
import { checkManager, checkOptions, checkProvider } from './simulation-options.ts';
import { Outside } from './simulation-outside.ts';
import { partsOf } from './simulation-parts.ts';
import { planOf } from './simulation-plan.ts';
import type { SimulationOptions, SimulationResult } from './simulation-types.ts';
import { askInvariants } from './simulation-verdict.ts';
import { SimulationWorld } from './simulation-world.ts';

const HOUR_MS = 3_600_000;
/** Nothing that a drawn collaborator does is later than this, ms. */
const LATEST_ANSWER_MS = 120_000;
/** Operations that call each other back do so this deep. */
const DEEPEST = 3;

/**
 * One run of a session manager in a world of virtual time that a seed has drawn: its configuration, what users, clock
 * and machine do to it, and a provider, a channel, hooks and listeners that fail, hang, answer late and call back. What
 * must hold is looked at after each operation and at every instant at which something was due.
 *
 * @throws SessionchartError `INVALID_CONFIG` for an option that is not allowed; {@link SimulationError}
 * (`SIMULATION_FAILED`) with the operations and the way to play them again if something does not hold, or an invariant
 * of your own throws.
 *
 * @example
 * ```ts
 * for (let seed = 0; seed < 1_000; seed++) await simulate({ seed, provider: clock => new MyProvider(clock) });
 * ```
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { chosen, names, own } = checkOptions(options);
  const random = new SeededRandom(chosen.seed);
  const plan = planOf(random.fork('plan'), chosen);
  const look = (): void => {
    if (world.isOver) return;
    checkAlways(world);
    askInvariants(world, own, 'always');
  };
  const world = new SimulationWorld(plan, random, names, look);
  const reactions = random.fork('reactions');
  const provider = chosen.provider && checkProvider(chosen.provider(world.clock.outside));
  const outside = new Outside(world, provider, () => {
    if (world.depth < DEEPEST && reactions.chance(plan.reentrance)) react(world, reactions);
  });
  const throwIfBroken = (): void => {
    if (world.fault !== undefined) throw new SimulationError({ options: chosen, ...world.fault });
  };

  const parts = await partsOf(world, outside);
  world.adopt(checkManager((chosen.manager ?? createSessionManager)(parts.options)));
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
  askInvariants(world, own, 'atEnd');
  throwIfBroken();
  let lived = 0;
  for (const { admittedAt, endedAt = admittedAt } of world.sessions) lived += endedAt - admittedAt;
  const { mints, crashes, events, digest } = world;
  return Object.freeze({
    seed: chosen.seed,
    operations: performed,
    sessions: world.stories.size,
    sessionHours: lived / HOUR_MS,
    mints,
    crashes,
    events,
    invariants: Object.freeze([...names]),
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
