import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyFailure, sanitisedCause } from '../../../src/actors/classify-failure.ts';
import { ERROR_CATALOGUE, SessionchartError } from '../../../src/actors/errors.ts';
import { CANARY, everythingIn, loopback } from './support.ts';

const WALL = Date.UTC(2026, 0, 1);

describe('[D21] classification by status', () => {
  const table: [number, string, boolean][] = [
    [400, 'REQUEST_REJECTED', false],
    [401, 'INVALID_CREDENTIALS', false],
    [403, 'INSUFFICIENT_PERMISSIONS', false],
    [404, 'REQUEST_REJECTED', false],
    [408, 'SERVICE_UNAVAILABLE', true],
    [409, 'SERVICE_UNAVAILABLE', true],
    [418, 'REQUEST_REJECTED', false],
    [429, 'RATE_LIMITED', true],
    [500, 'SERVICE_UNAVAILABLE', true],
    [503, 'SERVICE_UNAVAILABLE', true],
    [599, 'SERVICE_UNAVAILABLE', true],
  ];
  for (const [status, code, retryable] of table) {
    it(`[D21] ${status} is ${code}, retryable: ${retryable}`, () => {
      expect(classifyFailure(Object.assign(new Error('x'), { status }))).toEqual({ code, retryable, status });
      expect(classifyFailure({ statusCode: status })).toEqual({ code, retryable, status });
    });
  }
});

it('[D21] digits in a message mean nothing', () => {
  expect(classifyFailure(Object.assign(new Error('request 4291 failed'), { status: 500 })).code).toBe(
    'SERVICE_UNAVAILABLE',
  );
  expect(classifyFailure(Object.assign(new Error('Please retry after 401 ms'), { status: 503 })).code).toBe(
    'SERVICE_UNAVAILABLE',
  );
  expect(classifyFailure(new Error('401 Unauthorized'))).toEqual({ code: 'UNKNOWN_ERROR', retryable: true });
  fc.assert(
    fc.property(fc.string(), message => {
      expect(classifyFailure(new Error(message))).toEqual({ code: 'UNKNOWN_ERROR', retryable: true });
    }),
  );
});

