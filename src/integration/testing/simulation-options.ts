import type { CredentialProvider } from '../../actors/ports.ts';
import { notAllowed, notKnown } from '../../services/config-field.ts';
import type { SessionManager } from '../../services/session-manager.ts';
import { SIMULATION_INVARIANTS } from './simulation-invariants.ts';
import type { SimulationInvariant, SimulationOptions } from './simulation-types.ts';

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

/** The options of a run, looked over. */
interface Chosen {
  readonly chosen: Readonly<SimulationOptions>;
  /** Names of what is looked at. */
  readonly names: ReadonlySet<string>;
  /** The user's own invariants among them. */
  readonly own: readonly SimulationInvariant[];
}

/** @throws SessionchartError `INVALID_CONFIG`, naming the option, its value and what is allowed. */
export function checkOptions(options: SimulationOptions): Chosen {
  if (typeof options !== 'object' || options === null) throw notAllowed('options', options, 'an object with a seed');
  const chosen = Object.freeze({ ...options });
  for (const name of Object.keys(chosen)) {
    if (!(OPTION_NAMES as readonly string[]).includes(name)) throw notKnown(name, OPTION_NAMES);
  }
  const { seed, hours, sessions, operations, manager, provider, invariants } = chosen;
  whole('seed', seed, 0, LARGEST_SEED);
  if (sessions !== undefined) whole('sessions', sessions, 1, 1_000);
  if (operations !== undefined) whole('operations', operations, 1, 10_000);
  if (hours !== undefined && !(typeof hours === 'number' && hours > 0 && hours <= 100_000)) {
    throw notAllowed('hours', hours, 'more than 0, at most 100000');
  }
  if (manager !== undefined && typeof manager !== 'function') throw notAllowed('manager', manager, 'a function');
  if (provider !== undefined && typeof provider !== 'function') throw notAllowed('provider', provider, 'a function');
  return { chosen, ...invariantsOf(invariants) };
}

/**
 * What the option `provider` returned. One that is none would leave the run without the credentials that it is about.
 *
 * @throws SessionchartError `INVALID_CONFIG`.
 */
export function checkProvider(provider: unknown): CredentialProvider {
  const { mint, revoke } = partsOf('provider()', provider, 'a provider, at once: an object with mint()');
  if (typeof mint !== 'function') throw notAllowed('provider().mint', mint, 'a function');
  if (revoke !== undefined && typeof revoke !== 'function') throw notAllowed('provider().revoke', revoke, 'a function');
  return provider as CredentialProvider;
}

/**
 * What the option `manager` returned.
 *
 * @throws SessionchartError `INVALID_CONFIG`.
 */
export function checkManager(manager: unknown): SessionManager {
  const allowed = 'a session manager, at once';
  const { initialize, startSession } = partsOf('manager()', manager, allowed);
  if (typeof initialize === 'function' && typeof startSession === 'function') return manager as SessionManager;
  throw notAllowed('manager()', manager, allowed);
}

function partsOf(name: string, value: unknown, allowed: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || value instanceof Promise) throw notAllowed(name, value, allowed);
  return value as Readonly<Record<string, unknown>>;
}

function invariantsOf(invariants: unknown = KNOWN): Pick<Chosen, 'names' | 'own'> {
  if (!Array.isArray(invariants) || invariants.length === 0) {
    throw notAllowed('invariants', invariants, 'a list of names and invariants that is not empty');
  }
  const names = new Set<string>();
  const own: SimulationInvariant[] = [];
  for (const [index, each] of (invariants as readonly unknown[]).entries()) {
    if (typeof each !== 'object' || each === null) {
      if (typeof each !== 'string' || !KNOWN.includes(each)) {
        throw notAllowed('invariants', each, `${KNOWN.join(', ')}, or an object with a name`);
      }
      names.add(each);
      continue;
    }
    const invariant = ownInvariant(`invariants[${index}]`, each as Readonly<Record<string, unknown>>);
    if (own.some(({ name }) => name === invariant.name)) {
      throw notAllowed(`invariants[${index}].name`, invariant.name, 'a name that no other one of the list has');
    }
    own.push(invariant);
    names.add(invariant.name);
  }
  return { names, own };
}

function ownInvariant(place: string, invariant: Readonly<Record<string, unknown>>): SimulationInvariant {
  const { name, always, atEnd } = invariant;
  if (typeof name !== 'string' || name === '') throw notAllowed(`${place}.name`, name, 'a text that is not empty');
  if (KNOWN.includes(name)) throw notAllowed(`${place}.name`, name, 'a name that SIMULATION_INVARIANTS does not have');
  for (const [part, value] of Object.entries({ always, atEnd })) {
    if (value !== undefined && typeof value !== 'function') throw notAllowed(`${place}.${part}`, value, 'a function');
  }
  if (always === undefined && atEnd === undefined) {
    throw notAllowed(place, invariant, 'a name with always(), atEnd() or both: without them nothing is looked at');
  }
  return invariant as unknown as SimulationInvariant;
}

function whole(name: string, value: unknown, min: number, max: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw notAllowed(name, value, `a whole number, ${min} to ${max}`);
}
