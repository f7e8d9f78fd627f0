import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FakeSocket } from '../../../src/integration/testing/fake-socket.ts';
import { createSocketPair, type SocketPair, type SocketWire } from '../../../src/integration/testing/socket-pair.ts';

/** Notes everything that an end hears. */
function hear(socket: FakeSocket): unknown[] {
  const heard: unknown[] = [];
  socket.addEventListener('open', () => heard.push('open'));
  socket.addEventListener('message', ({ data }) => heard.push(data));
  socket.addEventListener('error', () => heard.push('error'));
  socket.addEventListener('close', ({ code, reason, wasClean }) => heard.push({ code, reason, wasClean }));
  return heard;
}

const BROKEN = ['error', { code: 1006, reason: '', wasClean: false }];
const thrown = (call: () => void): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('a pair in the hands of a test', () => {
  it('[TST-7] nothing arrives before it is flushed, and then in order', () => {
    const { client, server, toServer, toClient, flush } = createSocketPair();
    const [atClient, atServer] = [hear(client), hear(server)];
    for (const text of ['one', 'two', 'three']) client.send(text);
    server.send('back');
    expect([...atClient, ...atServer]).toEqual([]);
    expect(client.bufferedAmount).toBe(11);
    expect(toServer.flush()).toBe(1);
    expect(atServer).toEqual(['one']);
    expect(toServer.flushAll()).toBe(2);
    expect([atServer, client.bufferedAmount]).toEqual([['one', 'two', 'three'], 0]);
    expect([toServer.flush(), toClient.queued.length]).toEqual([0, 1]);
    expect(flush()).toBe(1);
    expect(atClient).toEqual(['back']);
  });

  it('[TST-7] bytes are copied when they are sent, and again for everyone who gets them', () => {
    const { client, server, toServer } = createSocketPair();
    const received: ArrayBuffer[] = [];
    server.onmessage = ({ data }) => received.push(data as ArrayBuffer);
    const bytes = new Uint8Array([0, 1, 2, 3]);
    for (const data of [bytes.subarray(1, 3), bytes.buffer, new DataView(bytes.buffer, 3)]) client.send(data);
    bytes.fill(9);
    toServer.duplicate(0);
    toServer.flush();
    new Uint8Array(received[0] as ArrayBuffer).fill(7);
    toServer.flushAll();
    expect(received.map(buffer => [...new Uint8Array(buffer)])).toEqual([[7, 7], [1, 2], [0, 1, 2, 3], [3]]);
    expect(received[0]).toBeInstanceOf(ArrayBuffer);
    client.send('\ud800');
    expect(toServer.queued, 'text is well formed on the wire').toEqual([{ kind: 'message', data: '\ufffd' }]);
  });

  it('[TST-9] lost, doubled and reordered', () => {
    const { client, server, toServer } = createSocketPair();
    const heard = hear(server);
    for (const text of ['a', 'b', 'c', 'd']) client.send(text);
    toServer.drop(1);
    toServer.reorder([2, 0, 1]);
    toServer.duplicate(1);
    toServer.flushAll();
    expect(heard).toEqual(['d', 'a', 'a', 'c']);
  });

  it('[TST-9] a close can be kept back while messages arrive', () => {
    const { client, server, toServer } = createSocketPair();
    const heard = hear(server);
    client.send('last');
    client.close(3001, 'done');
    expect(toServer.flushMessages()).toBe(1);
    expect([heard, server.readyState]).toEqual([['last'], server.OPEN]);
    toServer.flushAll();
    expect(heard).toEqual(['last', { code: 3001, reason: 'done', wasClean: true }]);
  });

  it('[TST-9] a cut direction is silent, and the other one works on', () => {
    const { client, server, toServer, toClient, flush } = createSocketPair();
    const [atClient, atServer] = [hear(client), hear(server)];
    client.send('lost');
    toServer.cut();
    client.send('lost too');
    server.send('heard');
    flush();
    client.close();
    flush();
    expect([atClient, atServer]).toEqual([['heard'], []]);
    expect([client.readyState, server.readyState]).toEqual([client.CLOSING, server.OPEN]);
    expect([toServer.isCut, toClient.isCut]).toEqual([true, false]);
  });

  it('[TST-9] severed at one end, the other hears nothing; at both, both hear 1006', () => {
    const half = createSocketPair();
    const [atClient, atServer] = [hear(half.client), hear(half.server)];
    half.client.send('lost');
    half.sever('client');
    half.server.send('lost');
    half.flush();
    expect([atClient, atServer]).toEqual([BROKEN, []]);
    expect([half.client.readyState, half.server.readyState]).toEqual([half.client.CLOSED, half.server.OPEN]);
    half.sever();
    expect([atClient, atServer]).toEqual([BROKEN, BROKEN]);
    half.sever();
    expect(atServer, 'once').toEqual(BROKEN);
    const other = createSocketPair();
    const unhurt = hear(other.client);
    other.sever('server');
    expect([unhurt, other.server.readyState]).toEqual([[], other.server.CLOSED]);
  });

  it('[TST-9] an index, an order or a count that is none is refused', () => {
    const { client, toServer } = createSocketPair();
    const invalid = expect.objectContaining({ code: 'INVALID_CONFIG' });
    expect(() => toServer.drop()).toThrow('index is 0; allowed: nothing: no frame waits');
    expect(() => toServer.reorder([0, 1])).toThrow('order is a list; allowed: an empty list: no frame waits');
    expect(() => toServer.reorder(0 as never)).toThrow(invalid);
    client.send('a');
    client.send('b');
    expect(() => toServer.reorder([0])).toThrow('allowed: each of the indexes 0 to 1 once');
    for (const wrong of [-1, 2, 0.5]) {
      expect(() => toServer.drop(wrong)).toThrow(invalid);
      expect(() => toServer.duplicate(wrong)).toThrow(invalid);
      expect(() => toServer.flush(wrong === 2 ? -2 : wrong)).toThrow(invalid);
    }
    for (const order of [[0], [0, 0], [1, 2], [0, 1, 1]]) expect(() => toServer.reorder(order)).toThrow(invalid);
    expect(toServer.queued).toHaveLength(2);
  });

  it('[TST-9] two ends that answer each other for ever are told', () => {
    const { client, server, flush } = createSocketPair();
    client.onmessage = () => client.send('ping');
    server.onmessage = () => server.send('pong');
    client.send('ping');
    expect(() => flush()).toThrow('answer each other for ever');
  });
});

