import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { type Inspector, startInspector } from '../../../../src/integration/inspect/inspector.ts';
import type { InspectorOptions } from '../../../../src/integration/inspect/inspector-options.ts';
import {
  type ClientMessage,
  type ServerMessage,
  SUBPROTOCOL,
  TOKEN_PREFIX,
} from '../../../../src/integration/inspect/page-protocol.ts';
import { VirtualClock } from '../../../../src/integration/testing/virtual-clock.ts';
import { KeptLog } from '../../../support/managed.ts';

export interface Running {
  readonly inspector: Inspector;
  readonly clock: VirtualClock;
  readonly log: KeptLog;
  /** The folder of the built page, empty. */
  readonly folder: string;
}

/** Starts inspectors in virtual time for the tests of a file, and closes them after each. */
export function inspectors(): (options?: InspectorOptions) => Promise<Running> {
  const open: Running[] = [];
  afterEach(async () => {
    for (const { inspector, clock, folder } of open.splice(0)) {
      const closed = inspector.close();
      await clock.advance(5_000);
      await closed;
      rmSync(folder, { recursive: true });
    }
  });
  return async options => {
    const clock = new VirtualClock();
    const log = new KeptLog();
    const folder = mkdtempSync(join(tmpdir(), 'page-'));
    const inspector = await startInspector({ clock, logger: log, ...options }, folder);
    const running = { inspector, clock, log, folder };
    open.push(running);
    return running;
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request as it is, without the help of a browser. */
export async function ask(inspector: Inspector, path: string, options: RequestOptions = {}): Promise<Reply> {
  const { port } = inspector;
  const sent = request({ host: '127.0.0.1', port, path, agent: false, ...options });
  sent.end();
  const [response] = await once(sent, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

export interface ConnectOptions extends ClientOptions {
  readonly path?: string;
  readonly token?: string | undefined;
  readonly protocols?: readonly string[];
}

/** A viewer at the level of frames. */
export class RawViewer {
  readonly socket: WebSocket;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Everything that it was sent, and that was not asked for yet. */
  readonly inbox: ServerMessage[] = [];
  /** Every frame as it came. */
  readonly frames: string[] = [];
  #wake: (() => void) | undefined;
  #id = 0;

  constructor({ port, token: right }: Pick<Inspector, 'port' | 'token'>, options: ConnectOptions = {}) {
    const { path = '/page', token = right, protocols = [SUBPROTOCOL, `${TOKEN_PREFIX}${token}`], ...rest } = options;
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, [...protocols], rest);
    this.closed = new Promise(resolve => {
      this.socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#wake?.();
      });
    });
    this.socket.on('error', () => this.#wake?.());
    this.socket.on('message', data => {
      const frame = String(data);
      this.frames.push(frame);
      if (frame.startsWith('{"type"')) this.inbox.push(JSON.parse(frame));
      this.#wake?.();
    });
  }

  /** The next message of this type; those before it are passed over. */
  async next<T extends ServerMessage['type']>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    for (;;) {
      for (let message = this.inbox.shift(); message !== undefined; message = this.inbox.shift()) {
        if (message.type === type) return message as Extract<ServerMessage, { type: T }>;
      }
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`closed before a message of type ${type}`);
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** Sends a message with an id of its own and gives its answer. */
  async ask<T extends ServerMessage['type']>(
    message: Omit<Extract<ClientMessage, { id: number }>, 'id'> & Record<string, unknown>,
    type: T,
  ): Promise<Extract<ServerMessage, { type: T }>> {
    const id = ++this.#id;
    this.send({ ...message, id });
    for (;;) {
      const answer = await this.next(type);
      if ('id' in answer && answer.id === id) return answer;
    }
  }
}

/** A viewer that was welcomed. */
export async function welcomed(inspector: Inspector, options?: ConnectOptions): Promise<RawViewer> {
  const viewer = new RawViewer(inspector, options);
  await once(viewer.socket, 'open');
  viewer.send({ type: 'hello' });
  await viewer.next('welcome');
  return viewer;
}

/** The answer to a handshake that is refused. */
export async function refusedHandshake(inspector: Inspector, options: ConnectOptions): Promise<Reply> {
  const { socket } = new RawViewer(inspector, options);
  const [sent, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  sent.destroy();
  return { status: response.statusCode, headers: response.headers, body };
}

/** The error that a call throws or rejects with. */
export async function errorFrom(
  run: () => unknown,
): Promise<Error & { readonly code: string; readonly details: object }> {
  try {
    await run();
  } catch (error) {
    return error as Error & { readonly code: string; readonly details: object };
  }
  throw new Error('nothing was thrown');
}

/** Lets the sockets do their work until it holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setImmediate(resolve));
}
