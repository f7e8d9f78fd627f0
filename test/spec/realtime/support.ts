import { once } from 'node:events';
import { afterEach, expect } from 'vitest';
import { WebSocket } from 'ws';
import { isSessionchartError, type SessionchartError } from '../../../src/actors/errors.ts';
import type { Logger } from '../../../src/actors/ports.ts';
import {
  createRealtimeService,
  type RealtimeEvent,
  type RealtimeService,
  type RealtimeServiceOptions,
} from '../../../src/integration/realtime/index.ts';

export const GA = '/v1/realtime/client_secrets';
export const AZURE = '/openai/v1/realtime/client_secrets';
export const PREVIEW = '/openai/realtimeapi/sessions?api-version=2025-04-01-preview';

/** Starts services for the tests of a file, and closes them after each. */
export function services(): (options?: RealtimeServiceOptions) => Promise<RealtimeService> {
  const open: RealtimeService[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map(service => service.close()));
  });
  return async options => {
    const service = await createRealtimeService(options);
    open.push(service);
    return service;
  };
}

interface PostOptions {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** A request for a key; with the API key of the service unless `headers` are given. */
export function post(service: RealtimeService, path: string, { body = {}, headers, signal }: PostOptions = {}) {
  return fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: headers ?? { authorization: `Bearer ${service.apiKey.reveal()}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** An ephemeral key. */
export async function mintKey(
  service: RealtimeService,
  body?: unknown,
): Promise<{ value: string; expires_at: number }> {
  const response = await post(service, GA, body === undefined ? {} : { body });
  expect(response.status).toBe(200);
  return (await response.json()) as { value: string; expires_at: number };
}

/** A raw WebSocket client whose events can be awaited one by one, in order. */
export class RawClient {
  readonly socket: WebSocket;
  readonly #events: RealtimeEvent[] = [];
  #wake: (() => void) | undefined;
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(service: RealtimeService, { headers, protocols, path = '/v1/realtime?model=m' }: RawOptions = {}) {
    const shown = headers ?? (protocols ? {} : { authorization: `Bearer ${service.apiKey.reveal()}` });
    this.socket = new WebSocket(service.url.replace('http', 'ws') + path, protocols ?? [], { headers: shown });
    this.closed = new Promise(resolve => {
      this.socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#wake?.();
      });
    });
    this.socket.on('error', () => this.#wake?.());
    this.socket.on('message', data => {
      this.#events.push(JSON.parse(data.toString()));
      this.#wake?.();
    });
  }

  /** The next event, whatever it is. */
  async next(): Promise<RealtimeEvent> {
    while (this.#events.length === 0) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('closed before the next event');
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    return this.#events.shift() as RealtimeEvent;
  }

  /** Reads on to an event of this type and returns the types that came on the way, itself last. */
  async until(type: string): Promise<{ event: RealtimeEvent; types: string[] }> {
    const types: string[] = [];
    for (;;) {
      const event = await this.next();
      types.push(event.type);
      if (event.type === type) return { event, types };
    }
  }

  send(event: object | string): void {
    this.socket.send(typeof event === 'string' ? event : JSON.stringify(event));
  }
}

interface RawOptions {
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
  readonly path?: string;
}

/** A raw client whose session is there. */
export async function connectRaw(service: RealtimeService, options: RawOptions = {}): Promise<RawClient> {
  const client = new RawClient(service, options);
  await client.until('session.created');
  return client;
}

/** The HTTP answer to a handshake that is refused. */
export async function refusedHandshake(service: RealtimeService, options: RawOptions = {}) {
  const { socket } = new RawClient(service, options);
  const [request, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  request.destroy();
  return { status: response.statusCode as number, headers: response.headers, body };
}

/** The SessionchartError that a call throws or rejects with. */
export async function errorFrom(run: () => unknown): Promise<SessionchartError> {
  try {
    await run();
  } catch (error) {
    if (isSessionchartError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** A logger that keeps all it is told, as text. */
export function recordingLogger(): Logger & { readonly text: string } {
  const lines: string[] = [];
  const note = (message: string, data?: unknown): void => void lines.push(`${message} ${JSON.stringify(data)}`);
  return {
    error: note,
    warn: note,
    info: note,
    debug: note,
    get text() {
      return lines.join('\n');
    },
  };
}