it('[D21] network failures are recognised by code and by the code of the cause', () => {
  for (const code of ['ENOTFOUND', 'ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'UND_ERR_SOCKET']) {
    const expected = { code: 'NETWORK_ERROR', retryable: true, providerCode: code };
    expect(classifyFailure(Object.assign(new Error('x'), { code }))).toEqual(expected);
    expect(classifyFailure(new TypeError('fetch failed', { cause: { code } }))).toEqual(expected);
  }
});

it('[D21] a refused connection under the real fetch is a network failure', async () => {
  const server = await loopback(() => undefined);
  await server[Symbol.asyncDispose]();
  const error = await fetch(server.url).catch((thrown: unknown) => thrown);
  expect(classifyFailure(error)).toEqual({ code: 'NETWORK_ERROR', retryable: true, providerCode: 'ECONNREFUSED' });
});

it('[KEY-18] codes of the provider decide over 429, and stand in where there is no status', () => {
  for (const code of ['insufficient_quota', 'billing_hard_limit_reached']) {
    expect(classifyFailure({ status: 429, code })).toEqual({
      code: 'QUOTA_EXCEEDED',
      retryable: false,
      status: 429,
      providerCode: code,
    });
  }
  for (const code of ['invalid_api_key', 'account_deactivated']) {
    expect(classifyFailure({ status: 429, code }).code).toBe('INVALID_CREDENTIALS');
  }
  expect(classifyFailure({ code: 'rate_limit_exceeded' }).code).toBe('RATE_LIMITED');
  expect(classifyFailure({ code: '401' })).toEqual({
    code: 'INVALID_CREDENTIALS',
    retryable: false,
    providerCode: '401',
  });
  expect(classifyFailure({ status: 429, code: 'something-else' })).not.toHaveProperty('providerCode');
});

it('[KEY-18] a time-out and an abort that nobody of us asked for may pass', () => {
  expect(classifyFailure(new DOMException('x', 'TimeoutError'))).toEqual({ code: 'PROVIDER_TIMEOUT', retryable: true });
  expect(classifyFailure(new DOMException('x', 'AbortError'))).toEqual({ code: 'OPERATION_ABORTED', retryable: true });
});

it('[KEY-18] x-should-retry overrides the status, but not refused credentials and spent quotas', () => {
  const told = (status: number, wish: string, code?: string) =>
    classifyFailure({ status, code, headers: { 'X-Should-Retry': wish } }).retryable;
  expect(told(500, 'false')).toBe(false);
  expect(told(400, 'true')).toBe(true);
  expect(told(401, 'true')).toBe(false);
  expect(told(403, 'true')).toBe(false);
  expect(told(429, 'true', 'insufficient_quota')).toBe(false);
});

it('[KEY-18] an error of our own keeps code, retryability and details', () => {
  const requestId = '0123abcd-0123-4567-89ab-0123456789ab';
  const error = new SessionchartError('RATE_LIMITED', {
    isRetryable: false,
    status: 429,
    retryAfterMs: 5,
    providerCode: 'ECONNRESET',
    requestId,
  });
  expect(classifyFailure(error)).toEqual({
    code: 'RATE_LIMITED',
    retryable: false,
    status: 429,
    retryAfterMs: 5,
    providerCode: 'ECONNRESET',
    requestId,
  });
  const dirty = new SessionchartError('RATE_LIMITED', {
    providerCode: CANARY,
    requestId: CANARY,
    cause: new Error(CANARY),
    message: CANARY,
  });
  expect(everythingIn(classifyFailure(dirty))).not.toContain('canary');
  expect(everythingIn(sanitisedCause(dirty))).not.toContain('canary');
});

describe('[D22] how long the provider asks to wait', () => {
  const HTTP = 'Thu, 01 Jan 2026 00:00:07 GMT';
  const table: [string, Record<string, string>, number | undefined][] = [
    ['milliseconds win', { 'retry-after-ms': '250', 'retry-after': '7' }, 250],
    ['seconds', { 'Retry-After': '7' }, 7_000],
    ['fractions of seconds', { 'retry-after': '1.5' }, 1_500],
    ['a date', { 'retry-after': HTTP }, 7_000],
    ['a date of RFC 850', { 'retry-after': 'Thursday, 01-Jan-26 00:00:07 GMT' }, 7_000],
    ['a date of asctime', { 'retry-after': 'Thu Jan  1 00:00:07 2026' }, 7_000],
    ['a date against the Date of the server', { 'retry-after': HTTP, date: 'Thu, 01 Jan 2026 00:00:04 GMT' }, 3_000],
    ['a day is not capped', { 'retry-after': '86400' }, 86_400_000],
    ['zero', { 'retry-after': '0' }, 0],
    ['negative', { 'retry-after': '-1' }, undefined],
    ['negative milliseconds', { 'retry-after-ms': '-1', 'retry-after': '2' }, 2_000],
    ['a date in the past', { 'retry-after': 'Thu, 01 Jan 2015 00:00:07 GMT' }, undefined],
    ['no number', { 'retry-after': '7 minutes' }, undefined],
    ['infinity', { 'retry-after': 'Infinity' }, undefined],
  ];
  for (const [what, headers, expected] of table) {
    it(`[D22] ${what}`, () => {
      expect(classifyFailure({ status: 429, headers }, WALL).retryAfterMs).toBe(expected);
      expect(classifyFailure({ status: 503, headers: new Headers(headers) }, WALL).retryAfterMs).toBe(expected);
    });
  }

  it('[D22] retryAfterMs on the error wins; a fatal failure has none', () => {
    expect(classifyFailure({ status: 429, retryAfterMs: 3, headers: { 'retry-after': '7' } }).retryAfterMs).toBe(3);
    expect(classifyFailure({ status: 429, retryAfterMs: -3, headers: { 'retry-after': '7' } }).retryAfterMs).toBe(
      7_000,
    );
    expect(classifyFailure({ status: 401, headers: { 'retry-after': '7' } })).not.toHaveProperty('retryAfterMs');
  });

  it('[D22] without Date header and without a wall clock a date is not guessed at', () => {
    expect(classifyFailure({ status: 429, headers: { 'retry-after': HTTP } })).not.toHaveProperty('retryAfterMs');
  });
});

describe('[D14] nothing that the provider wrote gets through', () => {
  const fields = [
    'name',
    'message',
    'code',
    'type',
    'param',
    'body',
    'requestID',
    'error',
    'stack',
    'retryAfterMs',
    'status',
  ];

  it('[D14] a canary in any field or header of an error is gone', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...fields),
        fc.constantFrom('x-request-id', 'retry-after', 'www-authenticate'),
        fc.boolean(),
        (field, header, deep) => {
          const error = Object.assign(new Error(CANARY), { [field]: CANARY, headers: { [header]: CANARY } });
          Object.assign(error, { cause: deep ? Object.assign(new Error(CANARY), { code: CANARY }) : CANARY });
          expect(everythingIn(classifyFailure(error))).not.toContain('canary');
          expect(everythingIn(sanitisedCause(error))).not.toContain('canary');
        },
      ),
    );
  });

  it('[D14] an Azure API key does not pass as a request id, a real id does', () => {
    const key = '0123456789abcdef0123456789abcdef';
    expect(classifyFailure({ status: 500, headers: { 'x-request-id': key } })).not.toHaveProperty('requestId');
    expect(classifyFailure({ status: 500, requestID: `req_${key}` }).requestId).toBe(`req_${key}`);
  });

  it('[KEY-21] a sanitised cause is classified like the original', () => {
    for (const error of [
      { status: 429 },
      { code: 'ENOTFOUND' },
      new DOMException('x', 'TimeoutError'),
      { status: 401, code: 'invalid_api_key' },
    ]) {
      expect(classifyFailure(sanitisedCause(error))).toEqual(classifyFailure(error));
    }
  });
});

it('[KEY-20] any value whatever gets an answer from the catalogue, and never an exception', () => {
  const hostile = new Proxy(new Error('x'), {
    get() {
      throw new Error('no');
    },
    getPrototypeOf() {
      throw new Error('no');
    },
  });
  const getter = {
    get status() {
      throw new Error('no');
    },
  };
  const cyclic: { cause?: unknown } = {};
  cyclic.cause = cyclic;
  for (const junk of [
    undefined,
    null,
    0,
    '',
    'x',
    Symbol('x'),
    1n,
    hostile,
    getter,
    cyclic,
    () => 1,
    Object.create(null),
  ]) {
    expect(classifyFailure(junk)).toEqual({ code: 'UNKNOWN_ERROR', retryable: true });
    expect(sanitisedCause(junk)).toBeInstanceOf(Error);
  }
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), fc.anything(), (junk, headers) => {
      for (const error of [junk, { status: 503, code: junk, cause: junk, headers }]) {
        const { code, retryable } = classifyFailure(error, WALL);
        expect(ERROR_CATALOGUE).toHaveProperty(code);
        expect(typeof retryable).toBe('boolean');
        expect(sanitisedCause(error)).toBeInstanceOf(Error);
      }
    }),
  );
});
