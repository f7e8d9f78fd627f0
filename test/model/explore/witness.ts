import type { SessionReport } from '../../../src/machines/session-report.ts';
import type { Stamped, World } from '../chart-lab.ts';
import type { Watch } from './watch.ts';

/** One step of a session, as the rules look at it. */
export interface Witness {
  /** Nothing before it is the start. */
  readonly before: World | undefined;
  readonly event: Stamped;
  /** An answer to an attempt that is over. */
  readonly late: boolean;
  readonly after: World;
  readonly was: Watch;
  readonly is: Watch;
  /** Actors that were stopped on purpose. */
  readonly stopped: readonly string[];
  readonly reports: readonly SessionReport[];
}

/** A rule: says what is wrong, or nothing. */
export type SessionRule = (step: Witness) => string | undefined;

export const serves = (world: World): boolean => world.snapshot.hasTag('serving');

/** A timer that fires in this very instant. */
export const isDueNow = ({ timers, now }: World, name: string): boolean =>
  [...timers].some(([id, { dueAt }]) => id.startsWith(`xstate.after.${name}.`) && dueAt <= now);

/** A time as people read it. */
export const secondsOf = (ms: number): string => `${ms / 1_000} s`;
