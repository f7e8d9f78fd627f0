import { SessionchartError } from '../../actors/errors.ts';
import { shownValue } from '../../services/config-field.ts';
import type { SimulationInvariant } from './simulation-types.ts';
import type { SimulationWorld } from './simulation-world.ts';

const ALLOWED = 'a text of what was seen, or undefined where it holds; invariants are synchronous';

/**
 * Asks the user's own invariants, until something is found. One that throws counts as broken.
 *
 * @throws SessionchartError `INVALID_CONFIG` for a verdict that is none: taken for an answer it would hide what was seen.
 */
export function askInvariants(
  world: SimulationWorld,
  own: readonly SimulationInvariant[],
  part: 'always' | 'atEnd',
): void {
  for (const invariant of own) {
    if (world.fault !== undefined) return;
    let verdict: unknown;
    try {
      verdict = invariant[part]?.(world);
    } catch (error) {
      // `undefined` may be thrown, too, and would not show that anything was.
      world.broken(invariant.name, wordsOf(error), error ?? new Error(`${error} was thrown`));
      return;
    }
    if (verdict === undefined) continue;
    if (typeof verdict !== 'string' || verdict === '') throw noVerdict(`${part}() of "${invariant.name}"`, verdict);
    world.broken(invariant.name, verdict);
  }
}

function noVerdict(name: string, verdict: unknown): SessionchartError {
  const isPromise = typeof (verdict as PromiseLike<unknown> | null)?.then === 'function';
  // Nobody else waits for it: its rejection would end the process.
  if (isPromise) Promise.resolve(verdict).catch(() => undefined);
  return new SessionchartError('INVALID_CONFIG', {
    message: `${name} returned ${isPromise ? 'a promise' : shownValue(verdict)}; allowed: ${ALLOWED}`,
    field: 'invariants',
    allowed: ALLOWED,
  });
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : shownValue(error);
