import { describe, expect, it } from 'vitest';
import { isSessionchartError, type SessionchartError } from '../../../src/actors/errors.ts';
import { Secret } from '../../../src/actors/secret.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createEphemeralKeyServiceFromEnv } from '../../../src/services/ephemeral-key-env.ts';
import { createEphemeralKeyService } from '../../../src/services/ephemeral-key-service.ts';
import type { EphemeralKeyServiceOptions } from '../../../src/services/key-options.ts';
import { CANARY, everythingIn, fakeFetch, gaAnswer } from './support.ts';

const START = Date.UTC(2026, 0, 1);
const EXPIRES = START + 60_000;
const AZURE = 'https://res.openai.azure.com';
const never = new AbortController().signal;
const REQUEST = { sessionId: 's1', attempt: 1, signal: never };

async function minted(options: EphemeralKeyServiceOptions, ...answers: Parameters<typeof fakeFetch>) {
  const { fetch, calls } = fakeFetch(...(answers.length > 0 ? answers : [gaAnswer('ek_1', EXPIRES)]));
  const service = createEphemeralKeyService({ clock: new VirtualClock(START), fetch, ...options });
  await service.initialize();
  const key = await service.mint(REQUEST).catch((error: unknown) => error);
  const [call] = calls;
  return { key, calls, url: call?.url, init: call?.init, body: call && JSON.parse(String(call.init.body)) };
}

function thrown(work: () => unknown): SessionchartError {
  try {
    work();
  } catch (error) {
    if (isSessionchartError(error)) return error;
    throw error;
  }
  throw new Error('did not throw');
}

describe('[KEY-1] what is sent', () => {
  it('[KEY-1] azure-ga: no api-version, api-key header, session in the body', async () => {
    const sent = await minted({
      contract: 'azure-ga',
      endpoint: `${AZURE}/`,
      model: 'voice',
      apiKey: 'k-1',
      voice: 'alloy',
      instructions: 'Be kind.',
    });
    expect(sent.url).toBe(`${AZURE}/openai/v1/realtime/client_secrets`);
    expect(sent.init?.method).toBe('POST');
    expect(sent.init?.headers).toEqual({
      accept: 'application/json',
      'content-type': 'application/json',
      'api-key': 'k-1',
    });
    expect(sent.body).toEqual({
      session: { type: 'realtime', model: 'voice', instructions: 'Be kind.', audio: { output: { voice: 'alloy' } } },
    });
  });

  it('[KEY-1] azure-preview: api-version, flat body, nested answer', async () => {
    const answer = () =>
      Response.json({
        id: 'sess_7',
        object: 'realtime.session',
        expires_at: 0,
        client_secret: { value: 'secret-7', expires_at: EXPIRES / 1_000 },
      });
    const sent = await minted(
      { contract: 'azure-preview', endpoint: AZURE, model: 'voice', apiKey: new Secret('k-1'), voice: 'alloy' },
      answer,
    );
    expect(sent.url).toBe(`${AZURE}/openai/realtimeapi/sessions?api-version=2025-04-01-preview`);
    expect(sent.body).toEqual({ model: 'voice', voice: 'alloy' });
    expect(sent.key).toEqual({ secret: 'secret-7', expiresAt: EXPIRES, id: 'sess_7' });
  });

  it('[KEY-1] openai: bearer, expires_after, default model', async () => {
    const sent = await minted({ contract: 'openai', apiKey: async () => 'sk-1', keyLifeSeconds: 600 });
    expect(sent.url).toBe('https://api.openai.com/v1/realtime/client_secrets');
    expect(sent.init?.headers).toMatchObject({ authorization: 'Bearer sk-1' });
    expect(sent.body).toEqual({
      expires_after: { anchor: 'created_at', seconds: 600 },
      session: { type: 'realtime', model: 'gpt-realtime' },
    });
  });
});

it('[KEY-2] epoch seconds of the answer become milliseconds', async () => {
  const { key } = await minted({ contract: 'openai', apiKey: 'k' });
  expect(key).toEqual({ secret: 'ek_1', expiresAt: EXPIRES, id: 'sess_ek_1' });
});

