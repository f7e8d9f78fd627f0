import { once } from 'node:events';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { OpenAIRealtimeWebSocket as AgentsTransport, RealtimeAgent, RealtimeSession } from '@openai/agents-realtime';
import OpenAI, { AzureOpenAI } from 'openai';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { afterEach, describe, expect, it } from 'vitest';
import { createRealtimeService, type RealtimeServiceOptions } from '../../../src/integration/realtime/index.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map(cleanup => cleanup()));
});

async function setUp(options: RealtimeServiceOptions = {}) {
  const service = await createRealtimeService(options);
  cleanups.push(() => service.close());
  const client = new OpenAI({ apiKey: service.apiKey.reveal(), baseURL: `${service.url}/v1`, maxRetries: 0 });
  return { service, client };
}

const FRAMES = [1, 2, 3, 4, 5].map(n => Buffer.alloc(960, n));

interface OfficialSocket {
  on(event: 'event', listener: (event: RealtimeServerEvent) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  send(event: { type: 'input_audio_buffer.append'; audio: string }): void;
}

/** Sends every frame once the session is there; resolves with the types seen and the audio that came back. */
function exchange(socket: OfficialSocket): Promise<{ types: string[]; audio: Buffer }> {
  return new Promise((resolve, reject) => {
    const types: string[] = [];
    const heard: Buffer[] = [];
    socket.on('error', reject);
    socket.on('event', event => {
      types.push(event.type);
      if (event.type === 'session.created') {
        for (const frame of FRAMES) socket.send({ type: 'input_audio_buffer.append', audio: frame.toString('base64') });
      }
      if (
        event.type === 'response.output_audio.delta' &&
        heard.push(Buffer.from(event.delta, 'base64')) === FRAMES.length
      ) {
        resolve({ types, audio: Buffer.concat(heard) });
      }
    });
  });
}

describe('the official OpenAI client, unchanged', () => {
  it('[RTS-23] mints by its baseURL', async () => {
    const { client, service } = await setUp();
    const secret = await client.realtime.clientSecrets.create({
      expires_after: { anchor: 'created_at', seconds: 60 },
      session: { type: 'realtime', model: 'gpt-realtime' },
    });
    expect(secret.value).toMatch(/^ek_/);
    expect(secret.session).toMatchObject({ type: 'realtime', model: 'gpt-realtime' });
    expect(service.stats().minted).toBe(1);
  });

  it('[RTS-23] sees the errors of the service as its own error classes and retries as the headers say', async () => {
    const { client, service } = await setUp();
    const stranger = new OpenAI({ apiKey: 'wrong-key', baseURL: `${service.url}/v1`, maxRetries: 0 });
    await expect(stranger.realtime.clientSecrets.create({})).rejects.toMatchObject({
      constructor: OpenAI.AuthenticationError,
      status: 401,
      code: 'invalid_api_key',
      requestID: expect.stringMatching(/^req_/),
    });
    service.faults.add({ on: 'mint', respond: { status: 429, retryAfterMs: 1 }, times: 2 });
    const { value } = await client.realtime.clientSecrets.create({}, { maxRetries: 2 });
    expect(value).toMatch(/^ek_/);
  });

  it('[RTS-23] OpenAIRealtimeWS connects with a minted key, sends audio and gets it back', async () => {
    const { client, service } = await setUp();
    const { value } = await client.realtime.clientSecrets.create({});
    const holder = new OpenAI({ apiKey: value, baseURL: `${service.url}/v1` });
    const socket = new OpenAIRealtimeWS({ model: 'gpt-realtime', options: { ca: service.certificate } }, holder);
    const { types, audio } = await exchange(socket);
    expect(types.slice(0, 2)).toEqual(['session.created', 'response.created']);
    expect(audio).toEqual(Buffer.concat(FRAMES));
    const closed = once(socket.socket, 'close');
    socket.close();
    await closed;
  });

  it('[RTS-23] OpenAIRealtimeWebSocket, as in a browser, connects by sub-protocol', async () => {
    const { client, service } = await setUp();
    setDefaultCACertificates([...getCACertificates('default'), service.certificate]);
    const { value } = await client.realtime.clientSecrets.create({});
    const holder = new OpenAI({ apiKey: value, baseURL: `${service.url}/v1` });
    const socket = new OpenAIRealtimeWebSocket({ model: 'gpt-realtime' }, holder);
    expect((await exchange(socket)).audio).toEqual(Buffer.concat(FRAMES));
    expect(socket.socket.protocol).toBe('realtime');
    const closed = once(socket.socket, 'close');
    socket.close();
    await closed;
  });

  it('[RTS-23] the Azure flavour mints and connects on the GA paths', async () => {
    const { service } = await setUp();
    const apiKey = service.apiKey.reveal();
    const ga = new OpenAI({ apiKey, baseURL: `${service.url}/openai/v1` });
    expect((await ga.realtime.clientSecrets.create({})).value).toMatch(/^ek_/);
    const azure = new AzureOpenAI({ apiKey, endpoint: service.url, apiVersion: 'preview', deployment: 'my-voice' });
    const socket = await OpenAIRealtimeWS.azure(azure, { options: { ca: service.certificate } });
    expect(socket.url.pathname).toBe('/openai/v1/realtime');
    expect((await exchange(socket)).audio).toEqual(Buffer.concat(FRAMES));
    const closed = once(socket.socket, 'close');
    socket.close();
    await closed;
  });

  it('[RTS-23] an expired key is refused in the handshake', async () => {
    const { client, service } = await setUp();
    service.faults.add({ on: 'mint', malformed: 'expired' });
    const { value } = await client.realtime.clientSecrets.create({});
    const holder = new OpenAI({ apiKey: value, baseURL: `${service.url}/v1` });
    const socket = new OpenAIRealtimeWS({ model: 'gpt-realtime', options: { ca: service.certificate } }, holder);
    await expect(exchange(socket)).rejects.toThrow('Unexpected server response: 401');
  });
});

describe('the official agents SDK, unchanged', () => {
  it('[RTS-24] a RealtimeSession holds a session on a minted key, sends audio and hears it', async () => {
    const { client, service } = await setUp();
    let minted = 0;
    const errors: unknown[] = [];
    const session = new RealtimeSession(new RealtimeAgent({ name: 'echo', instructions: 'Repeat.' }), {
      transport: new AgentsTransport({ url: `${service.wsUrl}?model=gpt-realtime` }),
      tracingDisabled: true,
    });
    session.on('error', error => errors.push(error));
    // The SDK updates twice: the tracing on session.created, then the whole configuration.
    const updated = new Promise<void>(resolve => {
      session.transport.on('session.updated', event => {
        if (event.session.instructions === 'Repeat.') resolve();
      });
    });
    await session.connect({
      apiKey: async () => {
        minted += 1;
        return (await client.realtime.clientSecrets.create({})).value;
      },
    });
    expect(minted).toBe(1);
    await updated;

    const heard: Buffer[] = [];
    const all = new Promise<void>(resolve => {
      session.on('audio', ({ data }) => {
        if (heard.push(Buffer.from(data)) === FRAMES.length) resolve();
      });
    });
    for (const frame of FRAMES) session.sendAudio(new Uint8Array(frame).buffer);
    await all;
    expect(Buffer.concat(heard)).toEqual(Buffer.concat(FRAMES));

    // The turn ends, and the client is free to ask for the next one.
    const done = new Promise<void>(resolve => session.once('agent_end', () => resolve()));
    session.sendAudio(new ArrayBuffer(4_800), { commit: true });
    await done;
    const answered = new Promise<string>(resolve =>
      session.once('agent_end', (_context, _agent, text) => resolve(text)),
    );
    session.sendMessage('Are you there?');
    expect(await answered).toBe('Are you there?');
    expect(session.history.map(item => item.type)).toContain('message');
    expect(errors).toEqual([]);
    session.close();
  });

  it('[RTS-24] it takes address and key at connect time too, and is told when the key is refused', async () => {
    const { service } = await setUp();
    const make = () =>
      new RealtimeSession(new RealtimeAgent({ name: 'echo' }), { transport: 'websocket', tracingDisabled: true });
    const url = `${service.wsUrl}?model=gpt-realtime`;
    const session = make();
    await session.connect({ url, apiKey: service.apiKey.reveal() });
    session.close();
    const refused = make();
    refused.on('error', () => {});
    await expect(refused.connect({ url, apiKey: 'ek_wrong' })).rejects.toMatchObject({
      message: 'Unexpected server response: 401',
    });
  });
});
