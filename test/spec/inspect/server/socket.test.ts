import { EventEmitter } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { ViewerConnection } from '../../../../src/integration/inspect/connection.ts';
import type { Connection } from '../../../../src/integration/inspect/endpoint.ts';
import { VirtualClock } from '../../../../src/integration/testing/virtual-clock.ts';

/** A socket of which a test says how much waits in it, and when something is written out. */
class TestSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  readonly done: string[] = [];
  #written: (() => void) | undefined;

  send(_text: string, _options: object, written: () => void): void {
    this.#written = written;
  }
  /** So much waits after something was written out, bytes. */
  drainTo(bytes: number): void {
    this.bufferedAmount = bytes;
    this.#written?.();
  }
  ping(): void {
    this.done.push('ping');
  }
  pause(): void {
    this.done.push('pause');
  }
  resume(): void {
    this.done.push('resume');
  }
  close(code: number): void {
    this.done.push(`close ${code}`);
  }
  terminate(): void {
    this.done.push('terminate');
  }
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A viewer that is greeted, on such a socket. */
function connected() {
  const clock = new VirtualClock();
  const socket = new TestSocket();
  const told: string[] = [];
  let own: Connection | undefined;
  const viewer = new ViewerConnection({
    socket: socket as unknown as WebSocket,
    endpoint: {
      path: '/test',
      tokenIn: 'query',
      needsHello: false,
      accept(connection) {
        own = connection;
        return {
          receive: text => void told.push(text),
          refuse: () => void told.push('refused'),
          resync: () => void told.push('resync'),
          refresh() {},
          left() {},
        };
      },
    },
    query: new URLSearchParams(),
    clock,
    onGreeted() {},
    onLeft() {},
    onEnded() {},
    onFault(error) {
      throw error;
    },
  });
  ends.push(() => {
    socket.emit('close');
    viewer.forget();
  });
  return { clock, socket, told, connection: own as Connection };
}

it('[INS-34] a viewer that does not read counts as one that reads when no more than 128 KiB wait', () => {
  const { socket, told, connection } = connected();
  socket.bufferedAmount = 1024 * 1024;
  connection.send('large');
  expect(socket.done).toEqual([]);
  socket.bufferedAmount += 1;
  expect(connection.send('left out', 'droppable')).toBe(false);
  connection.send('must have');
  socket.drainTo(128 * 1024 + 1);
  expect([socket.done, told, connection.send('left out', 'droppable')]).toEqual([['pause'], [], false]);
  socket.drainTo(128 * 1024);
  expect([socket.done, told, connection.send('news', 'droppable')]).toEqual([['pause', 'resume'], ['resync'], true]);
});

it('[INS-30] the answer to a ping is no message; a second one is', async () => {
  const { clock, socket, told } = connected();
  await clock.advance(30_000);
  for (let i = 0; i < 50; i++) socket.emit('message', Buffer.from('text'), false);
  for (let i = 0; i < 3; i++) socket.emit('pong');
  expect([socket.done, told.length]).toEqual([['ping'], 50]);
  socket.emit('message', Buffer.from('text'), false);
  expect(socket.done).toEqual(['ping', 'resume', 'close 1008']);
});

it('[INS-35] a viewer that was asked to leave and says 5,000 more things is cut off at once', () => {
  const { socket, told, connection } = connected();
  connection.close('malformed');
  for (let i = 0; i < 2_500; i++) {
    if (i === 2_499) socket.emit('ping', Buffer.alloc(0));
    else socket.emit('message', Buffer.from('text'), false);
    if (i < 2_499) socket.emit('pong');
  }
  expect(socket.done).toEqual(['resume', 'close 1007']);
  socket.emit('pong');
  socket.emit('pong');
  expect([socket.done, told]).toEqual([['resume', 'close 1007', 'terminate'], []]);
});
