import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { get } from 'node:https';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../../src/integration/realtime/certificate.ts';
import { Conversation, newSession } from '../../../src/integration/realtime/conversation.ts';
import {
  createRealtimeService,
  type RealtimeService,
  type RealtimeServiceOptions,
} from '../../../src/integration/realtime/index.ts';
import { MAX_BUFFERED_BYTES } from '../../../src/integration/realtime/socket-session.ts';
import { VirtualClock } from '../../../src/services/virtual-clock.ts';
import { connectRaw, GA, mintKey, post, RawClient, recordingLogger, refusedHandshake } from './support.ts';

const open: RealtimeService[] = [];
const started = async (options: RealtimeServiceOptions = {}): Promise<RealtimeService> => {
  const service = await createRealtimeService(options);
  open.push(service);
  return service;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map(service => service.close()));
});

const audio = (bytes: number, first = 0): string => Buffer.alloc(bytes, first).toString('base64');
const append = (base64: string) => ({ type: 'input_audio_buffer.append', audio: base64 });
const userText = (text: string, id?: string) => ({
  type: 'conversation.item.create',
  item: { ...(id ? { id } : {}), type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
});

describe('opening', () => {
  it('[RTS-11] a key is taken from Bearer, api-key header, api-key query and sub-protocol, on both paths', async () => {
    const service = await started();
    const { value } = await mintKey(service);
    for (const key of [value, service.apiKey.reveal()]) {
      for (const path of ['/v1/realtime?model=m', '/openai/v1/realtime?model=m']) {
        const ways = [
          { path, headers: { authorization: `Bearer ${key}` } },
          { path, headers: { 'api-key': key } },
          { path: `${path}&api-key=${key}`, headers: {} },
          { path, protocols: ['realtime', `openai-insecure-api-key.${key}`] },
        ];
        for (const way of ways) {
          const client = await connectRaw(service, way);
          expect(client.socket.protocol).toBe('protocols' in way ? 'realtime' : '');
          client.socket.close();
          await client.closed;
        }
      }
    }
    expect(service.stats()).toMatchObject({ connectionsOpened: 16, rejected: 0 });
  });

  it('[RTS-12] a missing, wrong or expired key is answered 401 with a JSON error', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock });
    const { value } = await mintKey(service);
    await clock.advance(600_000);
    for (const headers of [{}, { authorization: 'Bearer ek_wrong' }, { authorization: `Bearer ${value}` }]) {
      const refused = await refusedHandshake(service, { headers });
      expect(refused.status).toBe(401);
      expect(refused.headers['content-type']).toBe('application/json');
      expect(JSON.parse(refused.body)).toMatchObject({ error: { code: 'invalid_api_key' } });
    }
    const azure = await refusedHandshake(service, { path: '/openai/v1/realtime?model=m', headers: {} });
    expect(JSON.parse(azure.body)).toEqual({ error: { code: 'Unauthorized', message: expect.any(String) } });
  });

  it('[RTS-12] an api-version in the Azure GA address is answered 401, a missing model 400, another path 404', async () => {
    const service = await started();
    const status = async (path: string) =>
      (await refusedHandshake(service, { path, headers: { 'api-key': service.apiKey.reveal() } })).status;
    expect(await status('/openai/v1/realtime?model=m&api-version=2025-04-01-preview')).toBe(401);
    expect(await status('/v1/realtime')).toBe(400);
    expect(await status('/v2/realtime?model=m')).toBe(404);
  });

  it('[RTS-12] the expiry of its key does not end a live connection', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock, keyTtlSeconds: 2 });
    const { value } = await mintKey(service);
    const client = await connectRaw(service, { headers: { authorization: `Bearer ${value}` } });
    await clock.advance(600_000);
    client.send(append(audio(2)));
    await client.until('response.output_audio.delta');
    expect(service.stats().connections).toBe(1);
  });

  it('[RTS-13] session.created tells the cap and holds what the key was minted with', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock, sessionCapSeconds: 90.5 });
    const { value } = await mintKey(service, { session: { type: 'realtime', instructions: 'Be brief.' } });
    const client = new RawClient(service, { headers: { authorization: `Bearer ${value}` } });
    const first = await client.next();
    expect(first).toMatchObject({ type: 'session.created', event_id: expect.any(String) });
    expect(first.session).toMatchObject({
      object: 'realtime.session',
      type: 'realtime',
      model: 'm',
      instructions: 'Be brief.',
      expires_at: clock.wall() / 1000 + 91,
    });
  });

  it('[RTS-13] session.update needs session.type, changes what may be changed and nothing else', async () => {
    const client = await connectRaw(await started());
    client.send({ type: 'session.update', event_id: 'e1', session: { instructions: 'x' } });
    expect((await client.until('error')).event.error).toMatchObject({
      code: 'missing_required_parameter',
      param: 'session.type',
      event_id: 'e1',
    });
    const session = { type: 'realtime', id: 'mine', model: 'other', audio: { output: { voice: 'marin' } } };
    client.send({ type: 'session.update', session });
    const updated = (await client.until('session.updated')).event.session;
    expect(updated).toMatchObject({
      model: 'm',
      audio: { input: { format: { rate: 24_000 } }, output: { voice: 'marin', format: { rate: 24_000 } } },
    });
    expect(updated).not.toMatchObject({ id: 'mine' });
  });
});

