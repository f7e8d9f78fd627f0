import type { AnyStateMachine } from 'xstate';
import {
  type CoordinatorContext,
  type CoordinatorLimits,
  DRAIN_DEADLINE_MS,
} from '../../../src/machines/coordinator.ts';
import { ChartLab, type Order, type Stimulus, type World } from '../chart-lab.ts';
import { CANONICAL_NOW } from './canonical.ts';

/** The coordinator told of a session that is not in its queue. */
export const OTHER = 'other';
export const placeName = (place: number): string => `w${place}`;

/** The coordinator at one moment, with what an observer who knows the rules remembers of it. */
export interface CoordinatorMoment {
  readonly world: World;
  /** Sessions that crashed within the window. */
  readonly crashed: number;
  /** The limit that was set last. */
  readonly limit: number;
  /** It was told to drain. */
  readonly drains: boolean;
}

export interface CoordinatorStep {
  readonly moment: CoordinatorMoment;
  /** What it ordered, with the sessions by place in the queue before the step, or as {@link OTHER}. */
  readonly orders: readonly Order[];
  /** The queue after the step, in the names of before. */
  readonly queue: readonly string[];
}

/** The coordinator chart, one step at a time. It knows those who wait by their place, so equal queues are equal. */
export class CoordinatorModel {
  readonly #lab: ChartLab;
  readonly #canonical: boolean;

  constructor(
    machine: AnyStateMachine,
    limits: CoordinatorLimits,
    isCanonical: boolean,
    alter?: (copy: AnyStateMachine) => void,
  ) {
    this.#lab = new ChartLab(machine, limits, alter);
    this.#canonical = isCanonical;
  }

  begin(at: number = CANONICAL_NOW): CoordinatorMoment {
    const { world } = this.#settle(this.#lab.begin({ at }).world);
    return { world, crashed: 0, limit: contextOf(world).limit, drains: false };
  }

  step(moment: CoordinatorMoment, stimulus: Stimulus): CoordinatorStep | undefined {
    const step = this.#lab.step(moment.world, stimulus);
    if (step === undefined) return undefined;
    const { world, queue } = this.#settle(step.world);
    return { orders: step.orders, queue, moment: { ...this.#watched(moment, stimulus), world } };
  }

  #watched(moment: CoordinatorMoment, stimulus: Stimulus): CoordinatorMoment {
    if (stimulus.kind === 'wait') return { ...moment, crashed: 0 };
    if (stimulus.kind !== 'event') return moment;
    const event = stimulus.event as { readonly type: string; readonly limits?: CoordinatorLimits };
    if (event.type === 'CRASHED') return { ...moment, crashed: moment.crashed + 1 };
    if (event.type === 'DRAIN') return { ...moment, drains: true };
    return event.type === 'CONFIGURE' && event.limits !== undefined ? { ...moment, limit: event.limits.limit } : moment;
  }

  #settle(world: World): { world: World; queue: readonly string[] } {
    const context = contextOf(world);
    const queue = context.waiting;
    const by = this.#canonical ? CANONICAL_NOW - world.now : 0;
    const crashes = this.#canonical ? agesOf(context, world.now) : context.crashes;
    const next: CoordinatorContext = {
      ...context,
      waiting: queue.map((_, place) => placeName(place)),
      crashes,
    };
    const drainAt = CANONICAL_NOW + DRAIN_DEADLINE_MS;
    const timers = [...world.timers].map(
      ([id, { event, dueAt }]) => [id, { event, dueAt: this.#canonical ? drainAt : dueAt }] as const,
    );
    const snapshot = { ...world.snapshot, context: next } as World['snapshot'];
    return { world: { snapshot, now: world.now + by, timers: new Map(timers) }, queue };
  }
}

/** Which of the crashes within the window is older decides nothing, nor how old those are that are beyond it. */
function agesOf({ crashes, restartWindowMs, maxRestarts }: CoordinatorContext, now: number): number[] {
  const old = crashes.filter(at => now - at >= restartWindowMs);
  const recent = crashes.length - old.length;
  return [
    ...old.slice(0, maxRestarts + 1).map(() => CANONICAL_NOW - restartWindowMs),
    ...Array<number>(recent).fill(CANONICAL_NOW),
  ];
}

export const contextOf = ({ snapshot }: World): CoordinatorContext => snapshot.context as CoordinatorContext;

export function coordinatorKey({ world: { snapshot, now, timers }, ...watch }: CoordinatorMoment): string {
  const dueAt = [...timers.values()].map(timer => timer.dueAt);
  return JSON.stringify([now, snapshot.value, snapshot.context, dueAt, watch]);
}
