import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { assign, createActor, fromPromise, setup } from 'xstate';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { ask, inspectors, RawViewer, refusedHandshake, until, welcomed } from '../../spec/inspect/server/support.ts';
import { managed } from '../../support/managed.ts';

const started = inspectors();
const ALL = { type: 'list', query: { offset: 0, limit: 500 } } as const;

/** A WebSocket text frame of a client, masked with zeros. */
function frame(text: string | Buffer, first = 0x81): Buffer {
  const body = Buffer.from(text);
  if (body.length > 125) throw new Error('short frames only');
  return Buffer.concat([Buffer.from([first, 0x80 | body.length, 0, 0, 0, 0]), body]);
}

/** A handshake by hand; resolves when the answer is there. */
async function shakeHands({ port, token }: { port: number; token: string }): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `GET /page HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n` +
      `Sec-WebSocket-Protocol: sessionchart.inspect.1, token.${token}\r\n\r\n`,
  );
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /);
  return socket.resume();
}

describe('an inspector under attack', () => {
  it('[INS-36] 10^5 garbage frames are answered a few times, then their sender is cut off; memory stays flat', async () => {
    const { clock, manager, close } = await managed();
    await clock.runUntil(manager.startSession());
    const { inspector, log } = await started({ clock });
    inspector.attach(manager);
    const other = await welcomed(inspector);
    const garbage = ['garbage', '{"type":', '{"type":"list"}', '[]', 'null', '"', '{"type":"send","id":{}}', '\u0000'];
    const flood = Buffer.concat(Array.from({ length: 1_000 }, (_, i) => frame(garbage[i % garbage.length] ?? '')));
    let answers = 0;
    const before = process.memoryUsage();
    for (let round = 0; round < 100; round++) {
      const socket = await shakeHands(inspector);
      socket.on('data', data => {
        answers += String(data).split('INVALID_MESSAGE').length - 1;
      });
      socket.write(flood);
      socket.end();
      await once(socket, 'close');
    }
    await until(() => inspector.viewers === 1);
    const after = process.memoryUsage();
    expect(answers).toBeGreaterThan(0);
    expect(answers).toBeLessThanOrEqual(100 * 10);
    expect(after.external + after.arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(16 * 1024 * 1024);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(64 * 1024 * 1024);
    expect((await other.ask(ALL, 'list')).rows.length).toBe(2);
    expect(log.lines.length).toBeLessThan(1_000);
    await inspector.close();
    await close();
  });

  it('[INS-36] 10^5 garbage frames on one connection do no more', async () => {
    const { inspector } = await started();
    const other = await welcomed(inspector);
    const socket = await shakeHands(inspector);
    const chunk = Buffer.concat(Array.from({ length: 1_000 }, () => frame('garbage')));
    for (let round = 0; round < 100 && !socket.destroyed; round++) {
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    }
    socket.destroy();
    await until(() => inspector.viewers === 1);
    expect((await other.ask(ALL, 'list')).rows).toEqual([]);
  });

  it('[INS-36] 10^5 pongs on one connection are taken a few times, then their sender is cut off', async () => {
    const { inspector } = await started();
    const other = await welcomed(inspector);
    const socket = await shakeHands(inspector);
    const chunk = Buffer.concat(Array.from({ length: 1_000 }, () => frame('', 0x8a)));
    for (let round = 0; round < 100 && !socket.destroyed; round++) {
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    }
    // No time goes by, and it does not take its leave.
    await until(() => inspector.viewers === 1);
    expect((await other.ask(ALL, 'list')).rows).toEqual([]);
  });

  it('[INS-36] broken frames, handshakes and requests hurt nobody', async () => {
    const { inspector, log } = await started();
    const other = await welcomed(inspector);
    const broken = [
      frame('x', 0xc1), // a reserved bit
      frame('x', 0x83), // a reserved kind
      frame(Buffer.from([0xc3, 0x28])), // no UTF-8
      Buffer.from([0x81, 0x02, 0x61, 0x62]), // not masked
      Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), // endless
      frame('x', 0x09), // a ping in pieces
      Buffer.from([0x88, 0x81, 0, 0, 0, 0, 1]), // a close with half a code
    ];
    for (const bytes of broken) {
      const socket = await shakeHands(inspector);
      socket.end(bytes);
      await once(socket, 'close');
    }
    for (const text of [
      '\r\n\r\n',
      'GET',
      'GET / HTTP/9\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`,
      '\u0016\u0003\u0001',
    ]) {
      const socket = connect(inspector.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume().end(text);
      await once(socket, 'close');
    }
    const reset = connect(inspector.port, '127.0.0.1');
    await once(reset, 'connect');
    reset.on('error', () => undefined);
    reset.write(
      `GET /page HTTP/1.1\r\nHost: 127.0.0.1:${inspector.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    reset.resetAndDestroy();
    await until(() => inspector.viewers === 1);
    expect((await other.ask(ALL, 'list')).rows).toEqual([]);
    expect(log.lines).toEqual([]);
  });

  it('[INS-25] a flood of viewers is let in up to the limit, and those who are in see on', async () => {
    const { inspector } = await started({ maxViewers: 8 });
    const viewers = await Promise.all(Array.from({ length: 8 }, () => welcomed(inspector)));
    const refused = await Promise.all(Array.from({ length: 30 }, () => refusedHandshake(inspector, {})));
    expect(refused.map(({ status }) => status)).toEqual(Array(30).fill(503));
    expect(inspector.viewers).toBe(8);
    for (const viewer of viewers) expect((await viewer.ask(ALL, 'list')).total).toBe(0);
  });

  it('[INS-34] viewers that do not read cost a bounded number of bytes, and the others nothing', async () => {
    const { clock, manager, close } = await managed({ limit: 400 });
    for (let n = 0; n < 300; n++) await clock.runUntil(manager.startSession());
    const { inspector } = await started({ clock });
    inspector.attach(manager);
    const good = await welcomed(inspector);
    await good.ask(ALL, 'list');
    const deaf = await Promise.all(Array.from({ length: 5 }, () => welcomed(inspector)));
    for (const viewer of deaf) await viewer.ask(ALL, 'list');
    for (const { socket } of deaf) socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    let highest = 0;
    for (let round = 0; round < 200 && inspector.viewers > 1; round++) {
      for (const { sessionId } of manager.getAllSessions()) {
        await (round % 2 === 0 ? manager.pauseSession(sessionId) : manager.resumeSession(sessionId));
      }
      const seen = good.frames.length;
      // First until all of their buffers are full, then until their time is over.
      await clock.advance(round < 100 ? 50 : 1_000);
      await until(() => good.frames.length > seen);
      highest = Math.max(highest, process.memoryUsage().arrayBuffers);
    }
    expect(inspector.viewers).toBe(1);
    expect(highest - before).toBeLessThan(5 * 4 * 1024 * 1024);
    for (const { socket } of deaf) socket.terminate();
    await inspector.close();
    await close();
  });

  it('[INS-40] without allowSend nothing that a viewer says changes anything, on any endpoint', async () => {
    const { clock, manager, close } = await managed();
    const { sessionId } = await clock.runUntil(manager.startSession());
    const { inspector } = await started({ clock });
    inspector.attach(manager);
    const viewer = await welcomed(inspector);
    const { rows } = await viewer.ask(ALL, 'list');
    for (const { actor } of rows) {
      for (const type of ['END', 'PAUSE', 'DRAIN', 'xstate.stop', 'xstate.done.actor.release']) {
        expect(await viewer.ask({ type: 'send', actor, event: { type } }, 'error')).toMatchObject({
          code: 'SEND_NOT_ALLOWED',
        });
      }
    }
    const foreign = new RawViewer(inspector, { path: `/xstate?token=${inspector.token}`, protocols: [] });
    await once(foreign.socket, 'open');
    foreign.send({ type: 'xstate.inspecting' });
    await until(() => foreign.frames.length >= 2);
    for (const service of foreign.frames.map(text => JSON.parse(text).sessionId)) {
      const scxml = {
        name: 'END',
        data: { type: 'END', reason: 'user' },
        $$type: 'scxml',
        type: 'external',
        origin: service,
      };
      foreign.send({ type: 'xstate.event', event: JSON.stringify(scxml), service });
    }
    await until(() => foreign.frames.some(text => text.includes('SEND_NOT_ALLOWED')));
    expect(manager.getSessionInfo(sessionId)?.state).toBe('active');
    await inspector.close();
    await close();
  });

  it('[INS-43] a secret never reaches a frame of any endpoint, an answer or a log', async () => {
    const CANARY = 'ek_canary0123456789abcdef';
    const { clock, manager, provider, close } = await managed({ provider: at => new FakeCredentialProvider(at) });
    const { inspector, log } = await started({ clock, token: 'token-of-the-canary-test', allowSend: true });
    inspector.attach(manager);
    const leaky = setup({
      types: {
        context: {} as Record<string, unknown>,
        events: {} as { type: 'GO'; apiKey: string } | { type: 'FAIL' },
      },
      actors: {
        ask: fromPromise<{ key: string }>(async () => ({ key: CANARY })),
        fail: fromPromise(() => Promise.reject(new Error(`refused: Bearer ${CANARY}`))),
      },
    }).createMachine({
      id: 'leaky',
      context: { apiKey: CANARY, nested: { authorization: `Bearer ${CANARY}` }, note: `the key is ${CANARY}` },
      initial: 'idle',
      states: {
        idle: { on: { GO: { target: 'asking', actions: assign({ token: ({ event }) => event.apiKey }) } } },
        asking: {
          invoke: {
            src: 'ask',
            onDone: { target: 'failing', actions: assign({ answer: ({ event }) => event.output }) },
          },
        },
        failing: {
          invoke: { src: 'fail', onError: { target: 'over', actions: assign({ error: ({ event }) => event.error }) } },
        },
        over: { type: 'final' },
      },
      output: { secret: CANARY },
    });
    const actor = createActor(leaky, { id: 'leaky' }).start();
    inspector.attach(actor);
    const page = await welcomed(inspector);
    const foreign = ['/xstate', '/stately'].map(
      path => new RawViewer(inspector, { path: `${path}?token=${inspector.token}`, protocols: [] }),
    );
    for (const { socket } of foreign) await once(socket, 'open');
    foreign[0]?.send({ type: 'xstate.inspecting' });
    const { sessionId } = await clock.runUntil(manager.startSession());
    const { rows } = await page.ask(ALL, 'list');
    for (const row of rows) await page.ask({ type: 'watch', actor: row.actor }, 'watched');
    actor.send({ type: 'GO', apiKey: CANARY });
    await clock.runUntil(manager.renewSession(sessionId));
    const held = manager.credentialFor(sessionId)?.reveal() ?? 'none';
    const leakyKey = rows.find(({ id }) => id === 'leaky')?.actor ?? '';
    page.send({ type: 'send', id: 900, actor: leakyKey, event: { type: 'GO', apiKey: CANARY } });
    page.send({ type: CANARY, id: 901 });
    await page.next('error');
    await clock.advance(50);
    await manager.endSession(sessionId);
    await clock.advance(50);
    for (const { actor: key } of rows) {
      await page.ask({ type: 'explain', actor: key }, 'explanation');
      page.send({ type: 'watch', id: 950, actor: key });
    }
    await page.ask({ type: 'explain', actor: 'last' }, 'explanation');
    const access = await ask(inspector, '/api/access', { headers: { authorization: `Bearer ${inspector.token}` } });
    const said = [page, ...foreign].map(({ frames }) => frames.join('\n'));
    expect(said.map(text => text.length > 500)).toEqual([true, true, true]);
    const all = [...said, access.body, JSON.stringify(access.headers), JSON.stringify(log.lines)].join('\n');
    expect(held).not.toBe('none');
    for (const secret of [CANARY, held, inspector.token]) expect(all).not.toContain(secret);
    for (const { socket } of foreign) socket.terminate();
    expect(provider).toBeDefined();
    await inspector.close();
    await close();
  });

  it('[INS-36] a request that drips, or is not read, is given up after 10 s', async () => {
    const { inspector, clock } = await started();
    const texts = ['GET / HTTP/1.1\r\n', `GET /page HTTP/1.1\r\nHost: 127.0.0.1:${inspector.port}\r\n`, ''];
    const sockets = texts.map(text => {
      const socket = connect({ port: inspector.port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined);
      socket.resume().write(text);
      return socket;
    });
    const ended = sockets.map(socket => Promise.race([once(socket, 'end'), once(socket, 'close')]));
    await until(() => clock.pending === sockets.length);
    await clock.advance(9_999);
    sockets[0]?.write('X-Drip: 1\r\n');
    expect(clock.pending).toBe(3);
    await clock.advance(1);
    await Promise.all(ended);
    await until(() => clock.pending === 0);
    for (const socket of sockets) socket.destroy();
  });
});
