import { SessionchartError } from '../../actors/errors.ts';
import { notAllowed, notKnown } from '../../services/config-field.ts';

/** @throws SessionchartError `INVALID_CONFIG` where `value` is no object, or has a part that nobody knows. */
export function checkParts(name: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null) throw notAllowed(name, value, `an object with ${known.join(', ')}`);
  for (const key of Object.keys(value)) if (!known.includes(key)) throw notKnown(key, known);
}

/** @throws SessionchartError `INVALID_CONFIG` where `value` is given, and lacks one of these methods. */
export function checkMethods(name: string, value: unknown, methods: readonly string[]): void {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null)
    throw notAllowed(name, value, `an object with ${methods.join(', ')}`);
  for (const method of methods) {
    const part: unknown = Reflect.get(value, method);
    if (typeof part !== 'function') throw notAllowed(`${name}.${method}`, part, 'a function');
  }
}

/** @throws SessionchartError `INVALID_CONFIG` where `value` is given, and is no function. */
export function checkFunction(name: string, value: unknown, allowed: string): void {
  if (value !== undefined && typeof value !== 'function') throw notAllowed(name, value, allowed);
}

/**
 * A function that makes what is judged. A class is a function too, but one that cannot be called.
 *
 * @throws SessionchartError `INVALID_CONFIG`.
 */
export function checkFactory(name: string, value: unknown, what: string): void {
  const allowed = `a function that makes ${what}`;
  if (typeof value !== 'function') throw notAllowed(name, value, `${allowed}, called for each experiment`);
  if (!/^class\b/.test(Function.prototype.toString.call(value))) return;
  throw new SessionchartError('INVALID_CONFIG', {
    message: `${name} is a class; allowed: ${allowed}, () => new ${value.name || 'It'}() for instance`,
    field: name,
    allowed,
  });
}

/** @throws SessionchartError `INVALID_CONFIG` where `ms` is no time to wait for an answer. */
export function checkDeadline(name: string, ms: number): void {
  if (!(Number.isFinite(ms) && ms > 0)) throw notAllowed(name, ms, 'more than 0 (milliseconds)');
}

/** What a clock needs to be one. */
export const CLOCK_METHODS = ['now', 'wall', 'setTimeout', 'clearTimeout'] as const;
