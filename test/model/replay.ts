import { type AnyActorRef, type AnyStateMachine, createActor, fromPromise } from 'xstate';
import { useActorTimers } from '../../src/actors/actor-timers.ts';
import { stampedLogic } from '../../src/actors/stamped-logic.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import type { ChartLab, World } from './chart-lab.ts';
import type { Path } from './edge-tour.ts';

/** Where the clock of a world in the lab begins, ms. */
const START_MS = 1_000_000;

/** Lets promises settle; timers stay where they are, so that each is a step of its own. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

export interface Pending {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What a replay ended in, and what it left behind. */
export interface Replayed {
  readonly mismatch: string | undefined;
  readonly timersLeft: number;
}

/**
 * Takes a path on a real actor, with real timers on a virtual clock and promise actors that answer as the path says,
 * and compares each moment with what the pure chart says.
 *
 * @param more happens after the path and must change nothing.
 */
export async function replay(
  lab: ChartLab,
  machine: AnyStateMachine,
  children: readonly string[],
  input: object,
  path: Path,
  more: (actor: AnyActorRef, pending: ReadonlyMap<string, Pending>) => void = () => undefined,
): Promise<Replayed> {
  const clock = new VirtualClock(START_MS);
  const pending = new Map<string, Pending>();
  const actors = Object.fromEntries(
    children.map(name => [
      name,
      fromPromise(() => new Promise((resolve, reject) => pending.set(name, { resolve, reject }))),
    ]),
  );
  const logic = stampedLogic(machine.provide({ actors } as never), clock);
  const actor = createActor(logic, { input, clock } as never);
  useActorTimers(actor.system, clock);
  actor.subscribe({ error: () => undefined });
  actor.start();

  let world: World = lab.begin().world;
  let mismatch = difference(world, actor.getSnapshot());
  for (const stimulus of path) {
    if (mismatch !== undefined) break;
    const next = lab.step(world, stimulus)?.world;
    if (next === undefined) throw new Error(`the path cannot be taken: ${JSON.stringify(stimulus)}`);
    if (stimulus.kind === 'event') actor.send(stimulus.event as never);
    else if (stimulus.kind === 'answer') pending.get(stimulus.child)?.resolve(stimulus.output);
    else if (stimulus.kind === 'refusal') pending.get(stimulus.child)?.reject(stimulus.error);
    else if (stimulus.kind === 'timer') clock.step();
    else clock.advanceSync(stimulus.ms);
    await settled();
    world = next;
    const found = difference(world, actor.getSnapshot());
    if (found !== undefined) mismatch = `after ${JSON.stringify(stimulus)}: ${found}`;
  }
  if (mismatch === undefined) {
    more(actor, pending);
    await settled();
    const found = difference(world, actor.getSnapshot());
    if (found !== undefined) mismatch = `at the end: ${found}`;
  }
  actor.stop();
  return { mismatch, timersLeft: clock.pending };
}

function difference(
  world: World,
  snapshot: { readonly value: unknown; readonly context: unknown },
): string | undefined {
  const expected = JSON.stringify([world.snapshot.value, world.snapshot.context]);
  const actual = JSON.stringify([snapshot.value, snapshot.context]);
  return expected === actual ? undefined : `the chart says ${expected}, the actor is ${actual}`;
}
