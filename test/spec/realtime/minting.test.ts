import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/actors/secret.ts';
import {
  createRealtimeService,
  type RealtimeFault,
  type RealtimeServiceOptions,
} from '../../../src/integration/realtime/index.ts';
import { KeyStore } from '../../../src/integration/realtime/keys.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { AZURE, connectRaw, errorFrom, GA, mintKey, PREVIEW, post, refusedHandshake, services } from './support.ts';

const started = services();

describe('minting', () => {
  it.each([GA, AZURE])('[RTS-1] %s answers with key, expiry in epoch seconds and session', async path => {
    const clock = new VirtualClock();
    const service = await started({ clock });
    const body = { session: { type: 'realtime', model: 'gpt-realtime', audio: { output: { voice: 'marin' } } } };
    const response = await post(service, path, { body });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      value: expect.stringMatching(/^ek_[0-9a-f]{48}$/),
      expires_at: clock.wall() / 1000 + 600,
      session: expect.objectContaining({
        id: expect.stringMatching(/^sess_/),
        object: 'realtime.session',
        type: 'realtime',
        model: 'gpt-realtime',
        audio: expect.objectContaining({ output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'marin' } }),
      }),
    });
    expect(service.stats()).toMatchObject({ minted: 1, rejected: 0 });
  });

  it('[RTS-1] an empty body is a request with every default', async () => {
    const service = await started();
    const response = await post(service, GA, { body: '' });
    expect(await response.json()).toMatchObject({ session: { type: 'realtime', model: 'gpt-realtime' } });
  });

  it('[RTS-2] the Azure preview contract nests the key and lives one minute', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock });
    const headers = { 'api-key': service.apiKey.reveal() };
    const response = await post(service, PREVIEW, { headers, body: { model: 'gpt-4o-realtime', voice: 'verse' } });
    const expires_at = clock.wall() / 1000 + 60;
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^sess_/),
      object: 'realtime.session',
      model: 'gpt-4o-realtime',
      voice: 'verse',
      expires_at,
      client_secret: { value: expect.stringMatching(/^ek_/), expires_at },
    });
  });

  it('[RTS-2] the preview contract needs api-version and model', async () => {
    const service = await started();
    const [path = ''] = PREVIEW.split('?');
    expect((await post(service, path, { body: { model: 'm' } })).status).toBe(400);
    expect((await post(service, PREVIEW)).status).toBe(400);
  });

  it('[RTS-3] a key is shown as Bearer or api-key; without one, or with a wrong one, 401 in the dialect of the path', async () => {
    const service = await started({ apiKeys: ['first-key-1234', new Secret('second-key-1234')] });
    expect((await post(service, GA, { headers: { 'api-key': 'second-key-1234' } })).status).toBe(200);
    expect((await post(service, GA, { headers: { authorization: 'bearer first-key-1234' } })).status).toBe(200);
    const refused = await post(service, GA, { headers: {} });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toEqual({
      error: { message: expect.any(String), type: 'invalid_request_error', param: null, code: 'invalid_api_key' },
    });
    const azure = await post(service, AZURE, { headers: { 'api-key': 'not-the-key' } });
    expect(azure.status).toBe(401);
    expect(await azure.json()).toEqual({ error: { code: 'Unauthorized', message: expect.any(String) } });
  });

  it('[RTS-3] an ephemeral key cannot mint another', async () => {
    const service = await started();
    const { value } = await mintKey(service);
    expect((await post(service, GA, { headers: { authorization: `Bearer ${value}` } })).status).toBe(401);
  });

  it('[RTS-4] a key lives as long as the request asks, within 10 to 7200 s', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock, keyTtlSeconds: 3 });
    const ask = (seconds: number) =>
      post(service, GA, { body: { expires_after: { anchor: 'created_at', seconds }, session: { type: 'realtime' } } });
    for (const seconds of [10, 7_200]) {
      const { expires_at } = (await (await ask(seconds)).json()) as { expires_at: number };
      expect(expires_at - clock.wall() / 1000).toBe(seconds);
    }
    for (const seconds of [9, 7_201, 10.5]) {
      const response = await ask(seconds);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { param: 'expires_after.seconds' } });
    }
  });

  it('[RTS-4] a fraction of a second is rounded up on the wire, and the key works until exactly the second told', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock, keyTtlSeconds: 2.5 });
    const { value, expires_at } = await mintKey(service);
    expect(expires_at).toBe(clock.wall() / 1000 + 3);
    const headers = { authorization: `Bearer ${value}` };
    await clock.advance(2_999);
    (await connectRaw(service, { headers })).socket.terminate();
    await clock.advance(1);
    expect((await refusedHandshake(service, { headers })).status).toBe(401);
  });

  it('[RTS-18] keys are remembered until they expire, and 10000 of them at most', async () => {
    const clock = new VirtualClock();
    const keys = new KeyStore([new Secret('api-key-1234')], clock);
    const first = keys.mint(60, {});
    const kindOf = (key: Secret) => keys.look(key.reveal()).kind;
    await clock.advance(60_000);
    expect(kindOf(first.value)).toBe('expired');
    const second = keys.mint(3_600, {});
    expect(kindOf(first.value)).toBe('unknown');
    for (let n = 1; n < 10_000; n += 1) keys.mint(3_600, {});
    expect(kindOf(second.value)).toBe('ephemeral');
    keys.mint(3_600, {});
    expect(kindOf(second.value)).toBe('unknown');
  });

  it('[RTS-5] every answer carries x-request-id and the Date of the clock that made expires_at', async () => {
    const clock = new VirtualClock(Date.UTC(2030, 4, 6, 7, 8, 9));
    const service = await started({ clock });
    for (const response of [await post(service, GA), await post(service, GA, { headers: {} })]) {
      expect(response.headers.get('date')).toBe('Mon, 06 May 2030 07:08:09 GMT');
      expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{24}$/);
    }
  });

  it('[RTS-6] what is no proper request is answered 400, 404, 405 or 413 and nothing of it is repeated', async () => {
    const service = await started();
    const canary = 'CANARY-in-the-body';
    const answers = [
      [400, await post(service, GA, { body: `{${canary}` })],
      [400, await post(service, GA, { body: { session: { type: canary } } })],
      [400, await post(service, GA, { body: [canary] })],
      [404, await post(service, `/v1/${canary}`)],
      [405, await fetch(`${service.url}${GA}?${canary}`)],
      [413, await post(service, GA, { body: canary.repeat(5_000) })],
    ] as const;
    for (const [status, response] of answers) {
      expect(response.status).toBe(status);
      expect(await response.text()).not.toContain(canary);
    }
    expect(service.stats()).toMatchObject({ minted: 0, rejected: answers.length });
  });

  it('[RTS-7] beyond the rate limit a mint is answered 429 until the window has moved on', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock, rateLimit: { requests: 2, perSeconds: 2.5 } });
    expect((await post(service, GA)).headers.get('x-ratelimit-remaining-requests')).toBe('1');
    await clock.advance(1_000);
    expect((await post(service, GA)).status).toBe(200);
    const refused = await post(service, GA);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after-ms')).toBe('1500');
    expect(refused.headers.get('retry-after')).toBe('2');
    await clock.advance(1_499);
    expect((await post(service, GA)).status).toBe(429);
    await clock.advance(1);
    expect((await post(service, GA)).status).toBe(200);
  });
});

