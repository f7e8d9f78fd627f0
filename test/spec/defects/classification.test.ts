import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answers, hangs, rejects } from '../../../src/integration/testing/provider-behaviours.ts';
import type { RecoveryExecutor } from '../../../src/services/recovery-types.ts';
import { GRANTS, type Keyed, keyed, SAYS, SILENT, UNREACHABLE } from '../../support/keyed.ts';
import { MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

/** Executors that try again on their own, change the error, or do neither. */
const EXECUTORS: Record<string, RecoveryExecutor | 'real' | undefined> = {
  none: undefined,
  'the real one': 'real',
  'one that retries everything': {
    async execute(operation) {
      for (let i = 0; ; i++) {
        try {
          return await operation(new AbortController().signal);
        } catch (error) {
          if (i === 9) throw error;
        }
      }
    },
  },
  'one that throws another error': {
    async execute(operation) {
      try {
        return await operation(new AbortController().signal);
      } catch {
        throw Object.assign(new Error('gave up'), { status: 503, isRetryable: true });
      }
    },
  },
};

async function worldWith(executor: string, attempts = 3): Promise<Keyed> {
  const chosen = EXECUTORS[executor];
  const world = await keyed({ recovery: chosen === 'real', config: { maxRetryAttempts: attempts } });
  if (typeof chosen === 'object') world.manager.setRecoveryExecutor(chosen);
  return world;
}

describe('[D21] classification', () => {
  describe.each(Object.keys(EXECUTORS))('with executor: %s', executor => {
    it.each([
      [401, 'INVALID_CREDENTIALS'],
      [403, 'INSUFFICIENT_PERMISSIONS'],
    ])('[D21] %i is %s after exactly 1 request, not retryable', async (status, code) => {
      const world = await worldWith(executor);
      const { manager, endpoint, clock } = world;
      endpoint.usual = SAYS(
        status,
        { 'x-should-retry': 'true', 'retry-after': '1' },
        { error: { message: 'try again in 429 ms' } },
      );
      for (let i = 1; i <= 4; i++) {
        const start = rejectionOf(manager.startSession());
        await clock.advance(MINUTE);
        expect(await start).toMatchObject({
          code: 'SESSION_START_FAILED',
          isRetryable: false,
          cause: { code, isRetryable: false, details: { status } },
        });
        expect(endpoint.calls).toHaveLength(i);
      }
      endpoint.usual = GRANTS();
      const { sessionId } = await manager.startSession();
      await clock.advance(2 * SECOND);
      endpoint.next(SAYS(status));
      const requests = endpoint.calls.length;
      expect(await manager.renewSession(sessionId)).toMatchObject({
        success: false,
        error: { isRetryable: false, context: { cause: code, status } },
      });
      await clock.advance(MINUTE);
      expect(endpoint.calls).toHaveLength(requests + 1);
      await world.close();
    });

    it('[D21] a 500 whose text speaks of 4291, a 503 that speaks of 401, and a failed DNS look-up are what they are, and are retried', async () => {
      const world = await worldWith(executor, 4);
      const { manager, endpoint, clock, events } = world;
      const codes: unknown[] = [];
      manager.onSessionStateChanged(({ diagnostics }) => void codes.push(diagnostics?.lastError?.context?.cause));
      const { sessionId } = await manager.startSession();
      await clock.advance(2 * SECOND);
      endpoint.next(
        SAYS(500, {}, { error: { message: 'request 4291 failed' } }),
        SAYS(503, {}, { error: { message: 'Please retry after 401 ms' } }),
        UNREACHABLE('ENOTFOUND'),
      );
      const renewal = manager.renewSession(sessionId);
      const seen: unknown[] = [];
      for (let i = 0; i < 100; i++) {
        await clock.advance(100);
        const { cause } = manager.getSessionDiagnostics(sessionId).lastError?.context ?? {};
        if (cause !== undefined && seen.at(-1) !== cause) seen.push(cause);
      }
      expect(seen).toEqual(['SERVICE_UNAVAILABLE', 'NETWORK_ERROR']);
      expect(await renewal).toMatchObject({ success: true });
      expect(events.filter(({ event }) => event.error?.code === 'AUTH_ERROR')).toEqual([]);
      await world.close();
    });
  });

  it('[D21] classification uses HTTP status, error.code and cause.code only: no text changes it', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          [{ status: 500 }, 'SERVICE_UNAVAILABLE', true],
          [{ statusCode: 429 }, 'RATE_LIMITED', true],
          [{ status: 401 }, 'INVALID_CREDENTIALS', false],
          [{ status: 403 }, 'INSUFFICIENT_PERMISSIONS', false],
          [{ status: 404 }, 'REQUEST_REJECTED', false],
          [{ code: 'ECONNREFUSED' }, 'NETWORK_ERROR', true],
          [{ cause: { code: 'ENOTFOUND' } }, 'NETWORK_ERROR', true],
          [{ cause: { code: 'UND_ERR_SOCKET' } }, 'NETWORK_ERROR', true],
          [{}, 'UNKNOWN_ERROR', true],
        ),
        fc.oneof(
          fc.string(),
          fc.constantFrom(
            '401 Unauthorized',
            '403',
            'request 4291 failed',
            'retry after 429 ms',
            'ENOTFOUND',
            'network',
            'fetch failed',
          ),
        ),
        async ([shape, code, isRetryable], message) => {
          const world = await managed({ config: { maxRetryAttempts: 1 } });
          world.provider.next(rejects({ ...(shape as object), message, body: message, statusText: message }));
          expect(await rejectionOf(world.manager.startSession())).toMatchObject({
            isRetryable,
            cause: { code, isRetryable },
          });
          await world.close();
        },
      ),
      { numRuns: 120 },
    ));
});

