import { SessionchartError } from '../../actors/errors.ts';
import type { SimulationOptions } from './simulation-types.ts';

/** Operations that the message of an error lists; the rest is in `operations`. */
const LISTED_OPERATIONS = 40;

/** What a failed run has to tell. */
interface SimulationFailure {
  /** The options that the run was called with: `await simulate(error.options)` plays it again. */
  readonly options: Readonly<SimulationOptions>;
  readonly invariant: string;
  /** What was seen of it. */
  readonly seen: string;
  /** When it was seen: virtual time since the run began, ms. */
  readonly at: number;
  /** The operations up to there, oldest first, each with its time. */
  readonly operations: readonly string[];
  /** What an invariant of your own threw. */
  readonly cause?: unknown;
}

/**
 * A run in which something did not hold, or an invariant of your own threw (`cause`). The same seed and options give it
 * again. `code` is `SIMULATION_FAILED`.
 *
 * @example
 * ```ts
 * catch (error) {
 *   if (!(error instanceof SimulationError)) throw error;
 *   console.error(error.invariant, error.at, error.replay); // limit 1500 simulate({ seed: 7 })
 *   await simulate(error.options); // breaks in the same way
 * }
 * ```
 */
export class SimulationError extends SessionchartError implements SimulationFailure {
  override readonly name = 'SimulationError';
  readonly seed: number;
  readonly options: Readonly<SimulationOptions>;
  readonly invariant: string;
  readonly seen: string;
  readonly at: number;
  readonly operations: readonly string[];
  /** The call that plays the run again, as text; `options` holds what it is called with. */
  readonly replay: string;

  constructor({ options, invariant, seen, at, operations, cause }: SimulationFailure) {
    const replay = replayOf(options);
    const left = operations.length - LISTED_OPERATIONS;
    const listed = [...(left > 0 ? [`(${left} before)`] : []), ...operations.slice(-LISTED_OPERATIONS)];
    const verb = cause === undefined ? 'does not hold' : 'threw';
    const what = `invariant "${invariant}" ${verb} at ${(at / 1_000).toFixed(3)} s: ${seen}`;
    super('SIMULATION_FAILED', {
      message: `${what}\nreplay: ${replay}\noperations:\n${listed.join('\n')}`,
      cause,
    });
    this.seed = options.seed;
    this.options = options;
    this.invariant = invariant;
    this.seen = seen;
    this.at = at;
    this.operations = operations;
    this.replay = replay;
  }
}

function replayOf({ seed, ...others }: SimulationOptions): string {
  const isSeedAlone = Object.values(others).every(value => value === undefined);
  return isSeedAlone ? `simulate({ seed: ${seed} })` : `simulate({ seed: ${seed}, … the same options })`;
}