describe('faults of minting', () => {
  it('[RTS-8] a fault strikes as often as it says, before any check, and then no more', async () => {
    const service = await started({ faults: [{ on: 'mint', respond: { status: 503 }, times: 2 }] });
    service.faults.add({ on: 'mint', respond: { status: 429, code: 'insufficient_quota', retryAfterMs: 1_250 } });
    expect(service.faults.pending).toBe(3);
    expect((await post(service, GA)).status).toBe(503);
    expect((await post(service, GA, { headers: {} })).status).toBe(503);
    const limited = await post(service, GA);
    expect(limited.headers.get('retry-after-ms')).toBe('1250');
    expect(limited.headers.get('retry-after')).toBe('2');
    expect(await limited.json()).toMatchObject({ error: { code: 'insufficient_quota' } });
    expect((await post(service, GA)).status).toBe(200);
    expect(service.faults.pending).toBe(0);
  });

  it('[RTS-8] clear() disarms what is left', async () => {
    const service = await started({ faults: [{ on: 'mint', respond: { status: 500 }, times: 9 }] });
    service.faults.clear();
    expect((await post(service, GA)).status).toBe(200);
  });

  it('[RTS-8] malformed answers come with status 200', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock });
    const spoilt = async (malformed: 'no-expiry' | 'empty-secret' | 'expired' | 'not-json') => {
      service.faults.add({ on: 'mint', malformed });
      const response = await post(service, GA);
      expect(response.status).toBe(200);
      return response.text();
    };
    expect(JSON.parse(await spoilt('no-expiry'))).not.toHaveProperty('expires_at');
    expect(JSON.parse(await spoilt('empty-secret'))).toMatchObject({ value: '' });
    expect(JSON.parse(await spoilt('expired')).expires_at).toBeLessThan(clock.wall() / 1000);
    expect(await spoilt('not-json')).toMatch(/^<html>/);
  });

  it('[RTS-8] a delay runs on the clock of the service and may precede another effect', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock });
    service.faults.add({ on: 'mint', delayMs: 30_000 }, { on: 'mint', delayMs: 5, respond: { status: 500 } });
    let answered = false;
    const slow = post(service, GA).then(response => {
      answered = true;
      return response.status;
    });
    await untilPending(clock, 1);
    await clock.advance(29_999);
    expect(answered).toBe(false);
    await clock.advance(1);
    expect(await slow).toBe(200);
    const broken = post(service, GA);
    await untilPending(clock, 1);
    await clock.advance(5);
    expect((await broken).status).toBe(500);
  });

  it('[RTS-8] a hung request stays open until the client leaves, and does not keep the service from closing', async () => {
    const service = await started({ faults: [{ on: 'mint', hang: true, times: 2 }] });
    const abort = new AbortController();
    const left = post(service, GA, { signal: abort.signal });
    const cut = post(service, GA);
    const outcomes = Promise.allSettled([left, cut]);
    while (service.faults.pending > 0) await new Promise(resolve => setImmediate(resolve));
    abort.abort();
    await service.close();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('[RTS-39] a mint takes as long as the service is told, and the delay of a fault comes on top', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock, mintLatencyMs: 250 });
    service.faults.add({ on: 'mint', delayMs: 100 });
    for (const takesMs of [350, 250]) {
      let answered = false;
      const minting = post(service, GA).then(response => {
        answered = true;
        return response.status;
      });
      await untilPending(clock, 1);
      await clock.advance(takesMs - 1);
      expect(answered).toBe(false);
      await clock.advance(1);
      expect(await minting).toBe(200);
    }
    const error = await errorFrom(() => started({ mintLatencyMs: -1 }));
    expect(error.details.field).toBe('mintLatencyMs');
  });

  it.each<[string, unknown]>([
    ['fault.on', { on: 'lunch' }],
    ['fault', { on: 'mint' }],
    ['fault', { on: 'mint', hang: true, respond: { status: 500 } }],
    ['fault.respond.status', { on: 'mint', respond: { status: 200 } }],
    ['fault.respond.code', { on: 'connect', respond: { status: 500, code: 'a\r\nb' } }],
    ['fault.respond.retryAfterMs', { on: 'mint', respond: { status: 429, retryAfterMs: -1 } }],
    ['fault.malformed', { on: 'mint', malformed: 'sideways' }],
    ['fault.malformed', { on: 'connect', malformed: 'expired' }],
    ['fault.times', { on: 'mint', hang: true, times: 0 }],
    ['fault.delayMs', { on: 'mint', delayMs: Number.NaN }],
    ['fault.close.code', { on: 'socket', close: { code: 1005 } }],
    ['fault.close.reason', { on: 'socket', close: { code: 1001, reason: 'ä'.repeat(62) } }],
    ['fault.afterFrames', { on: 'socket', stall: true, afterFrames: 0.5 }],
  ])('[RTS-9] a fault that makes no sense is refused, naming %s', async (field, fault) => {
    const service = await started();
    const error = await errorFrom(() => service.faults.add(fault as RealtimeFault));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.details.field).toBe(field);
    expect(service.faults.pending).toBe(0);
  });
});