describe('[D19] an answer that cannot be used', () => {
  const at = EXPIRES / 1_000;
  const flat: [string, unknown, string][] = [
    ['no secret', { expires_at: at }, 'value'],
    ['an empty secret', { value: '', expires_at: at }, 'value'],
    ['a secret with a line break', { value: `${CANARY}\n`, expires_at: at }, 'value'],
    ['a secret that is no text', { value: { CANARY }, expires_at: at }, 'value'],
    ['no expiry', { value: CANARY }, 'expires_at'],
    ['an expiry that is text', { value: CANARY, expires_at: String(at) }, 'expires_at'],
    ['an expiry of 0', { value: CANARY, expires_at: 0 }, 'expires_at'],
    ['an expiry that has passed', { value: CANARY, expires_at: START / 1_000 }, 'expires_at'],
    ['an expiry in milliseconds', { value: CANARY, expires_at: EXPIRES }, 'expires_at'],
    ['a list', [CANARY], 'body'],
    ['null', null, 'body'],
  ];
  for (const [what, body, field] of flat) {
    it(`[D19] ${what}: the error names ${field} and leaks nothing`, async () => {
      const { key, calls } = await minted({ contract: 'openai', apiKey: 'k' }, () => Response.json(body));
      expect(key).toMatchObject({ code: 'INVALID_PROVIDER_ANSWER', details: { field } });
      expect(everythingIn(key)).not.toContain('canary');
      expect(calls).toHaveLength(1);
    });
  }

  it('[D19] the nested contract names nested fields', async () => {
    const { key } = await minted({ contract: 'azure-preview', endpoint: AZURE, model: 'm', apiKey: 'k' }, () =>
      Response.json({ client_secret: { value: CANARY } }),
    );
    expect(key).toMatchObject({ code: 'INVALID_PROVIDER_ANSWER', details: { field: 'client_secret.expires_at' } });
  });

  it('[D19] no JSON, or too much of it', async () => {
    const html = await minted({ contract: 'openai', apiKey: 'k' }, () => new Response(`<html>${CANARY}`));
    expect(html.key).toMatchObject({
      code: 'INVALID_PROVIDER_ANSWER',
      details: { field: 'body', allowed: 'a JSON document' },
    });
    const huge = await minted({ contract: 'openai', apiKey: 'k' }, () => Response.json({ value: 'x'.repeat(100_000) }));
    expect(huge.key).toMatchObject({ details: { field: 'body', allowed: 'at most 65536 bytes' } });
    const none = await minted({ contract: 'openai', apiKey: 'k' }, () => new Response(null, { status: 204 }));
    expect(none.key).toMatchObject({ code: 'INVALID_PROVIDER_ANSWER' });
  });

  it('[D19] a session id that is the secret itself, or no id, is not taken for an id', async () => {
    for (const id of ['ek_same', 'has spaces', 7]) {
      const { key } = await minted({ contract: 'openai', apiKey: 'k' }, () =>
        Response.json({ value: 'ek_same', expires_at: at, session: { id } }),
      );
      expect(key).toEqual({ secret: 'ek_same', expiresAt: EXPIRES });
    }
  });
});

describe('[KEY-4] the life of a key is counted by the clock of the server', () => {
  const dated = (offsetMs: number, lifeMs = 60_000) => {
    const serverNow = START + offsetMs;
    return gaAnswer('ek_1', serverNow + lifeMs, { date: new Date(serverNow).toUTCString() });
  };
  for (const hours of [-1, 1, 24]) {
    it(`[KEY-4] a server whose clock is ${hours} h off: the key lives as long as it does there, less at most 1 s`, async () => {
      const { key } = await minted({ contract: 'openai', apiKey: 'k' }, dated(hours * 3_600_000));
      const { expiresAt } = key as { expiresAt: number };
      expect(expiresAt).toBeGreaterThanOrEqual(EXPIRES - 1_000);
      expect(expiresAt).toBeLessThanOrEqual(EXPIRES);
    });
  }

  it('[KEY-4] a slow answer of a server with another clock: the key never lives longer here than there', async () => {
    const clock = new VirtualClock(START);
    const serverNow = START + 3_600_000;
    const { fetch } = fakeFetch(async () => {
      await new Promise<void>(resolve => clock.setTimeout(resolve, 5_000));
      return gaAnswer('ek_1', serverNow + 60_000, { date: new Date(serverNow).toUTCString() })();
    });
    const service = createEphemeralKeyService({ contract: 'openai', apiKey: 'k', clock, fetch });
    await service.initialize();
    const key = service.mint(REQUEST);
    await clock.advance(5_000);
    expect((await key).expiresAt).toBe(EXPIRES - 1_000);
  });

  it('[KEY-4] a key that runs out on its way is no key', async () => {
    const clock = new VirtualClock(START);
    const { fetch } = fakeFetch(async () => {
      await new Promise<void>(resolve => clock.setTimeout(resolve, 5_000));
      return gaAnswer('ek_1', START + 5_000)();
    });
    const service = createEphemeralKeyService({ contract: 'openai', apiKey: 'k', clock, fetch });
    await service.initialize();
    const failed = expect(service.mint(REQUEST)).rejects.toMatchObject({ details: { field: 'expires_at' } });
    // The wall clock is set back meanwhile; the time on the way counts all the same.
    clock.setTimeout(() => clock.setWall(START), 4_000);
    await clock.advance(5_000);
    await failed;
  });

  it('[KEY-4] a difference below what a Date header can tell changes nothing', async () => {
    const { key } = await minted(
      { contract: 'openai', apiKey: 'k' },
      gaAnswer('ek_1', EXPIRES, { date: new Date(START - 900).toUTCString() }),
    );
    expect(key).toMatchObject({ expiresAt: EXPIRES });
  });

  it('[KEY-4] a Date header that is no date is ignored', async () => {
    const { key } = await minted({ contract: 'openai', apiKey: 'k' }, gaAnswer('ek_1', EXPIRES, { date: 'yesterday' }));
    expect(key).toMatchObject({ expiresAt: EXPIRES });
  });
});

