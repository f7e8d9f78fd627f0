import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Conversation, newSession } from '../../../src/integration/realtime/conversation.ts';
import { MAX_BUFFERED_BYTES } from '../../../src/integration/realtime/socket-session.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { connectRaw, mintKey, RawClient, refusedHandshake, services } from './support.ts';

const started = services();

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
    client.send(append(audio(2)));
    client.send({ type: 'input_audio_buffer.commit' });
    await client.until('input_audio_buffer.committed');
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

function userTextWith(content: unknown) {
  return { type: 'conversation.item.create', item: { type: 'message', role: 'user', content } };
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}
