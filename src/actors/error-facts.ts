/** What a thrown value says about itself, read without trusting it. Absent or ill-typed parts are `undefined`. */
export interface ErrorFacts {
  readonly name: string | undefined;
  /** HTTP status, 100 … 599. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly causeCode: string | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** Response headers: a `Headers`, or a plain record. */
  readonly headers: unknown;
}

/** Codes that are longer are not codes. */
const LONGEST_CODE = 64;
/** A plain record of headers is searched this far; real answers carry a few dozen. */
const MOST_HEADERS = 256;

/** One property of anything; `undefined` where a getter or a proxy throws. */
export function peek(target: unknown, key: string): unknown {
  if ((typeof target !== 'object' && typeof target !== 'function') || target === null) return undefined;
  try {
    return Reflect.get(target, key);
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.length > 0 && value.length <= LONGEST_CODE ? value : undefined;
}

function statusOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599 ? value : undefined;
}

/** Reads the facts of a thrown value. Never throws, never looks at the message. */
export function errorFacts(error: unknown): ErrorFacts {
  const headers = peek(error, 'headers');
  const delay = peek(error, 'retryAfterMs');
  return {
    name: text(peek(error, 'name')),
    status: statusOf(peek(error, 'status')) ?? statusOf(peek(error, 'statusCode')),
    code: text(peek(error, 'code')),
    causeCode: text(peek(peek(error, 'cause'), 'code')),
    requestId:
      text(peek(error, 'requestID')) ??
      text(peek(error, 'requestId')) ??
      headerOf(headers, 'x-request-id') ??
      headerOf(headers, 'apim-request-id'),
    retryAfterMs: typeof delay === 'number' && Number.isFinite(delay) && delay >= 0 ? delay : undefined,
    headers,
  };
}

/** A header by its lower-case name, from a `Headers`, an object with `get`, or a plain record in any case. */
export function headerOf(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  try {
    const get = peek(headers, 'get');
    if (typeof get === 'function') return text(Reflect.apply(get, headers, [name]));
    for (const key of Object.keys(headers).slice(0, MOST_HEADERS)) {
      if (key.toLowerCase() !== name) continue;
      const value: unknown = Reflect.get(headers, key);
      return text(Array.isArray(value) ? value[0] : value);
    }
    return undefined;
  } catch {
    return undefined;
  }
}

/** RFC 9110, 5.6.7: the preferred form, the one of RFC 850, and that of `asctime`, which names no zone and means GMT. */
const HTTP_DATE = /^[A-Z][a-z]{2,8},? .{10,24}$/;

/** An HTTP date in milliseconds since the Unix epoch. */
export function httpDate(value: string | undefined): number | undefined {
  if (value === undefined || !HTTP_DATE.test(value)) return undefined;
  const at = Date.parse(value.endsWith(' GMT') ? value : `${value} GMT`);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * How long the server asks to be left alone, in milliseconds: `retry-after-ms`, else `Retry-After` in seconds or as an
 * HTTP date. A date is measured against the server's own `Date` header where there is one, so that a wrong local clock
 * does not matter, else against `wall`. Negative and unreadable values count as absent; nothing is capped.
 */
export function retryAfterOf(headers: unknown, wall?: number): number | undefined {
  const ms = decimal(headerOf(headers, 'retry-after-ms'));
  if (ms !== undefined) return ms;
  const header = headerOf(headers, 'retry-after');
  const seconds = decimal(header);
  if (seconds !== undefined) return seconds * 1_000;
  const at = httpDate(header);
  const now = httpDate(headerOf(headers, 'date')) ?? wall;
  if (at === undefined || now === undefined || at < now) return undefined;
  return at - now;
}

function decimal(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}(\.\d{1,9})?$/.test(value.trim()) ? Number(value) : undefined;
}
