import type { RawData, WebSocket } from 'ws';
import { createActor } from 'xstate';
import type { Clock } from '../../actors/ports.ts';
import { type CloseCause, viewerMachine } from '../../machines/viewer.ts';
import type { Connection, Endpoint, ViewerSide } from './endpoint.ts';
import { CLOSE_CODES } from './page-protocol.ts';
import { TokenBucket } from './token-bucket.ts';

/** Messages and pings of one viewer: far more than a person causes, far less than hurts. */
const ALLOWED_RATE = { burst: 50, perSecond: 20 };

/** Bytes that may wait for a viewer before it counts as one that does not read (S32). */
const STALLED_ABOVE = 1024 * 1024;
/** It reads again when no more than this waits, bytes. */
const DRAINED_BELOW = 128 * 1024;
/** Bytes that may wait for a viewer that goes on asking for more. */
const MOST_WAITING = 8 * 1024 * 1024;
/** Frames that may still have been under way when a viewer was asked to leave; one that sends more does not mean to. */
const MOST_LATE = 5_000;

/** Close codes and what is said with them. */
const FAREWELLS: Readonly<Record<CloseCause, readonly [code: number, words: string]>> = {
  silent: [CLOSE_CODES.helloTimeout, 'no hello in time'],
  tooSlow: [CLOSE_CODES.tooSlow, 'what was sent is not read'],
  abuse: [CLOSE_CODES.abuse, 'too many messages, or too many that cannot be read'],
  binary: [1003, 'text frames only'],
  malformed: [1007, 'a message that cannot be read'],
  faulty: [1002, 'a frame that is none'],
  broken: [1011, 'the inspector failed'],
  goingAway: [CLOSE_CODES.goingAway, 'the inspector was closed'],
};

export interface ConnectionOptions {
  readonly socket: WebSocket;
  readonly endpoint: Endpoint;
  readonly query: URLSearchParams;
  readonly clock: Clock;
  /** It counts from now on. */
  readonly onGreeted: () => void;
  /** The socket is gone. What it watched is kept for some seconds, or until {@link ViewerConnection.forget}. */
  readonly onLeft: (connection: ViewerConnection) => void;
  /** Nothing is kept of it any more. `counted`: it was greeted. */
  readonly onEnded: (connection: ViewerConnection, counted: boolean) => void;
  /** The endpoint threw; the connection is closed. */
  readonly onFault: (error: unknown) => void;
}

/** Looks after the socket of one viewer, whatever protocol it speaks. The life of the viewer is a chart; this does what it orders. */
export class ViewerConnection implements Connection {
  readonly #socket: WebSocket;
  readonly #bucket: TokenBucket;
  readonly #actor: ReturnType<typeof viewerActor>;
  /** Nothing where the endpoint threw when it was to accept. */
  readonly #side: ViewerSide | undefined;
  readonly #onFault: (error: unknown) => void;
  #leftOut = false;
  /** It was pinged, and has not answered. */
  #owesPong = false;
  /** Frames that came after it was asked to leave. */
  #late = 0;

  constructor({ socket, endpoint, query, clock, onGreeted, onLeft, onEnded, onFault }: ConnectionOptions) {
    this.#socket = socket;
    this.#bucket = new TokenBucket(clock, ALLOWED_RATE);
    this.#onFault = onFault;
    const actor = viewerActor(clock, endpoint.needsHello);
    this.#actor = actor;

    // Before all else: a socket whose fault nobody hears ends the process. ws closes it itself, with the fitting code.
    socket.on('error', () => actor.send({ type: 'DISMISSED', cause: 'faulty' }));
    actor.on('greeted', onGreeted);
    actor.on('pingDue', () => {
      this.#owesPong = true;
      socket.ping();
    });
    actor.on('resyncDue', () => this.#resync());
    actor.on('closeDue', ({ cause }) => {
      socket.resume();
      socket.close(...FAREWELLS[cause]);
    });
    actor.on('breakDue', () => socket.terminate());
    actor.subscribe({
      complete: () => {
        const { greeted } = actor.getSnapshot().context;
        if (greeted) this.#guarded(() => this.#side?.forgotten?.());
        onEnded(this, greeted);
      },
    });
    // Before it counts: whoever counts must be taken off again.
    socket.on('close', () => {
      this.#guarded(() => this.#side?.left());
      onLeft(this);
      actor.send({ type: 'GONE' });
    });
    actor.start();
    let side: ViewerSide | undefined;
    this.#guarded(() => {
      side = endpoint.accept(this, query);
    });
    this.#side = side;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', data => {
      if (!this.#listens()) return;
      if (this.#bucket.take()) socket.pong(data);
      else actor.send({ type: 'OVERRUN' });
    });
    socket.on('pong', () => this.#ponged());
  }

