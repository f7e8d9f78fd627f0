import { expect, it } from 'vitest';
import { classifyFailure } from '../../../src/actors/classify-failure.ts';
import { errorOf, SessionchartError } from '../../../src/actors/errors.ts';

const limited = (headers: object) => classifyFailure({ status: 429, headers }, Date.UTC(2026, 0, 1));

it('[KEY-18] a status that is no failure decides nothing', () => {
  expect(classifyFailure({ status: 302 })).toMatchObject({ code: 'UNKNOWN_ERROR', status: 302 });
  expect(classifyFailure({ status: 302, code: 'rate_limit_exceeded' })).toMatchObject({ code: 'RATE_LIMITED' });
});

it('[KEY-18] a header may come as a list, and a date that is none counts as absent', () => {
  expect(limited({ 'Retry-After': ['7', '9'] }).retryAfterMs).toBe(7_000);
  expect(limited({ 'retry-after': 'Mon, 99 Xyz 2026 25:61:61 GMT' }).retryAfterMs).toBeUndefined();
});

it('[KEY-20] headers that cannot be listed count as absent', () => {
  const hostile = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error('no');
      },
    },
  );
  expect(limited(hostile)).toMatchObject({ code: 'RATE_LIMITED' });
});

it('[KEY-20] an error or failure of our own kind with a code that is not in the catalogue is unknown', () => {
  const forged = Object.assign(new SessionchartError('RATE_LIMITED'), { code: 'MADE_UP' });
  expect(classifyFailure(forged)).toMatchObject({ code: 'UNKNOWN_ERROR' });
  expect(errorOf({ code: 'MADE_UP', retryable: false })).toMatchObject({ code: 'UNKNOWN_ERROR', isRetryable: false });
});
