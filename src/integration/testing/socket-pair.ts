import { notAllowed } from '../../services/config-field.ts';
import { byteLength, FakeSocket, type SocketControl, type SocketFrame } from './fake-socket.ts';

/** After so many frames in one `flush()` the ends are taken to answer each other without end. */
const MOST_FRAMES = 100_000;

/** Codes that a script may close with, as the WHATWG standard has it: 1000, and 3000 to 4999. */
const clientMayClose = (code: number): boolean =>
  Number.isInteger(code) && (code === 1000 || (code >= 3000 && code <= 4999));

/** Codes that a server may close with, as `ws` has it: those of RFC 6455 that may be on the wire, and 3000 to 4999. */
const serverMayClose = (code: number): boolean =>
  clientMayClose(code) ||
  (Number.isInteger(code) && code >= 1001 && code <= 1014 && ![1004, 1005, 1006].includes(code));

/** What is on its way in one direction. Nothing arrives until it is flushed. */
export class SocketWire {
  readonly #receiver: () => SocketControl;
  #queue: SocketFrame[] = [];
  #isCut = false;

  /** @internal */
  constructor(receiver: () => SocketControl) {
    this.#receiver = receiver;
  }

  /** What waits, the next one first. */
  get queued(): readonly SocketFrame[] {
    return [...this.#queue];
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** @internal */
  get queuedBytes(): number {
    return this.#queue.reduce((sum, frame) => sum + (frame.kind === 'message' ? byteLength(frame.data) : 0), 0);
  }

  /** @internal */
  push(frame: SocketFrame): void {
    if (!this.#isCut) this.#queue.push(frame);
  }

  /**
   * Lets the next `count` arrive.
   *
   * @returns how many did.
   */
  flush(count = 1): number {
    if (!(Number.isInteger(count) && count >= 0)) throw notAllowed('count', count, 'a whole number from 0');
    for (let done = 0; done < count; done++) {
      const frame = this.#queue.shift();
      if (frame === undefined) return done;
      this.#receiver().receive(frame);
    }
    return count;
  }

  /** Lets everything arrive that waits now. What that makes the ends send waits for the next flush. */
  flushAll(): number {
    return this.flush(this.#queue.length);
  }

  /** Lets all messages arrive that waits now and keeps a close back, however long the test likes. */
  flushMessages(): number {
    const messages = this.#queue.filter(({ kind }) => kind === 'message');
    this.#queue = this.#queue.filter(({ kind }) => kind !== 'message');
    for (const frame of messages) this.#receiver().receive(frame);
    return messages.length;
  }

  /** Loses one of what waits. */
  drop(index = 0): void {
    this.#queue.splice(this.#checked(index), 1);
  }

  /** Makes one of what waits arrive twice in a row. */
  duplicate(index = 0): void {
    const frame = this.#queue[this.#checked(index)] as SocketFrame;
    this.#queue.splice(index, 0, frame);
  }

  /** Puts what waits into another order: `reorder([2, 0, 1])` lets the third arrive first. */
  reorder(order: readonly number[]): void {
    const { length } = this.#queue;
    const isPermutation =
      Array.isArray(order) &&
      order.length === length &&
      order.every(i => i in this.#queue) &&
      new Set(order).size === length;
    if (!isPermutation) {
      const allowed = length === 0 ? 'an empty list: no frame waits' : `each of the indexes 0 to ${length - 1} once`;
      throw notAllowed('order', order, allowed);
    }
    this.#queue = order.map(index => this.#queue[index] as SocketFrame);
  }

  /** From now on nothing arrives in this direction, a close neither: the connection is half open. Nobody is told. */
  cut(): void {
    this.#isCut = true;
    this.#queue = [];
  }

  #checked(index: number): number {
    const { length } = this.#queue;
    if (Number.isInteger(index) && index >= 0 && index < length) return index;
    throw notAllowed(
      'index',
      index,
      length === 0 ? 'nothing: no frame waits' : `a whole number from 0 to ${length - 1}`,
    );
  }
}

export interface SocketPairOptions {
  /** Both ends begin as connecting and wait for `accept()` or `refuse()`. [connecting=false] */
  readonly connecting?: boolean;
}

/** Two sockets that are connected to each other, in the hands of a test. */
export interface SocketPair {
  readonly client: FakeSocket;
  readonly server: FakeSocket;
  /** What is on its way from the client to the server. */
  readonly toServer: SocketWire;
  /** What is on its way from the server to the client. */
  readonly toClient: SocketWire;
  /** Lets everything arrive in both directions, one from each in turn, until nothing waits. Returns how much it was. */
  flush(): number;
  /** Completes the connection: both ends open, the server first. An end that was closed meanwhile fails. */
  accept(): void;
  /** Fails the connection: both ends get `error` and `close` with code 1006. */
  refuse(): void;
  /**
   * Breaks the connection without a handshake: `error` and `close` with code 1006 at one end, or at both. What was on its
   * way is lost, and the end that is not named hears nothing of it.
   */
  sever(end?: 'client' | 'server'): void;
}

/**
 * A pair of fake sockets. Whatever one end sends, a close included, waits in a queue until the test flushes it, so loss,
 * order, duplicates and late closes are in the hands of the test. Nothing happens by itself and nothing needs time.
 *
 * The client closes with the codes that the WHATWG standard gives to scripts, the server with those of `ws`.
 *
 * @example
 * ```ts
 * const { client, server, toServer } = createSocketPair();
 * server.addEventListener('message', ({ data }) => seen.push(data));
 * client.send('one');
 * client.send('two');
 * toServer.reorder([1, 0]);
 * toServer.flushAll(); // seen: ['two', 'one']
 * ```
 */
export function createSocketPair({ connecting = false }: SocketPairOptions = {}): SocketPair {
  const toServer: SocketWire = new SocketWire(() => server.control);
  const toClient: SocketWire = new SocketWire(() => client.control);
  const end = (wire: SocketWire, mayClose: (code: number) => boolean) =>
    FakeSocket.create({ mayClose, send: frame => wire.push(frame), queuedBytes: () => wire.queuedBytes });
  const client = end(toServer, clientMayClose);
  const server = end(toClient, serverMayClose);
  let isAnswered = false;

  const answer = (accepted: boolean): void => {
    if (isAnswered) throw new Error('accept() and refuse() answer a pair once that was made with { connecting: true }');
    isAnswered = true;
    const ends = [server, client];
    // One end that was closed while it was connecting takes the other one with it.
    const isOpened = accepted && ends.every(({ socket }) => socket.readyState === socket.CONNECTING);
    for (const { control } of ends) {
      if (isOpened) control.open();
      else control.break();
    }
    if (client.socket.readyState === client.socket.CLOSED) server.control.break();
  };
  if (!connecting) answer(true);

  return {
    client: client.socket,
    server: server.socket,
    toServer,
    toClient,
    flush() {
      let count = 0;
      for (let moved = 1; moved > 0 && count <= MOST_FRAMES; count += moved)
        moved = toServer.flush() + toClient.flush();
      if (count > MOST_FRAMES) throw new Error(`${count} frames and no end: the two ends answer each other for ever`);
      return count;
    },
    accept: () => answer(true),
    refuse: () => answer(false),
    sever(only) {
      toServer.cut();
      toClient.cut();
      if (only !== 'server') client.control.break();
      if (only !== 'client') server.control.break();
    },
  };
}
