import type { ContextChange } from '../page-protocol.ts';

export type Context = Readonly<Record<string, unknown>>;

/** The context after a change. The order of the keys is that in which they first came. */
export function changed(context: Context, change: ContextChange): Context {
  const names = Object.keys(change.set);
  if (names.length === 0 && change.removed.length === 0) return context;
  const next: Record<string, unknown> = { ...context };
  for (const name of change.removed) delete next[name];
  for (const name of names) define(next, name, change.set[name]);
  return next;
}

/** Names whose values differ, gone ones included. */
export function changedKeys(before: Context, after: Context): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const key of Object.keys(after))
    if (!Object.hasOwn(before, key) || differs(before[key], after[key])) keys.add(key);
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) keys.add(key);
  return keys;
}

// What did not change is the same object, except after the connection was away.
const differs = (a: unknown, b: unknown): boolean => a !== b && JSON.stringify(a) !== JSON.stringify(b);

/** Sets a property also where its name is `__proto__`. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}