describe('conversation', () => {
  it('[RTS-14] every append comes back as one delta with the same bytes, in order', async () => {
    const client = await connectRaw(await started());
    const sent = Array.from({ length: 200 }, (_, n) => audio(960, n % 256));
    for (const piece of sent) client.send(append(piece));
    const heard: unknown[] = [];
    while (heard.length < sent.length) {
      const event = await client.next();
      if (event.type !== 'response.output_audio.delta') continue;
      expect(event).toMatchObject({ output_index: 0, content_index: 0, event_id: expect.any(String) });
      heard.push(event.delta);
    }
    expect(heard).toEqual(sent);
  });

  it('[RTS-15] commit ends the turn: committed, the item, then the whole end of the response', async () => {
    const client = await connectRaw(await started());
    client.send(append(audio(4_800)));
    client.send({ type: 'input_audio_buffer.commit' });
    const { types, event } = await client.until('response.done');
    expect(types).toEqual([
      'response.created',
      'response.output_item.added',
      'response.output_audio.delta',
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
      'response.output_audio.done',
      'response.output_item.done',
      'conversation.item.added',
      'conversation.item.done',
      'response.done',
    ]);
    expect(event.response).toMatchObject({ status: 'completed', output: [{ role: 'assistant' }] });
  });

  it('[RTS-15] less than 100 ms cannot be committed', async () => {
    const client = await connectRaw(await started());
    client.send(append(audio(4_798)));
    client.send({ type: 'input_audio_buffer.commit' });
    expect((await client.until('error')).event.error).toMatchObject({ code: 'input_audio_buffer_commit_empty' });
  });

  it('[RTS-15] clear and cancel end the response as cancelled', async () => {
    const client = await connectRaw(await started());
    client.send(append(audio(2)));
    client.send({ type: 'input_audio_buffer.clear' });
    expect((await client.until('response.done')).event.response).toMatchObject({ status: 'cancelled' });
    await client.until('input_audio_buffer.cleared');
    client.send({ type: 'response.cancel' });
    expect((await client.until('error')).event.error).toMatchObject({ code: 'response_cancel_not_active' });
    client.send(append(audio(2)));
    client.send({ type: 'response.create' });
    expect((await client.until('error')).event.error).toMatchObject({
      code: 'conversation_already_has_active_response',
    });
    client.send({ type: 'response.cancel' });
    expect((await client.until('response.done')).event.response).toMatchObject({ status: 'cancelled' });
  });

  it('[RTS-15] items are added in order, read, cut and deleted; response.create repeats the last text', async () => {
    const client = await connectRaw(await started());
    client.send(userText('Good morning.', 'one'));
    expect((await client.until('conversation.item.done')).event).toMatchObject({ previous_item_id: null });
    client.send(userText('Good evening.', 'two'));
    expect((await client.until('conversation.item.done')).event).toMatchObject({ previous_item_id: 'one' });
    client.send({ type: 'response.create' });
    expect((await client.until('response.output_text.done')).event.text).toBe('Good evening.');
    await client.until('response.done');
    client.send({ type: 'conversation.item.retrieve', item_id: 'one' });
    expect((await client.until('conversation.item.retrieved')).event.item).toMatchObject({ id: 'one', role: 'user' });
    client.send({ type: 'conversation.item.truncate', item_id: 'two', content_index: 0, audio_end_ms: 7 });
    expect((await client.until('conversation.item.truncated')).event).toMatchObject({
      item_id: 'two',
      audio_end_ms: 7,
    });
    client.send({ ...userText('First.', 'zero'), previous_item_id: 'root' });
    expect((await client.until('conversation.item.done')).event).toMatchObject({ previous_item_id: null });
    client.send({ type: 'output_audio_buffer.clear' });
    await client.until('output_audio_buffer.cleared');
    client.send({ type: 'conversation.item.delete', item_id: 'two' });
    await client.until('conversation.item.deleted');
    client.send({ type: 'conversation.item.retrieve', item_id: 'two' });
    expect((await client.until('error')).event.error).toMatchObject({ code: 'item_not_found', param: 'item_id' });
  });

  it.each<[string, string | object]>([
    ['no JSON', '{'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no type', '{}'],
    ['an unknown type', { type: 'CANARY.type' }],
    ['a type of the prototype', { type: '__proto__' }],
    ['audio that is no text', { type: 'input_audio_buffer.append', audio: 5 }],
    ['audio that is no base64', append('CANARY!!')],
    ['base64 of the wrong length', append('AAA')],
    ['empty audio', append('')],
    ['an item without type', { type: 'conversation.item.create', item: { role: 'CANARY' } }],
    ['a message with a strange part', userTextWith([{ type: 'CANARY' }])],
    ['a message with no list', userTextWith('CANARY')],
    ['an item nested beyond measure', `{"type":"conversation.item.create","item":{"type":"x","y":${nested(100_000)}}}`],
    ['an item that is a list', { type: 'conversation.item.create', item: ['CANARY'] }],
    ['an item with an endless id', userText('hi', 'CANARY'.repeat(11))],
    ['a message with a strange role', { ...userText('x'), item: { type: 'message', role: 'CANARY', content: [] } }],
    ['a cut at no whole millisecond', { type: 'conversation.item.truncate', item_id: 'CANARY', audio_end_ms: 0.5 }],
    ['an unknown predecessor', { ...userText('hi'), previous_item_id: 'CANARY' }],
    ['a session with a wrong type', { type: 'session.update', session: { type: 'CANARY' } }],
    ['a session that is too large', { type: 'session.update', session: { type: 'realtime', x: 'y'.repeat(300_000) } }],
  ])('[RTS-16] %s is answered by an error event and the connection goes on', async (_what, event) => {
    const client = await connectRaw(await started());
    client.send(typeof event === 'string' ? event : { event_id: 'mine', ...event });
    const { error } = (await client.until('error')).event;
    expect(error).toMatchObject({
      type: 'invalid_request_error',
      code: expect.any(String),
      message: expect.any(String),
    });
    expect(error).toHaveProperty('param');
    expect(error).toMatchObject({ event_id: typeof event === 'string' ? null : 'mine' });
    expect(JSON.stringify(error)).not.toContain('CANARY');
    client.send(append(audio(2)));
    await client.until('response.output_audio.delta');
  });

  it('[RTS-16] an id that is taken, and a cut that is no whole number, are errors', async () => {
    const client = await connectRaw(await started());
    for (let n = 0; n < 2; n += 1) client.send(userText('hi', 'one'));
    expect((await client.until('error')).event.error).toMatchObject({ code: 'invalid_value', param: 'item.id' });
    const cut = { type: 'conversation.item.truncate', item_id: 'one', audio_end_ms: 1, content_index: 0 };
    client.send({ ...cut, audio_end_ms: 0.5 });
    expect((await client.until('error')).event.error).toMatchObject({ param: 'audio_end_ms' });
    client.send({ ...cut, content_index: 'x' });
    expect((await client.until('error')).event.error).toMatchObject({ param: 'content_index' });
  });

  it('[RTS-16] a binary frame is answered by an error event', async () => {
    const client = await connectRaw(await started());
    client.socket.send(Buffer.from([1, 2, 3]));
    expect((await client.until('error')).event.error).toMatchObject({ code: 'invalid_frame' });
  });

  it('[RTS-16] no frame whatsoever makes the protocol throw', () => {
    const types = ['session.update', 'input_audio_buffer.append', 'conversation.item.create', 'response.create'];
    const event = fc.record({ type: fc.constantFrom(...types), session: fc.anything(), item: fc.anything() });
    const frame = fc.oneof(
      fc.string(),
      fc.json(),
      event.map(value => JSON.stringify(value) ?? ''),
    );
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 20 }), frames => {
        const conversation = new Conversation('p', newSession('s', 'm', {}));
        for (const text of frames) {
          for (const answer of conversation.receive(text)) expect(typeof answer.type).toBe('string');
        }
      }),
      { numRuns: 200 },
    );
  });

  it('[RTS-18] a conversation keeps its newest items within bounds of number and size', () => {
    const conversation = new Conversation('p', newSession('s', 'm', {}));
    const has = (id: string) =>
      conversation.receive(JSON.stringify({ type: 'conversation.item.retrieve', item_id: id }))[0]?.type !== 'error';
    for (let n = 0; n < 257; n += 1) conversation.receive(JSON.stringify(userText('x', `n${n}`)));
    expect([has('n0'), has('n1'), has('n256')]).toEqual([false, true, true]);
    conversation.receive(JSON.stringify(userText('x'.repeat(900_000), 'big')));
    conversation.receive(JSON.stringify(userText('x'.repeat(900_000), 'bigger')));
    expect([has('big'), has('bigger')]).toEqual([false, true]);
  });
});