describe('closing', () => {
  it('[TST-10] a close is answered, and both ends tell the same code and reason', () => {
    for (const [code, reason] of [
      [1000, 'bye'],
      [3000, ''],
      [4999, 'é'.repeat(61)],
      [undefined, ''],
    ] as const) {
      const { client, server, toServer, toClient } = createSocketPair();
      const [atClient, atServer] = [hear(client), hear(server)];
      client.close(code, reason);
      expect([client.readyState, server.readyState]).toEqual([client.CLOSING, server.OPEN]);
      toServer.flush();
      const closed = { code: code ?? 1005, reason, wasClean: true };
      expect([client.readyState, server.readyState, atServer]).toEqual([client.CLOSING, server.CLOSED, [closed]]);
      toClient.flush();
      expect([client.readyState, atClient]).toEqual([client.CLOSED, [closed]]);
      for (const wire of [toServer, toClient]) expect(wire.queued).toEqual([]);
    }
  });

  it('[TST-10] a reason without a code is not sent', () => {
    const { client, toServer } = createSocketPair();
    client.close(undefined, 'unheard');
    expect(toServer.queued).toEqual([{ kind: 'close', code: 1005, reason: '' }]);
  });

  it('[TST-10] when both close each tells what the other one said', () => {
    const { client, server, flush } = createSocketPair();
    const [atClient, atServer] = [hear(client), hear(server)];
    client.close(3001, 'client');
    server.close(1001, 'server');
    flush();
    expect(atClient).toEqual([{ code: 1001, reason: 'server', wasClean: true }]);
    expect(atServer).toEqual([{ code: 3001, reason: 'client', wasClean: true }]);
  });

  it('[TST-10] closing again, also from within, does nothing', () => {
    const { client, server, flush } = createSocketPair();
    const heard = hear(client);
    client.addEventListener('close', () => client.close(4000));
    server.addEventListener('message', () => server.close(1008, 'enough'));
    server.addEventListener('close', () => server.send('too late'));
    client.send('trigger');
    client.send('not heard any more');
    client.close(4001);
    client.close(4002);
    flush();
    expect(heard).toEqual([{ code: 1008, reason: 'enough', wasClean: true }]);
    expect([client.readyState, server.readyState]).toEqual([client.CLOSED, server.CLOSED]);
    expect(server.bufferedAmount).toBe(8);
  });

  it('[TST-10] an end that is closing hears no message, and one that has closed hears nothing', () => {
    const { client, server, flush, toServer } = createSocketPair();
    const [atClient, atServer] = [hear(client), hear(server)];
    server.send('too late');
    client.close();
    client.send('thrown away');
    expect(client.bufferedAmount).toBe(11);
    toServer.duplicate();
    flush();
    expect(atClient).toEqual([{ code: 1005, reason: '', wasClean: true }]);
    expect(atServer).toHaveLength(1);
  });

  it('[TST-11] a client closes with 1000 and 3000 to 4999, a server with what may be on the wire', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 990, max: 1020 }), fc.integer({ min: -1, max: 6_000 }), fc.double()),
        code => {
          const isPrivate = Number.isInteger(code) && code >= 3000 && code <= 4999;
          const isOnWire = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].includes(code);
          const { client, server } = createSocketPair();
          const refused = expect.objectContaining({ name: 'InvalidAccessError' });
          expect(thrown(() => client.close(code))).toEqual(isPrivate || code === 1000 ? undefined : refused);
          expect(thrown(() => server.close(code))).toEqual(isPrivate || isOnWire ? undefined : refused);
        },
      ),
    );
  });

  it('[TST-11] a reason has at most 123 bytes, and nothing is sent that cannot be', () => {
    const { client, toServer } = createSocketPair();
    const syntax = expect.objectContaining({ name: 'SyntaxError' });
    expect(thrown(() => client.close(1000, 'é'.repeat(62)))).toEqual(syntax);
    expect(thrown(() => client.close(1000, 'x'.repeat(124)))).toEqual(syntax);
    expect([client.readyState, toServer.queued]).toEqual([client.OPEN, []]);
    for (const data of [7, null, undefined, {}, ['a']]) expect(() => client.send(data as never)).toThrow(TypeError);
    const connecting = createSocketPair({ connecting: true });
    expect(thrown(() => connecting.client.send('early'))).toMatchObject({ name: 'InvalidStateError' });
    client.close(1000, 'x'.repeat(123));
    expect(toServer.queued).toHaveLength(1);
    expect(
      thrown(() => client.close(1001)),
      'arguments are looked at first',
    ).toMatchObject({ name: 'InvalidAccessError' });
  });
});