  send(text: string | Buffer, droppable?: 'droppable'): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    // While the chart takes an event, as it does during a resync, it does not know yet of what was sent since.
    const isFull = this.isStalled || this.#socket.bufferedAmount > STALLED_ABOVE;
    if (isFull && droppable !== undefined) {
      this.#leftOut = true;
      return false;
    }
    if (this.#socket.bufferedAmount > MOST_WAITING) {
      this.close('tooSlow');
      return false;
    }
    this.#socket.send(text, { binary: false }, this.#written);
    if (this.#socket.bufferedAmount > STALLED_ABOVE && !this.isStalled) {
      this.#actor.send({ type: 'STALLED' });
      // Who does not read is not read either: its requests would only add to what waits for it.
      this.#socket.pause();
    }
    return true;
  }

  greet(): void {
    this.#actor.send({ type: 'HELLO' });
  }

  garbled(): void {
    this.#actor.send({ type: 'GARBLED' });
  }

  close(cause: CloseCause): void {
    this.#actor.send({ type: 'DISMISSED', cause });
  }

  /** What is kept for one that left is needed no more. */
  forget(): void {
    this.#actor.send({ type: 'FORGOTTEN' });
  }

  /** What is inspected came or went. */
  refresh(): void {
    if (this.#actor.getSnapshot().matches({ connected: 'live' })) this.#guarded(() => this.#side?.refresh());
  }

  get isStalled(): boolean {
    return this.#actor.getSnapshot().matches({ connected: { live: 'stalled' } });
  }

  /** Called when something was written out, or cannot be any more. */
  readonly #written = (): void => {
    if (!this.isStalled || this.#socket.bufferedAmount > DRAINED_BELOW) return;
    this.#socket.resume();
    this.#actor.send({ type: 'DRAINED' });
  };

  #resync(): void {
    if (!this.#leftOut) return;
    this.#leftOut = false;
    this.#guarded(() => this.#side?.resync());
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (!this.#listens()) return;
    if (isBinary) this.close('binary');
    else if (this.#bucket.take()) this.#guarded(() => this.#side?.receive(data.toString()));
    else {
      this.#actor.send({ type: 'OVERRUN' });
      if (this.#isHeard()) this.#guarded(() => this.#side?.refuse?.(data.toString()));
    }
  }

  /** An answer to a ping is free; one that nobody asked for is a message like any other. */
  #ponged(): void {
    if (!this.#listens()) return;
    if (this.#owesPong) {
      this.#owesPong = false;
      this.#actor.send({ type: 'PONG' });
    } else if (!this.#bucket.take()) this.#actor.send({ type: 'OVERRUN' });
  }

  /** A fault of the inspector costs one viewer its connection, and the process that is watched nothing. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#onFault(error);
      this.close('broken');
    }
  }

  /** Whether a frame that came is looked at. */
  #listens(): boolean {
    if (this.#isHeard()) return true;
    this.#late += 1;
    if (this.#late === MOST_LATE) this.#socket.terminate();
    return false;
  }

  #isHeard(): boolean {
    return this.#actor.getSnapshot().matches('connected');
  }
}

const viewerActor = (clock: Clock, needsHello: boolean) => createActor(viewerMachine, { clock, input: { needsHello } });
