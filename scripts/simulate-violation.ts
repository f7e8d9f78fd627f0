import { SimulationError } from '../src/integration/testing/simulation-error.ts';

/** A seed whose run failed. */
export interface Violation {
  readonly seed: number;
  readonly invariant: string;
  readonly message: string;
}

/** What is told of a run that failed: here a command plays it again, in place of the call that the error names. */
export function violationOf(error: unknown, seed: number, hours: number | undefined): Violation {
  const replay = `replay: npm run simulate -- --seed ${seed}${hours === undefined ? '' : ` --hours ${hours}`}`;
  if (error instanceof SimulationError) {
    const message = error.message.replace(`replay: ${error.replay}`, () => replay);
    return { seed, invariant: error.invariant, message };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { seed, invariant: 'no exception', message: `${text}\n${replay}` };
}
