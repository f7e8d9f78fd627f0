import { getEventListeners, once } from 'node:events';
import type { TokenCredential } from '@azure/identity';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CredentialProvider } from '../../../src/actors/ports.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createEphemeralKeyService } from '../../../src/services/ephemeral-key-service.ts';
import type { EphemeralKeyServiceOptions } from '../../../src/services/key-options.ts';
import type { TokenCredentialLike } from '../../../src/services/provider-auth.ts';
import { CANARY, everythingIn, fakeFetch, gaAnswer, json, keepingLogger, loopback } from './support.ts';

const START = Date.UTC(2026, 0, 1);
const live = () => new AbortController().signal;
const request = (sessionId: string, signal = live()) => ({ sessionId, attempt: 1, signal });

/** A `fetch` whose answers wait until they are let go, each with a key of its own. */
function heldFetch(clock: VirtualClock, lifeMs = 60_000) {
  const waiting: (() => void)[] = [];
  const signals: AbortSignal[] = [];
  const { fetch, calls } = fakeFetch(init => {
    signals.push(init.signal as AbortSignal);
    const name = `ek_${calls.length}`;
    return new Promise<Response>(resolve => waiting.push(() => resolve(gaAnswer(name, clock.wall() + lifeMs)())));
  });
  return { fetch, calls, signals, letGo: () => waiting.splice(0).forEach(answer => void answer()) };
}

async function service(options: Partial<EphemeralKeyServiceOptions> = {}, clock = new VirtualClock(START)) {
  let made = 0;
  const counting = fakeFetch(() => gaAnswer(`ek_${++made}`, clock.wall() + 60_000)());
  const logger = keepingLogger();
  const keys = createEphemeralKeyService({
    contract: 'openai',
    apiKey: 'k',
    clock,
    logger,
    fetch: counting.fetch,
    ...options,
  });
  await keys.initialize();
  return { keys, clock, logger, calls: counting.calls };
}

const settle = (clock: VirtualClock) => clock.advance(0);

it('[KEY-1] the service fits the port, and the credentials of @azure/identity fit the service', () => {
  const fits = (credential: TokenCredential): TokenCredentialLike => credential;
  const isProvider = (keys: ReturnType<typeof createEphemeralKeyService>): CredentialProvider => keys;
  expect([fits, isProvider]).toHaveLength(2);
});