describe('connecting', () => {
  const connecting = (): SocketPair & { atClient: unknown[]; atServer: unknown[] } => {
    const pair = createSocketPair({ connecting: true });
    expect([pair.client.readyState, pair.server.readyState]).toEqual([0, 0]);
    return { ...pair, atClient: hear(pair.client), atServer: hear(pair.server) };
  };

  it('[TST-12] it opens or fails when it is told to, once', () => {
    const accepted = connecting();
    accepted.accept();
    expect([accepted.atClient, accepted.atServer]).toEqual([['open'], ['open']]);
    for (const again of [accepted.accept, accepted.refuse, createSocketPair().accept]) expect(again).toThrow('once');
    const refused = connecting();
    refused.refuse();
    expect([refused.atClient, refused.atServer]).toEqual([BROKEN, BROKEN]);
  });

  it('[TST-12] an end that was closed meanwhile fails, and takes the other one with it', () => {
    for (const end of ['client', 'server'] as const) {
      const pair = connecting();
      pair[end].close();
      expect([pair[end].readyState, pair.atClient, pair.atServer]).toEqual([2, [], []]);
      pair.accept();
      expect([pair.atClient, pair.atServer]).toEqual([BROKEN, BROKEN]);
    }
    const within = connecting();
    within.server.onopen = () => within.client.close();
    within.accept();
    expect([within.atClient, within.atServer]).toEqual([BROKEN, ['open', ...BROKEN]]);
  });
});

describe('whatever is done to a pair', () => {
  const end = fc.constantFrom('client' as const, 'server' as const);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), end }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('flush' as const), end, count: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('flushMessages' as const), end }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('close' as const), end, code: fc.constantFrom(undefined, 1000, 3000) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), end, at: fc.nat(5) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('sever' as const), end: fc.constantFrom('client', 'server', undefined) }),
    },
  );

  it('[TST-8] what arrives was sent, in order, once, and nothing after a close', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const pair = createSocketPair();
        const heard = { client: hear(pair.client), server: hear(pair.server) };
        let sent = 0;
        const wireFrom = (from: 'client' | 'server'): SocketWire => (from === 'client' ? pair.toServer : pair.toClient);
        for (const one of steps) {
          if (one.do === 'sever') pair.sever(one.end as 'client');
          else if (one.do === 'send') pair[one.end].send(`${one.end} ${++sent}`);
          else if (one.do === 'close') pair[one.end].close(one.code);
          else if (one.do === 'flush') wireFrom(one.end).flush(one.count);
          else if (one.do === 'flushMessages') wireFrom(one.end).flushMessages();
          else if (one.at < wireFrom(one.end).queued.length) wireFrom(one.end).drop(one.at);
        }
        for (const [own, other] of [
          ['client', 'server'],
          ['server', 'client'],
        ] as const) {
          const messages = heard[own].filter(what => typeof what === 'string' && what !== 'error') as string[];
          const numbers = messages.map(text => Number(text.split(' ')[1]));
          expect(
            messages.every(text => text.startsWith(other)),
            'nothing is invented',
          ).toBe(true);
          expect(numbers, 'in order, and once').toEqual([...new Set(numbers)].sort((a, b) => a - b));
          const closedAt = heard[own].findIndex(what => typeof what === 'object');
          expect(closedAt === -1 || closedAt === heard[own].length - 1, 'nothing after a close').toBe(true);
          expect(closedAt >= 0).toBe(pair[own].readyState === pair[own].CLOSED);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('[TST-8] without loss everything arrives that was sent while both were open', () => {
    const message = fc.record({ from: end, text: fc.string() });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 40 }), fc.array(fc.nat(4)), (messages, flushes) => {
        const pair = createSocketPair();
        const heard = { client: hear(pair.client), server: hear(pair.server) };
        for (const [i, { from, text }] of messages.entries()) {
          pair[from].send(text);
          pair.toServer.flush(flushes[i] ?? 0);
        }
        pair.flush();
        const from = (own: string) => messages.filter(m => m.from === own).map(m => m.text.toWellFormed());
        expect(heard).toEqual({ client: from('server'), server: from('client') });
        expect([pair.client.bufferedAmount, pair.server.bufferedAmount]).toEqual([0, 0]);
      }),
    );
  });
});