describe('ends and bounds', () => {
  it('[RTS-17] at the cap, and not before, comes session_expired and a close with 1001', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock, sessionCapSeconds: 120 });
    const client = await connectRaw(service);
    await clock.advance(119_999);
    client.send(append(audio(2)));
    await client.until('response.output_audio.delta');
    await clock.advance(1);
    const text = 'Your session hit the maximum duration of 2 minutes.';
    expect((await client.until('error')).event.error).toEqual({
      type: 'invalid_request_error',
      code: 'session_expired',
      message: text,
      param: null,
      event_id: null,
    });
    expect(await client.closed).toEqual({ code: 1001, reason: text });
  });

  it('[RTS-18] a frame beyond 1 MiB closes the connection with 1009; one below is served', async () => {
    const client = await connectRaw(await started());
    client.send(append(audio(768 * 1024 - 300)));
    await client.until('response.output_audio.delta');
    client.send(append(audio(900 * 1024)));
    expect((await client.closed).code).toBe(1009);
  });

  it('[RTS-18] one connection too many is answered 503 until another one has left', async () => {
    const service = await started({ maxConnections: 1 });
    const first = await connectRaw(service);
    const headers = { 'api-key': service.apiKey.reveal() };
    expect((await refusedHandshake(service, { headers })).status).toBe(503);
    first.socket.close();
    await first.closed;
    (await connectRaw(service)).socket.close();
  });

  it('[RTS-18] a client that does not read is broken off before it costs more than the bound', async () => {
    const service = await started();
    const client = await connectRaw(service);
    const closed = client.closed;
    client.socket.pause();
    const piece = JSON.stringify(append(audio(240 * 1024)));
    let pieces = 0;
    // The kernel takes some megabytes before anything is left waiting in the service.
    while (service.stats().slowReaders === 0) {
      client.socket.send(piece);
      pieces += 1;
      await new Promise(resolve => setImmediate(resolve));
      expect(pieces).toBeLessThan(1_000);
    }
    client.socket.resume();
    expect((await closed).code).toBe(1006);
    expect(MAX_BUFFERED_BYTES).toBeLessThan(4 * 1024 * 1024);
    (await connectRaw(service)).socket.close();
  });

  it('[RTS-18] raw garbage after the handshake ends that connection and no other', async () => {
    const service = await started();
    const other = await connectRaw(service);
    const bad = await connectRaw(service);
    const { _socket } = bad.socket as unknown as { _socket: import('node:net').Socket };
    _socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x00, 0x13, 0x37]));
    expect((await bad.closed).code).toBe(1002);
    other.send(append(audio(2)));
    await other.until('response.output_audio.delta');
  });
});

