import type { Clock, CredentialProvider } from '../../actors/ports.ts';
import type { EndReason } from '../../machines/session-types.ts';
import type { SessionState } from '../../services/session-api.ts';
import type { SessionManager } from '../../services/session-manager.ts';
import type { SessionManagerOptions } from '../../services/session-manager-options.ts';

/** What became of one session, as the events of the manager tell it. Times are ms on the clock of the run. */
export interface SimulatedSession {
  readonly sessionId: string;
  readonly state: SessionState;
  readonly admittedAt: number;
  readonly endedAt: number | undefined;
  readonly endReason: EndReason | undefined;
}

/** A run at one moment, as an invariant sees it. */
export interface SimulationView {
  readonly clock: Pick<Clock, 'now' | 'wall'>;
  readonly manager: SessionManager;
  /** Every session so far, in the order in which they were admitted. */
  readonly sessions: Iterable<SimulatedSession>;
}

/**
 * Something that must hold in every run; it has one part or both. Each returns at once (no promise) what it saw when it
 * does not hold, as a text, and otherwise `undefined`. To throw counts as not holding.
 */
export interface SimulationInvariant {
  /** None of {@link SIMULATION_INVARIANTS}. */
  readonly name: string;
  /** Looked at after each operation and at each instant at which a timer was due, once promises have settled. */
  always?(view: SimulationView): string | undefined;
  /** Looked at when the manager has been disposed of and everything that was late has come. */
  atEnd?(view: SimulationView): string | undefined;
}

/** Options of {@link simulate}; what the seed is not given it draws. */
export interface SimulationOptions {
  /** Fixes everything that is left to chance: a whole number from 0 to 4294967295. */
  readonly seed: number;
  /** Virtual time after which the run is brought to its end, hours: more than 0, at most 100000. [hours=100000] */
  readonly hours?: number;
  /** What must hold: names of {@link SIMULATION_INVARIANTS}, and invariants of your own. [invariants=all of them] */
  readonly invariants?: readonly (string | SimulationInvariant)[];
  /** Makes the manager of the run from the options that were drawn. [manager=createSessionManager] */
  readonly manager?: (options: SessionManagerOptions) => SessionManager;
  /** How many operations are called, besides those that collaborators call: 1 to 10000. */
  readonly operations?: number;
  /**
   * Your own provider, on the clock of the run; a drawn one mints, fails, hangs and talks nonsense. It may wait on that
   * clock and on promises, and on nothing else: with real timers or I/O a run is not the same each time. What it does is
   * not judged here; `credentialProviderContract` does that.
   */
  readonly provider?: (clock: Clock) => CredentialProvider;
  /** How many sessions are started at most: 1 to 1000. */
  readonly sessions?: number;
}

/** What a run did. Equal seeds and options give equal results. */
export interface SimulationResult {
  readonly seed: number;
  readonly operations: number;
  readonly sessions: number;
  /** Over all sessions, from the admission to the end. */
  readonly sessionHours: number;
  readonly mints: number;
  readonly crashes: number;
  readonly events: number;
  /** Names of what was looked at. */
  readonly invariants: readonly string[];
  /** SHA-256 over every event, operation and answer with its time. */
  readonly digest: string;
}
