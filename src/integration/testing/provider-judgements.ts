import { inspect } from 'node:util';
import { classifyFailure } from '../../actors/classify-failure.ts';
import { shownValue } from '../../services/config-field.ts';

/** What is wrong with something, and what to change. */
export interface Fault {
  readonly seen: string;
  readonly remedy: string;
}

// Where times are mistaken for one another: a life in seconds or ms stays below the first, the present in seconds lies
// between the two (2001 to 5138), and the present in ms above both.
const LARGEST_DURATION = 1e9;
const LARGEST_SECONDS = 1e11;
/** From here on, in the year 11476, it is microseconds or nanoseconds. */
const SMALLEST_MICROSECONDS = 3e14;
/** No credential is meant to live for so long, ms (ten years). */
const LONGEST_LIFE_MS = 10 * 365.25 * 86_400_000;

/** Shorter text is found in any message by chance. */
export const SHORTEST_SECRET = 4;

/** Thrown values are searched this deep for secrets. */
const DEEPEST = 6;

export function faultOfSecret(secret: unknown): Fault | undefined {
  if (typeof secret !== 'string' || secret.trim() === '') {
    const seen = secret === '' ? 'secret is empty' : `secret is ${typeof secret === 'string' ? 'blank' : kind(secret)}`;
    return { seen, remedy: 'Resolve to { secret, expiresAt } with the text of the credential in `secret`.' };
  }
  if (secret !== secret.trim()) {
    return { seen: 'secret begins or ends with white space', remedy: 'Trim it, or headers that carry it are refused.' };
  }
  if (!/[\r\n]/.test(secret)) return undefined;
  const remedy = 'Hand over one line, encoded where need be: headers that carry a line break are refused.';
  return { seen: 'secret has a line break in it', remedy };
}

/** A time that cannot be read, or that is in another unit; `wall` is the present. */
export function faultOfExpiry(expiresAt: unknown, wall: number): Fault | undefined {
  if (expiresAt instanceof Date) {
    const ms = expiresAt.getTime();
    if (!Number.isNaN(ms)) return faultOfUnit(ms, wall, `new Date(${ms})`);
    return { seen: 'expiresAt is an invalid Date', remedy: 'Look at the text that it was made from.' };
  }
  if (typeof expiresAt === 'string') {
    return { seen: 'expiresAt is text', remedy: 'Turn it into a Date: new Date(text).' };
  }
  if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) {
    const remedy =
      'Give a Date, or milliseconds since the Unix epoch; where the service tells a life, Date.now() + life.';
    return { seen: `expiresAt is ${kind(expiresAt)}`, remedy };
  }
  return faultOfUnit(expiresAt, wall, String(expiresAt));
}

function faultOfUnit(ms: number, wall: number, shown: string): Fault | undefined {
  const seen = `expiresAt is ${shown}`;
  if (Math.abs(ms) < LARGEST_DURATION) {
    return { seen, remedy: 'It looks like a life, not a time: give Date.now() + expires_in * 1000.' };
  }
  if (Math.abs(ms) < LARGEST_SECONDS) {
    return { seen, remedy: 'It looks like seconds since the Unix epoch: multiply it by 1000.' };
  }
  if (ms >= SMALLEST_MICROSECONDS) {
    return { seen, remedy: 'It looks like microseconds or nanoseconds since the Unix epoch: divide it.' };
  }
  if (ms - wall <= LONGEST_LIFE_MS) return undefined;
  const remedy =
    'That is more than ten years ahead. Look for a time that was added to another; where it never expires, give a day.';
  return { seen, remedy };
}

export function faultOfId(id: unknown, secret: unknown): Fault | undefined {
  if (id === undefined) return undefined;
  if (typeof id !== 'string') {
    return {
      seen: `id is ${kind(id)}`,
      remedy: "Give the service's own name for the credential as text, or leave it out.",
    };
  }
  // A short one is found in any id by chance.
  if (typeof secret !== 'string' || secret.length < SHORTEST_SECRET || !id.includes(secret)) return undefined;
  return { seen: 'id contains the secret', remedy: 'Ids are logged: use a name that is not secret, or leave it out.' };
}

export function faultOfThrown(error: unknown): Fault | undefined {
  if (error instanceof Error) return undefined;
  return {
    seen: `it rejected with ${kind(error)}, which is no Error`,
    remedy:
      'Reject with an Error that has an HTTP `status` or a `code`: throw Object.assign(new Error(text), { status }).',
  };
}

/** An error that nobody can tell a passing failure from a final one by. */
export function faultOfFailure(error: Error): Fault | undefined {
  if (classifyFailure(error).code !== 'UNKNOWN_ERROR') return undefined;
  const { status, code } = error as { status?: unknown; code?: unknown };
  const has = `status is ${kind(status)}, code is ${kind(code)}`;
  return {
    seen: `the error tells neither an HTTP status nor a code that is known: ${has}`,
    remedy:
      'Set error.status to the HTTP status as a number, or let the error of the platform through with its `code`; the message is not looked at.',
  };
}

export function faultOfRetryHint(error: Error): Fault | undefined {
  const { retryAfterMs, retryAfter } = error as { retryAfterMs?: unknown; retryAfter?: unknown };
  if (retryAfterMs === undefined) {
    if (retryAfter === undefined) return undefined;
    return {
      seen: 'the error has retryAfter, which nobody reads',
      remedy: 'Set error.retryAfterMs, in milliseconds, or error.headers to the headers of the answer.',
    };
  }
  if (typeof retryAfterMs === 'number' && Number.isFinite(retryAfterMs) && retryAfterMs >= 0) return undefined;
  const seen = `retryAfterMs is ${kind(retryAfterMs)}`;
  return { seen, remedy: 'Give a number of milliseconds from 0, or leave it out.' };
}

/** Whether a secret can be read in an error: in its message, its stack, its causes, or anything that hangs on it. */
export function faultOfLeak(error: unknown, secrets: Iterable<string>): Fault | undefined {
  const text = `${inspect(error, { depth: DEEPEST, showHidden: true, maxStringLength: null, breakLength: Infinity })}`;
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET || !text.includes(secret)) continue;
    return {
      seen: 'the error shows a secret, in its message or in something that hangs on it',
      remedy:
        'Throw an Error of your own that keeps status and code only; not the request, its headers, or the answer.',
    };
  }
  return undefined;
}

/** A value by its kind: it may be secret. */
export function kind(value: unknown): string {
  if (typeof value === 'string') return 'text';
  return shownValue(value);
}
