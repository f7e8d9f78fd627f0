import { peek } from '../actors/error-facts.ts';
import { isSessionchartError } from '../actors/errors.ts';
import { Secret } from '../actors/secret.ts';
import { createTextRedactor, type TextRedactor } from './redact-text.ts';

const REDACTED = '[redacted]';
const UNREADABLE = '[unreadable]';

// Bounds of what one log line may carry. Data beyond them is counted, not shown.
const DEEPEST = 6;
const MOST_ENTRIES = 50;
const MOST_NODES = 1_000;
const LONGEST_CAUSE_CHAIN = 5;
const LONGEST_KEY = 100;

/** Names, without case and separators, whose value is secret. */
const SECRET_NAME =
  /secret|passw|passphrase|authorization|apikey|privatekey|accesskey|ephemeralkey|cookie|bearer|credentials?$|token$|^(key|value|auth|pass|pwd|pin|jwt|sig|signature)$/;

/** Removes secrets from data and text, so that both may be logged. */
export interface Redactor extends TextRedactor {
  /**
   * A plain copy of `data` without secrets: by type ({@link Secret}), by name (`apiKey`, `authorization`, `token` …),
   * by look (`ek_…`, `Bearer …`, JSON web tokens) and by value (see {@link TextRedactor.know}).
   *
   * Total: cycles, getters and proxies that throw, and data of any size give a bounded answer that `JSON.stringify`
   * takes. Of an error it keeps name, code, message and the chain of causes, never headers, bodies or stacks.
   */
  data(data: unknown): unknown;
}

/**
 * A {@link Redactor} with its own set of known secrets.
 *
 * @example
 * ```ts
 * createRedactor().data({ user: 'ann', apiKey: 'k-1', note: 'got ek_0123456789' });
 * // { user: 'ann', apiKey: '[redacted]', note: 'got [redacted]' }
 * ```
 */
export function createRedactor(): Redactor {
  const redactText = createTextRedactor();
  return {
    ...redactText,
    data(data) {
      return new Walk(redactText).visit(data, 0);
    },
  };
}

/** One pass over one piece of data. */
class Walk {
  readonly #text: TextRedactor;
  readonly #path = new Set<object>();
  #nodes = 0;

  constructor(text: TextRedactor) {
    this.#text = text;
  }

  visit(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return this.#text.text(value);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'bigint':
        return `${value}n`;
      case 'symbol':
        return this.#text.text(String(value));
      case 'function':
        return '[function]';
      case 'object':
        return value === null ? null : this.#object(value, depth);
      default:
        return value;
    }
  }

  #object(value: object, depth: number): unknown {
    try {
      if (value instanceof Secret) return REDACTED;
      if (this.#path.has(value)) return '[circular]';
      if (depth >= DEEPEST || ++this.#nodes > MOST_NODES) return Array.isArray(value) ? '[list]' : '[object]';
      this.#path.add(value);
      return this.#shape(value, depth);
    } catch {
      return UNREADABLE;
    } finally {
      this.#path.delete(value);
    }
  }

  #shape(value: object, depth: number): unknown {
    if (value instanceof Error) return this.#error(value, depth);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (value instanceof URL || value instanceof RegExp) return this.#text.text(String(value));
    // An actor would bring its whole system along.
    if ('getSnapshot' in value && 'sessionId' in value) return `[actor ${this.visit(value.sessionId, DEEPEST)}]`;
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (Array.isArray(value)) return this.#list(value, value.length, depth);
    if (value instanceof Set) return this.#list(value, value.size, depth);
    if (value instanceof String) return this.#text.text(String(value));
    if (value instanceof Map) return this.#record([...value.keys()], key => value.get(key), depth);
    if (value instanceof Headers) return this.#record([...value.keys()], key => value.get(key), depth);
    return this.#record(Object.keys(value), key => Reflect.get(value, key), depth);
  }

  #list(values: Iterable<unknown>, length: number, depth: number): unknown[] {
    const shown: unknown[] = [];
    for (const value of values) {
      if (shown.length === MOST_ENTRIES) {
        shown.push(`… ${length - MOST_ENTRIES} more`);
        break;
      }
      shown.push(this.visit(value, depth + 1));
    }
    return shown;
  }

  #record<K>(keys: readonly K[], read: (key: K) => unknown, depth: number): Record<string, unknown> {
    const shown = keys.slice(0, MOST_ENTRIES).map((key): [string, unknown] => {
      const name = typeof key === 'object' && key !== null ? '[object]' : this.#text.text(String(key));
      return [name.slice(0, LONGEST_KEY), this.#entry(name, () => read(key), depth)];
    });
    if (keys.length > MOST_ENTRIES) shown.push(['…', `${keys.length - MOST_ENTRIES} more`]);
    return Object.fromEntries(shown);
  }

  #entry(name: string, read: () => unknown, depth: number): unknown {
    let value: unknown;
    try {
      value = read();
    } catch {
      return UNREADABLE;
    }
    const plainName = name.toLowerCase().replaceAll(/[-_. ]/g, '');
    if (SECRET_NAME.test(plainName) && !mayStay(plainName, value)) return REDACTED;
    return this.visit(value, depth + 1);
  }

  #error(error: Error, depth: number): Record<string, unknown> {
    const facts: Record<string, unknown> = { name: this.#plain(error, 'name'), message: this.#plain(error, 'message') };
    for (const key of ['code', 'status', 'statusCode', 'isRetryable', 'retryAfterMs']) {
      const value = this.#plain(error, key);
      if (value !== undefined) facts[key] = value;
    }
    if (isSessionchartError(error)) facts.details = this.visit(error.details, depth + 1);
    const cause = peek(error, 'cause');
    if (cause !== undefined && this.#path.size < LONGEST_CAUSE_CHAIN) facts.cause = this.visit(cause, depth + 1);
    return facts;
  }

  /** A property that may be shown only if it is no object. */
  #plain(error: Error, key: string): unknown {
    const value = peek(error, key);
    return typeof value === 'object' || typeof value === 'function' ? undefined : this.visit(value, 0);
  }
}

/** Whether something carries no secret although its name says so: `token: undefined`, `enablePassword: true`, `value: 3`. */
function mayStay(name: string, value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return true;
  return typeof value === 'number' && (name === 'value' || name === 'key');
}