describe('[KEY-13] authentication', () => {
  const azure = { contract: 'azure-ga', endpoint: AZURE, model: 'm' } as const;

  it('[KEY-13] an Entra credential is asked for the scope of the service and sent as bearer', async () => {
    const asked: unknown[] = [];
    const credential = {
      async getToken(scope: string | string[], options?: { abortSignal?: AbortSignal }) {
        asked.push(scope, options?.abortSignal instanceof AbortSignal);
        return { token: 'entra-token', expiresOnTimestamp: 0 };
      },
    };
    const { init } = await minted({ ...azure, credential });
    expect(asked).toEqual(['https://cognitiveservices.azure.com/.default', true]);
    expect(init?.headers).toMatchObject({ authorization: 'Bearer entra-token' });
  });

  const failing = (name: string, facts: object = {}) => ({
    getToken: () => Promise.reject(Object.assign(new Error(CANARY), { name, ...facts })),
  });
  const table: [string, object, string, boolean][] = [
    ['CredentialUnavailableError', {}, 'MISSING_CREDENTIALS', false],
    ['AggregateAuthenticationError', {}, 'MISSING_CREDENTIALS', false],
    ['AuthenticationError', { statusCode: 400 }, 'INVALID_CREDENTIALS', false],
    ['AuthenticationError', { statusCode: 401 }, 'INVALID_CREDENTIALS', false],
    ['AuthenticationError', { statusCode: 503 }, 'SERVICE_UNAVAILABLE', true],
    ['RestError', { code: 'ENOTFOUND' }, 'NETWORK_ERROR', true],
  ];
  for (const [name, facts, code, isRetryable] of table) {
    it(`[KEY-13] ${name} ${JSON.stringify(facts)} of Entra is ${code}`, async () => {
      const { key, calls } = await minted({ ...azure, credential: failing(name, facts) });
      expect(key).toMatchObject({ code, isRetryable });
      expect(everythingIn(key)).not.toContain('canary');
      expect(calls).toHaveLength(0);
    });
  }

  it('[KEY-13] a key that is missing or that no header can carry is not sent', async () => {
    expect((await minted({ ...azure, apiKey: () => '' })).key).toMatchObject({ code: 'MISSING_CREDENTIALS' });
    expect((await minted({ ...azure, credential: { getToken: async () => null } })).key).toMatchObject({
      code: 'MISSING_CREDENTIALS',
    });
    for (const apiKey of [`${CANARY}\r\nx: y`, 'schlüssel', () => Promise.reject(new Error(CANARY))]) {
      const { key, calls } = await minted({ ...azure, apiKey });
      expect(everythingIn(key)).not.toMatch(/canary|schl/);
      expect(calls).toHaveLength(0);
    }
  });

  it('[KEY-13] Entra is not for OpenAI', () => {
    expect(thrown(() => createEphemeralKeyService({ contract: 'openai', credential: 'default' })).details.field).toBe(
      'credential',
    );
  });
});