describe('options and bounds', () => {
  it.each<[string, unknown]>([
    ['host', { host: '0.0.0.0' }],
    ['host', { host: 'localhost' }],
    ['port', { port: 70_000 }],
    ['keyTtlSeconds', { keyTtlSeconds: 0 }],
    ['keyTtlSeconds', { keyTtlSeconds: '5' }],
    ['sessionCapSeconds', { sessionCapSeconds: Number.POSITIVE_INFINITY }],
    ['maxConnections', { maxConnections: 1.5 }],
    ['rateLimit.requests', { rateLimit: { requests: 0, perSeconds: 1 } }],
    ['rateLimit.perSeconds', { rateLimit: { requests: 1, perSeconds: 0 } }],
    ['apiKeys', { apiKeys: [] }],
    ['apiKeys[1]', { apiKeys: ['long-enough', 'with a space'] }],
    ['apiKeys[0]', { apiKeys: [42] }],
    ['prot', { prot: 1 }],
  ])('[RTS-9] a bad option is refused, naming %s', async (field, options) => {
    const error = await errorFrom(() => createRealtimeService(options as RealtimeServiceOptions));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.details).toMatchObject({ field, allowed: expect.any(String) });
    expect(error.message).toContain(field);
    expect(error.message).not.toContain('with a space');
  });

  it('[RTS-9] a port that is taken is refused', async () => {
    const service = await started();
    const port = Number(new URL(service.url).port);
    const error = await errorFrom(() => createRealtimeService({ port }));
    expect(error.details.field).toBe('port');
    expect(error.message).toContain('EADDRINUSE');
  });

  it.each([
    ['says nothing', ''],
    ['stops in the headers', 'POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: x\r\n'],
    ['stops in the body', 'POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{'],
    ['stops in the TLS handshake', '\u0016\u0003\u0001'],
  ])('[RTS-10] a client that %s is dropped after 10 s', async (_what, text) => {
    const clock = new VirtualClock();
    const service = await started({ clock });
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    socket.write(Buffer.from(text, 'latin1'));
    socket.resume();
    await untilPending(clock, 1);
    await clock.advance(9_999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    await closed;
    expect(clock.pending).toBe(0);
  });

  it('[RTS-10] garbage instead of a request is answered 400 and harms nobody', async () => {
    const service = await started();
    for (const garbage of [
      '\r\n\r\nGARBAGE\r\n\r\n',
      '\u0000\u0001\u0002\u0003\r\n\r\n',
      '\u0016garbage-no-tls-record',
    ]) {
      const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
      socket.end(Buffer.from(garbage, 'latin1'));
      socket.on('error', () => socket.destroy());
      socket.resume();
      await once(socket, 'close');
    }
    expect((await post(service, GA)).status).toBe(200);
  });
});

/** Until the service has armed `count` timers: the sign that the request has reached it. */
async function untilPending(clock: VirtualClock, count: number): Promise<void> {
  while (clock.pending < count) await new Promise(resolve => setImmediate(resolve));
}