describe('[KEY-8] over a real connection', () => {
  const table: [number, string, boolean][] = [
    [401, 'INVALID_CREDENTIALS', false],
    [403, 'INSUFFICIENT_PERMISSIONS', false],
    [404, 'REQUEST_REJECTED', false],
    [429, 'RATE_LIMITED', true],
    [500, 'SERVICE_UNAVAILABLE', true],
  ];
  for (const [status, code, isRetryable] of table) {
    it(`[D21] ${status} is ${code} after exactly one request`, async () => {
      await using server = await loopback((_, response) =>
        json(
          response,
          status,
          { error: { message: CANARY, code: CANARY } },
          { 'retry-after': '7', 'x-request-id': 'req_0123456789abcdef', 'x-note': CANARY },
        ),
      );
      const { keys, logger } = await service({ endpoint: server.url, fetch: globalThis.fetch });
      const error: unknown = await keys.mint(request('s1')).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code,
        isRetryable,
        details: { status, requestId: 'req_0123456789abcdef', ...(isRetryable && { retryAfterMs: 7_000 }) },
      });
      expect(server.seen).toHaveLength(1);
      expect(everythingIn(error)).not.toContain('canary');
      expect(everythingIn(logger.lines)).not.toContain('canary');
      expect(logger.lines).toHaveLength(1);
    });
  }

  it('[KEY-8] a key is minted, and the body arrives as sent', async () => {
    await using server = await loopback((_, response) =>
      json(response, 200, {
        value: CANARY,
        expires_at: Math.floor(Date.now() / 1_000) + 60,
        session: { id: 'sess_1' },
      }),
    );
    const { keys, clock } = await service({ endpoint: `${server.url}/v1/`, fetch: globalThis.fetch });
    const key = await keys.mint(request('s1'));
    expect(key).toMatchObject({ secret: CANARY, id: 'sess_1' });
    const life = Number(key.expiresAt) - clock.wall();
    expect(life).toBeGreaterThan(57_000);
    expect(life).toBeLessThanOrEqual(60_000);
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      url: '/v1/realtime/client_secrets',
      body: '{"session":{"type":"realtime","model":"gpt-realtime"}}',
    });
  });

  it('[KEY-8] a redirect is not followed: the key would go along', async () => {
    await using other = await loopback((_, response) => json(response, 200, {}));
    await using server = await loopback((_, response) => response.writeHead(307, { location: other.url }).end());
    const { keys } = await service({ endpoint: server.url, fetch: globalThis.fetch });
    await expect(keys.mint(request('s1'))).rejects.toMatchObject({
      code: 'REQUEST_REJECTED',
      isRetryable: false,
      details: { status: 307 },
    });
    expect(other.seen).toHaveLength(0);
  });

  it('[D22] a provider that never answers fails the mint at the deadline, and the connection is closed', async () => {
    await using server = await loopback(() => undefined);
    const { keys, clock } = await service({ endpoint: server.url, fetch: globalThis.fetch });
    const failed = expect(keys.mint(request('s1'))).rejects.toMatchObject({
      code: 'PROVIDER_TIMEOUT',
      isRetryable: true,
    });
    const [socket] = await Promise.all([once(server.server, 'connection'), once(server.server, 'asked')]);
    const closed = once(socket[0], 'close');
    await clock.advance(9_999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    await failed;
    await closed;
    expect(clock.pending).toBe(0);
  });

  it('[D22] a body that never ends is given up at the same deadline', async () => {
    await using server = await loopback((_, response) => void response.writeHead(200).write('{"value":'));
    const { keys, clock } = await service({ endpoint: server.url, fetch: globalThis.fetch });
    const failed = expect(keys.mint(request('s1'))).rejects.toMatchObject({ code: 'PROVIDER_TIMEOUT' });
    await once(server.server, 'asked');
    await clock.advance(10_000);
    await failed;
  });

  it('[D21] a connection that breaks is a network failure', async () => {
    await using server = await loopback((_, response) => void response.socket?.destroy());
    const { keys } = await service({ endpoint: server.url, fetch: globalThis.fetch });
    await expect(keys.mint(request('s1'))).rejects.toMatchObject({ code: 'NETWORK_ERROR', isRetryable: true });
  });
});

describe('[KEY-6] abort', () => {
  it('[D06] aborting a mint ends the request; an answer that comes late is dropped', async () => {
    const clock = new VirtualClock(START);
    const held = heldFetch(clock);
    const { keys } = await service({ fetch: held.fetch }, clock);
    const controller = new AbortController();
    const failed = expect(keys.mint(request('s1', controller.signal))).rejects.toMatchObject({
      code: 'OPERATION_ABORTED',
    });
    await settle(clock);
    controller.abort();
    await failed;
    await settle(clock);
    expect(held.signals[0]?.aborted).toBe(true);
    held.letGo();
    await settle(clock);
    expect([keys.getCurrentKey(), clock.pending]).toEqual([undefined, 0]);
  });

  it('[KEY-6] who is aborted before the start sends nothing', async () => {
    const { keys, calls } = await service();
    await expect(keys.mint(request('s1', AbortSignal.abort()))).rejects.toMatchObject({ code: 'OPERATION_ABORTED' });
    expect(calls).toHaveLength(0);
  });

  it('[KEY-6] the deadline covers the token of Entra too', async () => {
    const clock = new VirtualClock(START);
    const credential = { getToken: () => new Promise<never>(() => undefined) };
    const { keys, calls } = await service(
      { contract: 'azure-ga', endpoint: 'https://r.openai.azure.com', model: 'm', apiKey: '', credential },
      clock,
    );
    const failed = expect(keys.mint(request('s1'))).rejects.toMatchObject({ code: 'PROVIDER_TIMEOUT' });
    await clock.advance(10_000);
    await failed;
    expect(calls).toHaveLength(0);
  });
});