describe('[KEY-14] options and environment are checked before anything is sent', () => {
  const valid = { contract: 'azure-ga', endpoint: AZURE, model: 'm', apiKey: 'k' } as const;
  const table: [string, object, string, string][] = [
    ['contract', { contract: 'other' }, 'INVALID_CONFIG', 'contract'],
    ['no credentials', { apiKey: '' }, 'MISSING_CREDENTIALS', 'apiKey'],
    ['no endpoint', { endpoint: '' }, 'MISSING_ENDPOINT', 'endpoint'],
    ['no URL', { endpoint: 'res.openai.azure.com' }, 'INVALID_ENDPOINT_FORMAT', 'endpoint'],
    ['plain http', { endpoint: 'http://res.openai.azure.com' }, 'INVALID_ENDPOINT_FORMAT', 'endpoint'],
    [
      'user in the URL',
      { endpoint: `https://user:${CANARY}@res.openai.azure.com` },
      'INVALID_ENDPOINT_FORMAT',
      'endpoint',
    ],
    ['query in the URL', { endpoint: `${AZURE}?api-key=${CANARY}` }, 'INVALID_ENDPOINT_FORMAT', 'endpoint'],
    ['no deployment', { model: '' }, 'INVALID_CONFIG', 'model'],
    ['a deployment with a slash', { model: '../x' }, 'INVALID_CONFIG', 'model'],
    ['too short a life', { keyLifeSeconds: 9 }, 'INVALID_CONFIG', 'keyLifeSeconds'],
    ['too long a life', { keyLifeSeconds: 7_201 }, 'INVALID_CONFIG', 'keyLifeSeconds'],
    ['a life for preview', { contract: 'azure-preview', keyLifeSeconds: 60 }, 'INVALID_CONFIG', 'keyLifeSeconds'],
    ['a negative margin', { renewalMarginSeconds: -1 }, 'INVALID_CONFIG', 'renewalMarginSeconds'],
    ['a deadline of NaN', { requestDeadlineMs: Number.NaN }, 'INVALID_CONFIG', 'requestDeadlineMs'],
    ['a deadline of 0', { requestDeadlineMs: 0 }, 'INVALID_CONFIG', 'requestDeadlineMs'],
    ['instructions without end', { instructions: 'x'.repeat(100_001) }, 'INVALID_CONFIG', 'instructions'],
  ];
  for (const [what, change, code, field] of table) {
    it(`[KEY-14] ${what}: ${code}`, () => {
      const error = thrown(() => createEphemeralKeyService({ ...valid, ...change } as EphemeralKeyServiceOptions));
      expect([error.code, error.details.field]).toEqual([code, field]);
      expect(everythingIn(error)).not.toContain('canary');
    });
  }

  const env = async (variables: Record<string, string>, overrides = {}) => {
    const { fetch, calls } = fakeFetch(gaAnswer('ek_1', EXPIRES));
    const service = createEphemeralKeyServiceFromEnv(variables, {
      clock: new VirtualClock(START),
      fetch,
      ...overrides,
    });
    await service.initialize();
    await service.mint(REQUEST).catch(() => undefined);
    return calls[0];
  };

  it('[KEY-14] the environment chooses the contract', async () => {
    const azure = { AZURE_OPENAI_ENDPOINT: AZURE, AZURE_OPENAI_API_KEY: ' k ', AZURE_OPENAI_DEPLOYMENT: 'voice' };
    expect((await env(azure))?.url).toBe(`${AZURE}/openai/v1/realtime/client_secrets`);
    expect((await env(azure))?.init.headers).toMatchObject({ 'api-key': 'k' });
    expect(
      (await env({ ...azure, AZURE_OPENAI_API_VERSION: '2025-04-01-preview', OPENAI_API_KEY: 'o' }))?.url,
    ).toContain('/realtimeapi/sessions?');
    expect((await env({ OPENAI_API_KEY: 'o' }))?.url).toBe('https://api.openai.com/v1/realtime/client_secrets');
    expect((await env({ OPENAI_API_KEY: 'o', OPENAI_BASE_URL: 'http://localhost:1/v1' }))?.url).toBe(
      'http://localhost:1/v1/realtime/client_secrets',
    );
  });

  it('[KEY-14] what is missing in the environment is named', () => {
    const code = (variables: Record<string, string>, overrides = {}) =>
      thrown(() => createEphemeralKeyServiceFromEnv(variables, overrides)).code;
    expect(code({})).toBe('MISSING_CREDENTIALS');
    expect(code({ AZURE_OPENAI_ENDPOINT: AZURE })).toBe('MISSING_CREDENTIALS');
    expect(code({ AZURE_OPENAI_API_KEY: 'k' })).toBe('MISSING_ENDPOINT');
    expect(code({}, { credential: 'default' })).toBe('MISSING_ENDPOINT');
    expect(code({ AZURE_OPENAI_API_KEY: 'k', AZURE_OPENAI_ENDPOINT: AZURE })).toBe('INVALID_CONFIG');
    expect(code({ AZURE_OPENAI_API_KEY: 'k', AZURE_OPENAI_ENDPOINT: 'x', AZURE_OPENAI_DEPLOYMENT: 'd' })).toBe(
      'INVALID_ENDPOINT_FORMAT',
    );
  });
});