describe('faults of connections', () => {
  it('[RTS-19] a handshake can be refused, delayed and left hanging', async () => {
    const clock = new VirtualClock();
    const service = await started({ clock });
    service.faults.add({ on: 'connect', respond: { status: 429, retryAfterMs: 500 } });
    const refused = await refusedHandshake(service);
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after-ms']).toBe('500');
    service.faults.add({ on: 'connect', delayMs: 1_000 });
    const late = new RawClient(service);
    while (clock.pending === 0) await new Promise(resolve => setImmediate(resolve));
    while (service.faults.pending > 0) await new Promise(resolve => setImmediate(resolve));
    await clock.advance(1_000);
    await late.until('session.created');
    service.faults.add({ on: 'connect', hang: true });
    const hung = new RawClient(service);
    while (service.faults.pending > 0) await new Promise(resolve => setImmediate(resolve));
    expect(hung.socket.readyState).toBe(hung.socket.CONNECTING);
    hung.socket.terminate();
    await hung.closed;
  });

  it('[RTS-19] a connection is closed after so many frames, with code and reason', async () => {
    const service = await started();
    service.faults.add({ on: 'socket', close: { code: 1011, reason: 'told to' }, afterFrames: 3 });
    const client = await connectRaw(service);
    for (let n = 0; n < 3; n += 1) client.send(append(audio(2, n)));
    const { types } = await client.until('response.output_audio.delta');
    expect(types.at(-1)).toBe('response.output_audio.delta');
    expect(await client.closed).toEqual({ code: 1011, reason: 'told to' });
    expect(service.stats().framesIn).toBe(3);
  });

  it('[RTS-19] one connection uses up one fault, however many frames it had under way', async () => {
    const service = await started();
    service.faults.add({ on: 'socket', close: { code: 4001 }, afterFrames: 1, times: 2 });
    for (const left of [1, 0]) {
      const client = await connectRaw(service);
      for (let n = 0; n < 20; n += 1) client.send(append(audio(2)));
      expect((await client.closed).code).toBe(4001);
      expect(service.faults.pending).toBe(left);
    }
  });

  it('[RTS-19] afterFrames 0 strikes right after session.created, and a live connection at its next frame', async () => {
    const service = await started();
    const live = await connectRaw(service);
    service.faults.add({ on: 'socket', close: { code: 4000 } });
    live.send(append(audio(2)));
    expect((await live.closed).code).toBe(4000);
    service.faults.add({ on: 'socket', close: { code: 1006 } });
    const fresh = new RawClient(service);
    expect((await fresh.closed).code).toBe(1006);
  });

  it('[RTS-19] a stalled connection stays up, answers nothing and no ping', async () => {
    const service = await started();
    const stalled = await connectRaw(service);
    const other = await connectRaw(service);
    service.faults.add({ on: 'socket', stall: true });
    stalled.send(append(audio(2)));
    let answered = false;
    stalled.socket.on('pong', () => {
      answered = true;
    });
    stalled.socket.ping();
    while (service.faults.pending > 0) await new Promise(resolve => setImmediate(resolve));
    // A round trip over another connection of the same service: by then an answer would have come.
    const ponged = once(other.socket, 'pong');
    other.socket.ping();
    await ponged;
    expect(answered).toBe(false);
    expect(service.stats().connections).toBe(2);
    stalled.socket.close();
    expect((await stalled.closed).code).toBe(1005);
  });
});

