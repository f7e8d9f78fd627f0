import { SessionchartError } from '../../actors/errors.ts';

/** Operations that the message of an error lists; the rest is in `operations`. */
const LISTED_OPERATIONS = 40;

/** What a failed run has to tell. */
interface SimulationFailure {
  readonly seed: number;
  readonly invariant: string;
  /** What was seen of it. */
  readonly seen: string;
  /** The operations up to there, oldest first, each with its time. */
  readonly operations: readonly string[];
}

/**
 * A run in which something did not hold. The same seed and options give it again.
 *
 * @example
 * ```ts
 * catch (error) {
 *   if (error instanceof SimulationError) console.error(error.invariant, error.replay); // limit, npm run simulate -- --seed 7
 * }
 * ```
 */
export class SimulationError extends SessionchartError implements SimulationFailure {
  readonly seed: number;
  readonly invariant: string;
  readonly seen: string;
  readonly operations: readonly string[];
  /** The command that plays the run again. */
  readonly replay: string;

  constructor({ seed, invariant, seen, operations }: SimulationFailure) {
    const replay = `npm run simulate -- --seed ${seed}`;
    const left = operations.length - LISTED_OPERATIONS;
    const listed = [...(left > 0 ? [`(${left} before)`] : []), ...operations.slice(-LISTED_OPERATIONS)];
    super('SIMULATION_FAILED', {
      message: `invariant "${invariant}" does not hold: ${seen}\nreplay: ${replay}\noperations:\n${listed.join('\n')}`,
    });
    this.seed = seed;
    this.invariant = invariant;
    this.seen = seen;
    this.operations = operations;
    this.replay = replay;
  }
}