describe('[D22] deadlines and Retry-After', () => {
  it.each([false, true])(
    '[D22] a silent provider makes the start fail with a retryable code in time, each mint with an AbortSignal that fires (recovery: %s)',
    async recovery => {
      const world = await keyed({ recovery });
      const { manager, endpoint, clock } = world;
      endpoint.usual = SILENT;
      const since = clock.now();
      const failed = rejectionOf(manager.startSession()).then(error => ({ error, took: clock.now() - since }));
      await clock.advance(2 * MINUTE);
      const { error, took } = await failed;
      expect(error).toMatchObject({
        code: 'SESSION_START_FAILED',
        isRetryable: true,
        cause: { code: 'PROVIDER_TIMEOUT' },
      });
      expect(took).toBeLessThanOrEqual(35 * SECOND); // three attempts of 10 s, and two waits
      expect(endpoint.calls.map(({ signal }) => signal.aborted)).toEqual([true, true, true]);
      await world.close();
    },
  );

  it('[D22] a provider that is deaf to its signal is not waited for either', async () => {
    const world = await managed({ config: { maxRetryAttempts: 1 } });
    const { manager, provider, clock } = world;
    const { sessionId } = await manager.startSession();
    provider.next(hangs(), hangs());
    const failed = rejectionOf(manager.startSession());
    const renewal = manager.renewSession(sessionId);
    await clock.advance(11 * SECOND);
    expect(await failed).toMatchObject({ cause: { code: 'PROVIDER_TIMEOUT', isRetryable: true } });
    expect(await renewal).toMatchObject({
      success: false,
      error: { isRetryable: true, context: { cause: 'PROVIDER_TIMEOUT' } },
    });
    expect(provider.requests.slice(1).map(({ signal }) => signal.aborted)).toEqual([true, true]);
    await world.close();
  });

  it('[D22] a time-out counts for the circuit breaker as any other retryable fault', async () => {
    const world = await keyed({ recovery: true, config: { maxRetryAttempts: 1 } });
    const { manager, endpoint, clock } = world;
    endpoint.usual = SILENT;
    for (let i = 0; i < 3; i++) {
      const failed = rejectionOf(manager.startSession());
      await clock.advance(10 * SECOND);
      expect(await failed).toMatchObject({ cause: { code: 'PROVIDER_TIMEOUT' } });
    }
    expect(await rejectionOf(manager.startSession())).toMatchObject({ cause: { code: 'CIRCUIT_OPEN' } });
    await world.close();
  });

  const HINTS: readonly (readonly [string, Record<string, string>, number])[] = [
    ['retry-after-ms', { 'retry-after-ms': '7500' }, 7_500],
    ['retry-after in seconds', { 'retry-after': '9' }, 9_000],
    ['retry-after-ms rather than retry-after', { 'retry-after': '2', 'retry-after-ms': '6000' }, 6_000],
    [
      'retry-after as a date',
      { 'retry-after': 'Thu, 01 Jan 2026 00:00:20 GMT', date: 'Thu, 01 Jan 2026 00:00:08 GMT' },
      12_000,
    ],
  ];

  describe.each([429, 503])('after %i', status => {
    it.each(HINTS)('[D22] the next attempt is not earlier than %s', async (_, headers, waitMs) => {
      for (const recovery of [false, true]) {
        const world = await keyed({ recovery, config: { retryBackoffMs: 0 } });
        const { manager, endpoint, clock } = world;
        endpoint.next(SAYS(status, headers));
        const start = manager.startSession();
        await clock.advance(waitMs - 1);
        expect(endpoint.calls).toHaveLength(1);
        await clock.advance(1);
        expect(endpoint.calls).toHaveLength(2);
        expect(await start).toMatchObject({ state: 'active' });
        await world.close();
      }
    });

    it('[D22] if that is later than the time left, the operation fails at once', async () => {
      const world = await keyed();
      const { manager, endpoint, clock } = world;
      const { sessionId } = await manager.startSession();
      await clock.advance(50 * SECOND - 1);
      endpoint.next(SAYS(status, { 'retry-after': '10' })); // the old key lasts for 10 s, and no longer
      await clock.advance(1);
      expect(manager.getSessionDiagnostics(sessionId)).toMatchObject({
        state: 'failed',
        lastError: { code: 'RENEWAL_FAILED' },
      });

      endpoint.next(SAYS(status, { 'retry-after': '70' })); // a start may take 70 s in all
      expect(await rejectionOf(manager.startSession())).toMatchObject({
        isRetryable: true,
        cause: { details: { retryAfterMs: 70_000 } },
      });
      await world.close();
    });

    it('[D22] if it is just in time, it is waited for', async () => {
      const world = await keyed();
      const { manager, endpoint, clock } = world;
      const { sessionId } = await manager.startSession();
      endpoint.calls.length = 0;
      await clock.advance(50 * SECOND - 1);
      endpoint.next(SAYS(status, { 'retry-after-ms': '9999' }));
      await clock.advance(1 + 9_998);
      expect(endpoint.calls).toHaveLength(1);
      await clock.advance(1);
      expect(manager.getSessionInfo(sessionId)).toMatchObject({ state: 'active', statistics: { renewalCount: 1 } });
      await world.close();
    });
  });

  it('[D22] the wish of a provider of any kind is heeded: retryAfterMs and headers on its error', async () => {
    for (const shape of [
      { retryAfterMs: 5_000 },
      { headers: { 'Retry-After': '5' } },
      { headers: new Headers({ 'retry-after-ms': '5000' }) },
    ]) {
      const world = await managed({ config: { retryBackoffMs: 0 } });
      const { manager, provider, clock } = world;
      provider.next(answers(429, shape));
      const start = manager.startSession();
      await clock.advance(4_999);
      expect(provider.requests).toHaveLength(1);
      await clock.advance(1);
      await start;
      await world.close();
    }
  });
});