describe('[KEY-7] single flight', () => {
  it('[D08] parallel requests for one session are one request with one answer', async () => {
    const clock = new VirtualClock(START);
    const held = heldFetch(clock);
    const { keys } = await service({ fetch: held.fetch }, clock);
    const renewed: unknown[] = [];
    keys.onKeyRenewed(result => renewed.push(result));
    const answers = Promise.all([keys.requestEphemeralKey(), keys.requestEphemeralKey(), keys.requestEphemeralKey()]);
    await settle(clock);
    held.letGo();
    const secrets = (await answers).map(answer => answer.ephemeralKey?.reveal());
    expect(secrets).toEqual(['ek_1', 'ek_1', 'ek_1']);
    expect([held.calls.length, renewed.length]).toEqual([1, 1]);
    await Promise.all([keys.mint(request('a')), settle(clock).then(held.letGo)]);
    expect(held.calls).toHaveLength(2);
  });

  it('[D04] two sessions never share a key', async () => {
    const clock = new VirtualClock(START);
    const held = heldFetch(clock);
    const { keys } = await service({ fetch: held.fetch }, clock);
    const signal = live();
    const both = Promise.all([keys.mint(request('a', signal)), keys.mint(request('b', signal))]);
    await settle(clock);
    held.letGo();
    const [a, b] = await both;
    expect(new Set([a.secret, b.secret]).size).toBe(2);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('[KEY-7] one who leaves does not take the answer from the others', async () => {
    const clock = new VirtualClock(START);
    const held = heldFetch(clock);
    const { keys } = await service({ fetch: held.fetch }, clock);
    const leaving = new AbortController();
    const left = expect(keys.mint(request('a', leaving.signal))).rejects.toMatchObject({ code: 'OPERATION_ABORTED' });
    const stays = keys.mint(request('a'));
    await settle(clock);
    leaving.abort();
    await left;
    expect(held.signals[0]?.aborted).toBe(false);
    held.letGo();
    expect((await stays).secret).toBe('ek_1');
    expect(getEventListeners(leaving.signal, 'abort')).toHaveLength(0);
  });

  it('[KEY-7] a failure is not kept: the next request is sent', async () => {
    const fetching = fakeFetch(() => new Response(null, { status: 503 }), gaAnswer('ek_2', START + 60_000));
    const { keys } = await service({ fetch: fetching.fetch });
    await expect(keys.mint(request('a'))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect((await keys.mint(request('a'))).secret).toBe('ek_2');
  });
});

describe('[KEY-9] nothing is sent that nobody asked for', () => {
  it('[D45] initialize() and dispose() send nothing, a test sends one request and keeps nothing', async () => {
    const { keys, calls, clock } = await service();
    await keys.initialize();
    expect(calls).toHaveLength(0);
    expect(await keys.testAuthentication()).toEqual({
      success: true,
      endpoint: 'https://api.openai.com/v1',
      region: '',
      hasValidCredentials: true,
      canCreateSessions: true,
      latencyMs: 0,
    });
    expect(calls).toHaveLength(1);
    expect([keys.getCurrentKey(), clock.pending]).toEqual([undefined, 0]);
    keys.dispose();
    expect(calls).toHaveLength(1);
  });

  it('[D45] the service offers no revoke; ending a session drops its key without a request', async () => {
    const { keys, calls } = await service();
    await keys.requestEphemeralKey('a');
    await keys.endSession('b');
    expect(keys.isKeyValid()).toBe(true);
    await keys.endSession('a');
    expect(keys.isKeyValid()).toBe(false);
    expect(calls).toHaveLength(1);
    expect('revoke' in keys).toBe(false);
  });

  const table: [number, boolean, string][] = [
    [401, false, 'INVALID_CREDENTIALS'],
    [403, true, 'INSUFFICIENT_PERMISSIONS'],
    [429, true, 'RATE_LIMITED'],
    [500, false, 'SERVICE_UNAVAILABLE'],
  ];
  for (const [status, hasValidCredentials, code] of table) {
    it(`[KEY-9] a test that meets ${status} says so and does not try again`, async () => {
      const fetching = fakeFetch(() => new Response(CANARY, { status }));
      const { keys } = await service({ fetch: fetching.fetch });
      const result = await keys.testAuthentication();
      expect(result).toMatchObject({ success: false, hasValidCredentials, canCreateSessions: false });
      expect(result.error).toMatch(new RegExp(`^${code}: `));
      expect(everythingIn(result)).not.toContain('canary');
      expect(fetching.calls).toHaveLength(1);
    });
  }
});

describe('[KEY-10] the key at hand', () => {
  it('[D15] at the instant of expiry the secret is gone and told so once', async () => {
    const { keys, clock } = await service();
    const expired: unknown[] = [];
    keys.onKeyExpired(info => expired.push(info));
    await keys.requestEphemeralKey('a');
    await clock.advance(59_999);
    expect(keys.getCurrentKey()).toMatchObject({ isValid: true, secondsRemaining: 0.001 });
    await clock.advance(1);
    expect(keys.getCurrentKey()).toBe(undefined);
    expect(keys.getKeyExpiration()).toBe(undefined);
    expect(expired).toEqual([
      expect.objectContaining({ key: undefined, sessionId: 'a', isValid: false, secondsRemaining: 0 }),
    ]);
    await clock.advance(600_000);
    expect([expired.length, clock.pending]).toEqual([1, 0]);
  });

  it('[KEY-10] figures of a key are those of now; refresh is the margin before the expiry, at most half the life', async () => {
    const { keys, clock } = await service();
    const result = await keys.requestEphemeralKey();
    expect(result).toMatchObject({
      success: true,
      sessionId: 'sess_ek_1',
      secondsUntilRefresh: 50,
      refreshIntervalSeconds: 50,
      expiresAt: new Date(START + 60_000),
    });
    await clock.advance(20_000);
    expect(keys.getCurrentKey()).toMatchObject({
      ttlSeconds: 60,
      secondsRemaining: 40,
      secondsUntilRefresh: 30,
      refreshAt: new Date(START + 50_000),
      issuedAt: new Date(START),
    });
    expect(Object.isFrozen(keys.getCurrentKey())).toBe(true);
    const greedy = await service({ renewalMarginSeconds: 3_600 });
    expect(await greedy.keys.requestEphemeralKey()).toMatchObject({ secondsUntilRefresh: 30 });
  });

  it('[KEY-10] a newer key takes the place of the older one, whose expiry is not told', async () => {
    const { keys, clock } = await service();
    const expired: unknown[] = [];
    keys.onKeyExpired(info => expired.push(info));
    await keys.requestEphemeralKey();
    await clock.advance(50_000);
    const renewed = await keys.renewKey();
    expect(renewed.ephemeralKey?.reveal()).toBe('ek_2');
    await clock.advance(59_999);
    expect([expired.length, keys.isKeyValid()]).toEqual([0, true]);
    await clock.advance(1);
    expect(expired).toHaveLength(1);
  });

  it('[KEY-10] revoking tells once; a wall clock set past the expiry ends the key too', async () => {
    const { keys, clock } = await service();
    const expired: unknown[] = [];
    keys.onKeyExpired(info => expired.push(info));
    await keys.revokeCurrentKey();
    await keys.requestEphemeralKey();
    await keys.revokeCurrentKey();
    await keys.revokeCurrentKey();
    expect([expired.length, clock.pending]).toEqual([1, 0]);
    await keys.requestEphemeralKey();
    clock.setWall(START + 3_600_000);
    expect(keys.isKeyValid()).toBe(false);
    expect([expired.length, clock.pending]).toEqual([2, 0]);
  });

  it('[D10] the service never renews by itself', async () => {
    const { keys, clock, calls } = await service();
    await keys.requestEphemeralKey();
    await clock.advance(3_600_000);
    expect(calls).toHaveLength(1);
  });
});

describe('[KEY-16] createRealtimeSession', () => {
  it('[KEY-16] uses the key at hand once, asks for another one after that, and tells the addresses', async () => {
    const { keys, calls } = await service();
    await keys.requestEphemeralKey();
    const first = await keys.createRealtimeSession();
    expect(first.ephemeralKey.reveal()).toBe('ek_1');
    expect(first).toMatchObject({
      webrtcUrl: 'https://api.openai.com/v1/realtime/calls',
      websocketUrl: 'wss://api.openai.com/v1/realtime?model=gpt-realtime',
      refreshIntervalMs: 50_000,
    });
    const [second, third] = await Promise.all([keys.createRealtimeSession(), keys.createRealtimeSession()]);
    expect(new Set([first, second, third].map(session => session.ephemeralKey.reveal())).size).toBe(3);
    expect(calls).toHaveLength(3);
  });

  it('[KEY-16] the addresses of Azure', async () => {
    const azure = { endpoint: 'https://r.openai.azure.com', model: 'voice', region: 'swedencentral' };
    const ga = await service({ ...azure, contract: 'azure-ga' });
    expect(await ga.keys.createRealtimeSession()).toMatchObject({
      webrtcUrl: 'https://r.openai.azure.com/openai/v1/realtime/calls',
      websocketUrl: 'wss://r.openai.azure.com/openai/v1/realtime?model=voice',
    });
    const fetching = fakeFetch(() => Response.json({ client_secret: { value: 'v', expires_at: START / 1_000 + 60 } }));
    const preview = await service({ ...azure, contract: 'azure-preview', fetch: fetching.fetch });
    expect(await preview.keys.createRealtimeSession()).toMatchObject({
      webrtcUrl: 'https://swedencentral.realtimeapi-preview.ai.azure.com/v1/realtimertc?model=voice',
      websocketUrl: 'wss://r.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=voice',
      sessionId: 'key-1',
    });
  });

  it('[KEY-16] rejects with the code of the failure', async () => {
    const { keys } = await service({ fetch: fakeFetch(() => new Response(null, { status: 403 })).fetch });
    await expect(keys.createRealtimeSession()).rejects.toMatchObject({ code: 'INSUFFICIENT_PERMISSIONS' });
  });
});

describe('[KEY-11] life cycle', () => {
  it('[D06] dispose aborts what is under way, stores nothing after, and leaves no timer', async () => {
    const clock = new VirtualClock(START);
    const held = heldFetch(clock);
    const { keys } = await service({ fetch: held.fetch }, clock);
    const told: unknown[] = [];
    keys.onKeyRenewed(result => told.push(result));
    keys.onKeyExpired(info => told.push(info));
    keys.onAuthenticationError(error => told.push(error));
    const asked = keys.requestEphemeralKey();
    const failed = expect(keys.mint(request('s1'))).rejects.toMatchObject({ code: 'OPERATION_ABORTED' });
    await settle(clock);
    keys.dispose();
    held.letGo();
    await failed;
    expect(await asked).toMatchObject({ success: false, error: { code: 'OPERATION_ABORTED' } });
    await settle(clock);
    expect(held.signals.every(signal => signal.aborted)).toBe(true);
    expect([keys.getCurrentKey(), clock.pending, told]).toEqual([undefined, 0, []]);
  });

  it('[KEY-11] dispose drops the key at hand without a notice', async () => {
    const { keys, clock } = await service();
    const expired: unknown[] = [];
    keys.onKeyExpired(info => expired.push(info));
    await keys.requestEphemeralKey();
    using disposed = keys;
    disposed.dispose();
    expect([keys.isKeyValid(), clock.pending, expired.length]).toEqual([false, 0, 0]);
  });

  it('[D43] calls in any order: before initialize() and after dispose() one code, no request', async () => {
    const { fetch, calls } = fakeFetch(gaAnswer('ek_1', START + 60_000));
    const code = 'DEPENDENCY_NOT_INITIALIZED';
    const keys = createEphemeralKeyService({ contract: 'openai', apiKey: 'k', clock: new VirtualClock(START), fetch });
    const probe = async () => {
      expect(keys.isInitialized()).toBe(false);
      await expect(keys.mint(request('s1'))).rejects.toMatchObject({ code });
      await expect(keys.createRealtimeSession()).rejects.toMatchObject({ code });
      expect(await keys.requestEphemeralKey()).toMatchObject({ success: false, error: { code } });
      expect(await keys.renewKey()).toMatchObject({ success: false });
      expect(await keys.testAuthentication()).toMatchObject({ success: false });
      await keys.revokeCurrentKey();
      await keys.endSession('s1');
      expect([keys.getCurrentKey(), keys.isKeyValid()]).toEqual([undefined, false]);
    };
    await probe();
    await Promise.all([keys.initialize(), keys.initialize()]);
    expect(keys.isInitialized()).toBe(true);
    keys.dispose();
    keys.dispose();
    await probe();
    await expect(keys.initialize()).rejects.toMatchObject({ code });
    const early = createEphemeralKeyService({ contract: 'openai', apiKey: 'k' });
    early.dispose();
    expect(early.isInitialized()).toBe(false);
    expect(calls).toHaveLength(0);
  });
});

describe('[KEY-15] listeners', () => {
  it('[D35] a listener that throws or rejects harms nobody and is logged once each', async () => {
    const { keys, logger } = await service();
    const heard: string[] = [];
    keys.onKeyRenewed(() => {
      throw new Error(CANARY);
    });
    keys.onKeyRenewed(() => Promise.reject(new Error(CANARY)));
    const third = keys.onKeyRenewed(() => heard.push('third'));
    expect(await keys.requestEphemeralKey()).toMatchObject({ success: true });
    await new Promise(resolve => setImmediate(resolve));
    expect(heard).toEqual(['third']);
    expect(logger.lines.map(({ message }) => message)).toEqual(['key listener failed', 'key listener failed']);
    expect(everythingIn(logger.lines)).not.toContain('canary');
    third.dispose();
    third.dispose();
    await keys.renewKey();
    expect(heard).toEqual(['third']);
  });

  it('[D11] a failed request is told once; a failed mint belongs to its session alone', async () => {
    const { keys } = await service({ fetch: fakeFetch(() => new Response(null, { status: 429 })).fetch });
    const errors: unknown[] = [];
    keys.onAuthenticationError(error => errors.push(error));
    await keys.mint(request('s1')).catch(() => undefined);
    expect(errors).toEqual([]);
    const results = await Promise.all([keys.requestEphemeralKey(), keys.requestEphemeralKey()]);
    expect(results.map(result => result.error?.code)).toEqual(['RATE_LIMITED', 'RATE_LIMITED']);
    expect(errors).toEqual([
      expect.objectContaining({ code: 'RATE_LIMITED', isRetryable: true, azureErrorDetails: { status: 429 } }),
    ]);
  });
});

it('[D12] the secret is in nothing that the service returns, tells or logs but where it is revealed', async () => {
  const { keys, logger } = await service({
    apiKey: `sk-${CANARY}`,
    fetch: fakeFetch(gaAnswer(CANARY, START + 60_000)).fetch,
  });
  const told: unknown[] = [];
  keys.onKeyRenewed(result => told.push(result));
  keys.onKeyExpired(info => told.push(info));
  const shown = [
    await keys.requestEphemeralKey(),
    keys.getCurrentKey(),
    await keys.createRealtimeSession(),
    keys,
    logger.lines,
  ];
  await keys.revokeCurrentKey();
  expect(everythingIn([...shown, ...told])).not.toContain(CANARY);
  expect(structuredClone(JSON.parse(JSON.stringify(shown.slice(0, 3))))).toBeDefined();
  const again = await keys.requestEphemeralKey();
  expect(again.ephemeralKey?.reveal()).toBe(CANARY);
});

describe('[KEY-13] DefaultAzureCredential', () => {
  afterEach(() => {
    vi.doUnmock('@azure/identity');
  });

  it('[KEY-13] is loaded at the first request, not before, and once', async () => {
    let made = 0;
    vi.doMock('@azure/identity', () => ({
      DefaultAzureCredential: class {
        constructor() {
          made++;
        }
        async getToken() {
          return { token: 'entra-token', expiresOnTimestamp: 0 };
        }
      },
    }));
    const clock = new VirtualClock(START);
    const { fetch, calls } = fakeFetch(gaAnswer('ek_1', START + 60_000));
    const keys = createEphemeralKeyService({
      contract: 'azure-ga',
      endpoint: 'https://r.openai.azure.com',
      model: 'm',
      credential: 'default',
      clock,
      fetch,
    });
    await keys.initialize();
    expect(made).toBe(0);
    await keys.mint(request('a'));
    await keys.mint(request('b'));
    expect([made, calls.length]).toEqual([1, 2]);
    expect(calls[0]?.init.headers).toMatchObject({ authorization: 'Bearer entra-token' });
  });
});
