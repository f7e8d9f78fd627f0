/** Where the life of a socket is, with the numbers of the WHATWG standard. */
const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** RFC 6455, 7.4.1: no code was given; the connection broke without a closing handshake. */
const NO_CODE = 1005;
const BROKEN = 1006;
/** RFC 6455, 5.5: a control frame carries 125 bytes, two of them are the code. */
const LONGEST_REASON_BYTES = 123;

/** What may be sent. */
export type SocketData = string | ArrayBuffer | SharedArrayBuffer | ArrayBufferView;

/** What is on its way from one end to the other. A close without a code has code 1005. */
export type SocketFrame =
  | { readonly kind: 'message'; readonly data: string | Uint8Array<ArrayBuffer> }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

export class SocketMessageEvent extends Event {
  /** Text as a string, anything else as an `ArrayBuffer` of its own. */
  readonly data: string | ArrayBuffer;

  constructor(data: string | ArrayBuffer) {
    super('message');
    this.data = data;
  }
}

export class SocketCloseEvent extends Event {
  readonly code: number;
  readonly reason: string;
  /** There was a closing handshake. */
  readonly wasClean: boolean;

  constructor(code: number, reason: string, wasClean: boolean) {
    super('close');
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
}

interface SocketEvents {
  readonly open: Event;
  readonly message: SocketMessageEvent;
  readonly close: SocketCloseEvent;
  readonly error: Event;
}

type Listener<E> = (event: E) => void;

/** As the standard numbers it: connecting, open, closing, closed. */
type ReadyState = typeof CONNECTING | typeof OPEN | typeof CLOSING | typeof CLOSED;

/** How an end is wired up. */
export interface SocketWiring {
  /** Whether this end may send this close code. */
  mayClose(code: number): boolean;
  send(frame: SocketFrame): void;
  /** Bytes of messages that were sent and have not left yet. */
  queuedBytes(): number;
}

/** What only the pair can do to an end. */
export interface SocketControl {
  open(): void;
  receive(frame: SocketFrame): void;
  break(): void;
}

/**
 * One end of a {@link createSocketPair}: the part that a WHATWG `WebSocket` and a socket of `ws` have in common, with the
 * rules of the standard. It fits `Pick<WebSocket, 'send' | 'close' | 'readyState' | 'addEventListener'>` without a cast. After `close()` no message arrives; what a listener throws is reported as an uncaught exception
 * and stops nobody else.
 */
export class FakeSocket extends EventTarget {
  readonly CONNECTING = CONNECTING;
  readonly OPEN = OPEN;
  readonly CLOSING = CLOSING;
  readonly CLOSED = CLOSED;
  onopen: Listener<Event> | null = null;
  onmessage: Listener<SocketMessageEvent> | null = null;
  onclose: Listener<SocketCloseEvent> | null = null;
  onerror: Listener<Event> | null = null;
  readonly #wiring: SocketWiring;
  #state: ReadyState = CONNECTING;
  #discardedBytes = 0;

  private constructor(wiring: SocketWiring) {
    super();
    this.#wiring = wiring;
    this.addEventListener('open', event => this.onopen?.(event));
    this.addEventListener('message', event => this.onmessage?.(event));
    this.addEventListener('close', event => this.onclose?.(event));
    this.addEventListener('error', event => this.onerror?.(event));
  }

  /** @internal Ends are made in pairs. */
  static create(wiring: SocketWiring): { readonly socket: FakeSocket; readonly control: SocketControl } {
    const socket = new FakeSocket(wiring);
    return {
      socket,
      control: {
        open: () => socket.#open(),
        receive: frame => socket.#receive(frame),
        break: () => socket.#break(),
      },
    };
  }

  get readyState(): ReadyState {
    return this.#state;
  }

  /** Bytes of messages that have not left yet, and of those that were thrown away because the socket was closing. */
  get bufferedAmount(): number {
    return this.#wiring.queuedBytes() + this.#discardedBytes;
  }

  /**
   * Puts a copy of `data` on the way. Thrown away in silence once the socket is closing.
   *
   * @throws DOMException `InvalidStateError` while it is connecting.
   * @throws TypeError for anything but text and bytes.
   */
  send(data: SocketData): void;
  // What the DOM types of a WebSocket take too, so that an end fits `Pick<WebSocket, 'send'>` without a cast.
  send(data: string | ArrayBuffer | ArrayBufferView<ArrayBuffer>): void;
  send(data: SocketData): void {
    const copy = copied(data);
    if (this.#state === CONNECTING) throw new DOMException('the socket is connecting', 'InvalidStateError');
    if (this.#state === OPEN) this.#wiring.send({ kind: 'message', data: copy });
    else this.#discardedBytes += byteLength(copy);
  }

  /**
   * Begins the closing handshake; it is over when the other end has answered. Does nothing once the socket is closing.
   *
   * @throws DOMException `InvalidAccessError` for a code that this end may not send, `SyntaxError` for a reason of more
   * than 123 bytes.
   */
  close(code?: number, reason = ''): void {
    if (code !== undefined && !this.#wiring.mayClose(code)) {
      throw new DOMException(`close code ${String(code)} is not allowed here`, 'InvalidAccessError');
    }
    const text = String(reason).toWellFormed();
    if (byteLength(text) > LONGEST_REASON_BYTES) {
      throw new DOMException(`a close reason has at most ${LONGEST_REASON_BYTES} bytes`, 'SyntaxError');
    }
    if (this.#state === OPEN) {
      this.#state = CLOSING;
      this.#wiring.send({ kind: 'close', code: code ?? NO_CODE, reason: code === undefined ? '' : text });
    } else if (this.#state === CONNECTING) this.#state = CLOSING;
  }

  override addEventListener<K extends keyof SocketEvents>(
    type: K,
    listener: Listener<SocketEvents[K]> | { handleEvent(event: SocketEvents[K]): void } | null,
    options?: boolean | { once?: boolean; signal?: AbortSignal },
  ): void {
    super.addEventListener(type, listener as Listener<Event>, options);
  }

  override removeEventListener<K extends keyof SocketEvents>(
    type: K,
    listener: Listener<SocketEvents[K]> | { handleEvent(event: SocketEvents[K]): void } | null,
    options?: boolean,
  ): void {
    super.removeEventListener(type, listener as Listener<Event>, options);
  }

  #open(): void {
    if (this.#state !== CONNECTING) {
      this.#break(); // the listener of the other end closed it meanwhile
      return;
    }
    this.#state = OPEN;
    this.dispatchEvent(new Event('open'));
  }

  #receive(frame: SocketFrame): void {
    if (frame.kind === 'message') {
      // As the standard has it: only an open socket hears messages, one that is closing does not.
      if (this.#state !== OPEN) return;
      const { data } = frame;
      this.dispatchEvent(new SocketMessageEvent(typeof data === 'string' ? data : data.slice().buffer));
      return;
    }
    if (this.#state !== OPEN && this.#state !== CLOSING) return;
    if (this.#state === OPEN) this.#wiring.send(frame);
    this.#state = CLOSED;
    this.dispatchEvent(new SocketCloseEvent(frame.code, frame.reason, true));
  }

  #break(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.dispatchEvent(new Event('error'));
    this.dispatchEvent(new SocketCloseEvent(BROKEN, '', false));
  }
}

/** Bytes of a message on the wire. */
export function byteLength(data: string | Uint8Array): number {
  return typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength;
}

function copied(data: SocketData): string | Uint8Array<ArrayBuffer> {
  if (typeof data === 'string') return data.toWellFormed();
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data).slice();
  throw new TypeError('send() takes text, an ArrayBuffer or a view of one');
}