describe('the service as a whole', () => {
  it('[RTS-20] close() ends every connection, leaves no timer and no socket, and may be called again', async () => {
    const clock = new VirtualClock();
    const service = await createRealtimeService({ clock, faults: [{ on: 'mint', delayMs: 60_000 }] });
    const clients = [await connectRaw(service), await connectRaw(service)];
    const waiting = post(service, GA).catch((error: unknown) => error);
    while (service.faults.pending > 0) await new Promise(resolve => setImmediate(resolve));
    expect(clock.pending).toBe(3);
    const idle = connect(Number(new URL(service.url).port), '127.0.0.1');
    await once(idle, 'connect');
    await Promise.all([service.close(), service.close()]);
    for (const client of clients) expect((await client.closed).code).toBe(1006);
    expect(await waiting).toBeInstanceOf(Error);
    if (!idle.closed) await once(idle, 'close');
    expect(clock.pending).toBe(0);
    expect(service.stats().connections).toBe(0);
    await expect(fetch(service.url)).rejects.toThrow();
    await service.close();
  });

  it('[RTS-20] a process that closes what it opened exits by itself, with nothing left', async () => {
    const entry = new URL('../../../src/integration/realtime/index.ts', import.meta.url);
    const program = `
      const { createRealtimeService, openRealtimeConnection } = await import(${JSON.stringify(entry.href)});
      const before = process.getActiveResourcesInfo().length;
      const service = await createRealtimeService({ sessionCapSeconds: 3600 });
      const mint = await fetch(service.url + '/v1/realtime/client_secrets', {
        method: 'POST', headers: { 'api-key': service.apiKey.reveal() }, body: '{}' });
      await mint.text();
      const options = { url: service.wsUrl, model: 'm', credential: service.apiKey };
      const [closed, kept] = [await openRealtimeConnection(options), await openRealtimeConnection(options)];
      await closed.close();
      await service.close();
      await new Promise(resolve => setImmediate(resolve));
      const left = process.getActiveResourcesInfo();
      process.stdout.write(JSON.stringify({ left: left.slice(before), open: kept.isOpen }));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', text => {
      output += text;
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    const { left, open: isOpen } = JSON.parse(output);
    expect(left.filter((kind: string) => /TCP|TLS|Timeout/.test(kind))).toEqual([]);
    expect(isOpen).toBe(false);
  });

  it('[RTS-20] it can be used with `await using`', async () => {
    let url = '';
    {
      await using service = await createRealtimeService();
      url = service.url;
      expect((await post(service, GA)).status).toBe(200);
    }
    await expect(fetch(url)).rejects.toThrow();
  });

  it('[RTS-21] no key is in the log, in an error body, or in what the service prints as', async () => {
    const logger = recordingLogger();
    const apiKey = 'CANARY-api-key-0123456789';
    const service = await started({ apiKeys: [apiKey], logger, rateLimit: { requests: 1, perSeconds: 60 } });
    const { value } = await mintKey(service);
    const told: string[] = [];
    const bad = 'CANARY-wrong-key';
    for (const [path, body] of [
      [GA, {}],
      [`${GA}?api-key=${apiKey}`, { session: { type: bad } }],
      ['/openai/v1/realtime/client_secrets', {}],
    ] as const) {
      told.push(await (await post(service, path, { body, headers: { 'api-key': bad } })).text());
      told.push(await (await post(service, path, { body })).text());
    }
    const way = { protocols: ['realtime', `openai-insecure-api-key.${bad}`] };
    const refused = await refusedHandshake(service, way);
    told.push(refused.body, JSON.stringify(refused.headers));
    const client = await connectRaw(service, { path: `/v1/realtime?model=m&api-key=${value}`, headers: {} });
    client.send({ type: value });
    told.push(JSON.stringify((await client.until('error')).event));
    client.socket.close();
    await client.closed;
    told.push(logger.text, JSON.stringify(service), String(service.apiKey), JSON.stringify(service.stats()));
    const all = told.join('\n');
    for (const secret of [apiKey, value, bad]) expect(all).not.toContain(secret);
    expect(logger.text).toContain('key minted');
    expect(logger.text).toContain('refused');
  });

  it('[RTS-22] one port serves http and https; the certificate is trusted by naming it', async () => {
    const service = await started();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      get(service.secureUrl, { ca: service.certificate }, response => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(404);
    expect((await fetch(service.url)).status).toBe(404);
    const untrusted = new Promise((_resolve, reject) => get(service.secureUrl).on('error', reject));
    await expect(untrusted).rejects.toThrow(/self-signed/i);
  });

  it('[RTS-22] every certificate is well-formed, whatever the length of its signature', () => {
    const seen = new Set<number>();
    for (let n = 0; n < 60; n += 1) {
      const { certificatePem } = selfSignedCertificate();
      const certificate = new X509Certificate(certificatePem);
      seen.add(certificate.raw.length);
      expect(certificate.verify(certificate.publicKey)).toBe(true);
      expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
      expect(certificate.checkHost('localhost')).toBe('localhost');
      expect(certificatePem).not.toMatch(/\n\n/);
    }
    expect(seen.size).toBeGreaterThan(1);
  });
});

function userTextWith(content: unknown) {
  return { type: 'conversation.item.create', item: { type: 'message', role: 'user', content } };
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}
