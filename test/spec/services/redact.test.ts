import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionchartError } from '../../../src/actors/errors.ts';
import { Secret } from '../../../src/actors/secret.ts';
import { createRedactor } from '../../../src/services/redact.ts';
import { CANARY, everythingIn } from './support.ts';

const { data, text } = createRedactor();

it('[LOG-1] a Secret prints as [redacted] wherever it is', () => {
  const secret = new Secret('plain words');
  const shown = data({ a: secret, b: [secret], c: new Map([['d', secret]]), e: new Set([secret]) });
  expect(shown).toEqual({ a: '[redacted]', b: ['[redacted]'], c: { d: '[redacted]' }, e: ['[redacted]'] });
});

describe('[LOG-2] by name', () => {
  const names = [
    'authorization',
    'Authorization',
    'api-key',
    'apiKey',
    'x-api-key',
    'AZURE_OPENAI_API_KEY',
    'secret',
    'client_secret',
    'token',
    'access_token',
    'password',
    'cookie',
    'set-cookie',
    'credential',
    'privateKey',
    'ephemeralKey',
    'value',
    'key',
  ];
  for (const name of names) {
    it(`[LOG-2] the value of ${name} is removed, text or object`, () => {
      expect(data({ [name]: 'plain words' })).toEqual({ [name]: '[redacted]' });
      expect(data({ [name]: { inner: 'plain words' } })).toEqual({ [name]: '[redacted]' });
      expect(data(new Map([[name, 'plain words']]))).toEqual({ [name]: '[redacted]' });
    });
  }

  it('[LOG-2] what only sounds like a secret stays', () => {
    const harmless = {
      totalTokens: 3,
      keyboard: 'x',
      credentialStatus: 'valid',
      token: undefined,
      value: 3,
      password: null,
      hasSecret: true,
    };
    expect(data(harmless)).toEqual(harmless);
  });
});

describe('[LOG-3] by look', () => {
  const table: [string, string][] = [
    ['key ek_0123456789abc!', 'key [redacted]!'],
    ['sk-proj-0123456789', '[redacted]'],
    ['Authorization: Bearer abcdefgh', 'Authorization: Bearer [redacted]'],
    ['Basic dXNlcjpwYXNz', 'Basic [redacted]'],
    ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.abc', 'jwt [redacted]'],
    ['https://user:pass@host/path', 'https://[redacted]@host/path'],
    ['wss://host/realtime?api-key=abc&deployment=x', 'wss://host/realtime?api-key=[redacted]&deployment=x'],
    ['{"api_key": "abc"}', '{"api_key": "[redacted]"}'],
    ['openai-insecure-api-key.abc', 'openai-insecure-api-key.[redacted]'],
    ['client_secret=abc', 'client_secret=[redacted]'],
  ];
  for (const [raw, clean] of table) it(`[LOG-3] ${clean}`, () => expect(text(raw)).toBe(clean));

  it('[LOG-3] ordinary text stays as it is', () => {
    for (const plain of ['status 429, code: rate_limit_exceeded', 'session-1 is task-oriented', 'a: b = c', 'sketch']) {
      expect(text(plain)).toBe(plain);
    }
  });

  it('[LOG-3] a key is found wherever it stands, names of properties included', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(text(`${before} ${CANARY} ${after}`)).not.toContain('canary');
        expect(JSON.stringify(data({ [`${before} ${CANARY}`]: [after] }))).not.toContain('canary');
      }),
    );
  });
});

it('[LOG-4] a secret that was made known is removed by value, encoded too, until it is taken back', () => {
  const redactor = createRedactor();
  const value = 'hunter two/+';
  const forget = redactor.know(value);
  const again = redactor.know(value);
  const forms = [value, encodeURIComponent(value), Buffer.from(value).toString('base64')];
  for (const form of forms) expect(redactor.text(`<${form}>`)).toBe('<[redacted]>');
  forget();
  forget();
  expect(redactor.text(value)).toBe('[redacted]');
  again();
  expect(redactor.text(value)).toBe(value);
  redactor.know('abc');
  expect(redactor.text('abc')).toBe('abc');
});

describe('[LOG-5] any data gives a bounded answer', () => {
  it('[LOG-5] cycles, getters that throw, proxies, and values JSON does not know', () => {
    const cyclic: Record<string, unknown> = {
      get bad() {
        throw new Error(CANARY);
      },
      big: 1n,
      nan: Number.NaN,
      fn: () => CANARY,
      sym: Symbol('x'),
      bytes: Buffer.from(CANARY),
      boxed: new String(CANARY),
      date: new Date(0),
      noDate: new Date(Number.NaN),
      proxy: new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error(CANARY);
          },
        },
      ),
    };
    cyclic.self = cyclic;
    const shown = data(cyclic);
    expect(shown).toEqual({
      bad: '[unreadable]',
      big: '1n',
      nan: 'NaN',
      fn: '[function]',
      sym: 'Symbol(x)',
      bytes: `[${CANARY.length} bytes]`,
      boxed: '[redacted]',
      date: '1970-01-01T00:00:00.000Z',
      noDate: 'Invalid Date',
      proxy: '[unreadable]',
      self: '[circular]',
    });
    expect(everythingIn(shown)).not.toContain('canary');
  });

  it('[LOG-5] depth, breadth and length are bounded', () => {
    let deep: unknown = 'end';
    for (let i = 0; i < 10_000; i++) deep = [deep];
    expect(JSON.stringify(data(deep))).toBe('[[[[[["[list]"]]]]]]');
    expect((data(Array.from({ length: 100_000 }, () => 1)) as unknown[]).length).toBe(51);
    const wide = data(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i])));
    expect(Object.keys(wide as object).length).toBe(51);
    expect(text('word '.repeat(100_000)).length).toBeLessThan(2_100);
    expect(text('x'.repeat(100_000))).toBe('[text of 100000 characters]');
  });

  it('[LOG-5] everything comes out as JSON', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }), junk => {
        JSON.stringify(data({ junk }));
      }),
    );
  });

  it('[LOG-5] hostile text costs no more than long text', () => {
    for (const piece of ['a-', 'api_', 'eyJaaaaaaaaa.', '//a', 'bearer ', 'token:']) {
      const started = performance.now();
      text(`${piece.repeat(60_000 / piece.length)} `);
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });
});

it('[LOG-6] of an error come name, code, message and causes; never headers, bodies or stack', () => {
  const error = Object.assign(new TypeError(`failed with ${CANARY}`, { cause: new RangeError('inner') }), {
    code: 'ECONNRESET',
    status: 500,
    headers: { 'x-note': 'harmless text' },
    response: { body: 'harmless text' },
  });
  expect(data(error)).toEqual({
    name: 'TypeError',
    message: 'failed with [redacted]',
    code: 'ECONNRESET',
    status: 500,
    cause: { name: 'RangeError', message: 'inner' },
  });
  expect(data(new SessionchartError('RATE_LIMITED', { retryAfterMs: 5 }))).toMatchObject({
    code: 'RATE_LIMITED',
    isRetryable: true,
    details: { retryAfterMs: 5 },
  });
  const endless = new Error('x');
  endless.cause = endless;
  expect(data(endless)).toEqual({ name: 'Error', message: 'x', cause: '[circular]' });
});
