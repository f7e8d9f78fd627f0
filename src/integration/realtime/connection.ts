import { type RawData, WebSocket } from 'ws';
import { SessionchartError } from '../../actors/errors.ts';
import type { Clock } from '../../actors/ports.ts';
import type { Secret } from '../../actors/secret.ts';
import { notAllowed } from '../../services/config-field.ts';
import { systemClock } from '../../services/system-clock.ts';
import type { RealtimeEvent } from './conversation.ts';

/** From the first packet to `session.created`, ms. The official SDK waits ten minutes, too long for a person. */
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

/** One frame from the service, bytes: more than a minute of audio in one event. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024;

/** Plain `ws:` shows the key to the network, so it is for these hosts only. */
const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'];

/** How a connection ended. `code` as in RFC 6455; 1006 if there was no closing handshake. */
export interface RealtimeClose {
  readonly code: number;
  /** Error code of the last `error` event before the end, such as `session_expired`. */
  readonly errorCode: string | undefined;
}

export interface RealtimeConnectionOptions {
  /** PEM of a certificate to trust besides those of the platform. */
  readonly ca?: string;
  /** [clock=systemClock()] */
  readonly clock?: Clock;
  /** Deadline for the session to be there, ms. [connectTimeoutMs=10000] */
  readonly connectTimeoutMs?: number;
  /** An ephemeral key or an API key. */
  readonly credential: Secret;
  readonly model: string;
  /** Audio from the service: PCM16, 24 kHz, mono, in the order of arrival. */
  readonly onAudio?: (audio: Uint8Array) => void;
  /** The connection is over. Called once, and only for a connection that was handed out. */
  readonly onClose?: (close: RealtimeClose) => void;
  /** Every event, audio included. */
  readonly onEvent?: (event: RealtimeEvent) => void;
  /** Gives up connecting, and closes the connection if it is there already. */
  readonly signal?: AbortSignal;
  /** `wss://…/v1/realtime`; `ws:` on loopback only. */
  readonly url: string;
}

/** A realtime session that is connected. */
export interface RealtimeConnection {
  readonly sessionId: string;
  /** When the service will end it, ms since the Unix epoch; `undefined` if it did not tell. */
  readonly expiresAt: number | undefined;
  readonly isOpen: boolean;
  /** Sends a client event. Throws `CONNECTION_LOST` when the connection is over. */
  send(event: RealtimeEvent): void;
  /** Sends PCM16 audio, 24 kHz mono. Throws as `send` does. */
  appendAudio(audio: Uint8Array): void;
  /** Asks the service whether it is there: resolves with its pong, rejects with `CONNECTION_LOST` or when aborted. */
  ping(signal?: AbortSignal): Promise<void>;
  /** Ends the connection with 1000; resolves when it is over. May be called more than once. */
  close(): Promise<void>;
}

/** How long the other side may take for its closing handshake before the socket is broken off, ms. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Opens a realtime session over a WebSocket; resolves when the service says `session.created`.
 *
 * Rejects with `INVALID_CREDENTIALS` (401), `INSUFFICIENT_PERMISSIONS` (403), `RATE_LIMITED` (429, with `retryAfterMs`),
 * `SERVICE_UNAVAILABLE` (5xx), `REQUEST_REJECTED`, `NETWORK_ERROR`, `PROVIDER_TIMEOUT`, `CONNECTION_LOST` (closed before
 * the session was there), `OPERATION_ABORTED`, or `INVALID_CONFIG`. No error holds the key.
 *
 * @example
 * ```ts
 * const connection = await openRealtimeConnection({
 *   url: service.wsUrl,
 *   model: 'gpt-realtime',
 *   credential: manager.credentialFor(sessionId),
 *   onAudio: audio => speaker.write(audio),
 * });
 * connection.appendAudio(frame);
 * ```
 */
export async function openRealtimeConnection(options: RealtimeConnectionOptions): Promise<RealtimeConnection> {
  const { clock = systemClock(), credential, signal, connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options;
  const url = addressOf(options);
  if (!(connectTimeoutMs > 0)) throw notAllowed('connectTimeoutMs', connectTimeoutMs, 'more than 0 (ms)');
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new SessionchartError('OPERATION_ABORTED'));
    const socket = connect(url, credential, options.ca);
    if (socket instanceof SessionchartError) return reject(socket);
    let connection: RealtimeConnection | undefined;
    let errorCode: string | undefined;
    let failed = false;

    const fail = (error: SessionchartError): void => {
      failed = true;
      clock.clearTimeout(deadline);
      signal?.removeEventListener('abort', abort);
      reject(error);
      socket.terminate();
    };
    const abort = (): void => {
      if (connection === undefined) fail(new SessionchartError('OPERATION_ABORTED'));
      else void connection.close();
    };
    const deadline = clock.setTimeout(() => fail(new SessionchartError('PROVIDER_TIMEOUT')), connectTimeoutMs);
    signal?.addEventListener('abort', abort, { once: true });

    socket.on('unexpected-response', (request, response) => {
      fail(refusal(response.statusCode ?? 0, response.headers['retry-after-ms'], response.headers['retry-after']));
      request.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // After the session is there, 'close' tells the rest.
      if (connection !== undefined) return;
      const code = error.code;
      fail(new SessionchartError('NETWORK_ERROR', code === undefined ? {} : { providerCode: code }));
    });
    socket.on('close', code => {
      signal?.removeEventListener('abort', abort);
      if (connection === undefined) return fail(lostBefore(errorCode, code));
      options.onClose?.({ code, errorCode });
    });
    socket.on('message', (data: RawData, isBinary: boolean) => {
      const event = isBinary || failed ? undefined : readEvent(data);
      if (event === undefined) return;
      if (event.type === 'error') errorCode = codeOf(event.error);
      if (event.type === 'session.created' && connection === undefined) {
        clock.clearTimeout(deadline);
        connection = connected(socket, clock, event);
        resolve(connection);
      }
      options.onEvent?.(event);
      if (event.type === 'response.output_audio.delta' && typeof event.delta === 'string') {
        options.onAudio?.(Buffer.from(event.delta, 'base64'));
      }
    });
  });
}

function connect(url: URL, credential: Secret, ca: string | undefined): WebSocket | SessionchartError {
  try {
    return new WebSocket(url, {
      headers: { authorization: `Bearer ${credential.reveal()}` },
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      ...(ca === undefined ? {} : { ca }),
    });
  } catch {
    // Node refuses header values with control characters; its error is not passed on, it may show them.
    return new SessionchartError('INVALID_CREDENTIALS', { message: 'The credential cannot be sent in a header.' });
  }
}

function connected(socket: WebSocket, clock: Clock, created: RealtimeEvent): RealtimeConnection {
  const session = (created.session ?? {}) as { id?: unknown; expires_at?: unknown };
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  const send = (text: string): void => {
    if (socket.readyState !== WebSocket.OPEN) throw new SessionchartError('CONNECTION_LOST');
    socket.send(text);
  };
  return {
    sessionId: typeof session.id === 'string' ? session.id : '',
    // 0 stands for "not told" in answers of the provider.
    expiresAt: typeof session.expires_at === 'number' && session.expires_at > 0 ? session.expires_at * 1000 : undefined,
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    send: event => send(JSON.stringify(event)),
    appendAudio(audio) {
      const base64 = Buffer.from(audio.buffer, audio.byteOffset, audio.byteLength).toString('base64');
      send(`{"type":"input_audio_buffer.append","audio":"${base64}"}`);
    },
    ping: signal => ping(socket, signal),
    close() {
      if (socket.readyState === WebSocket.CLOSED) return closed;
      const patience = clock.setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
      socket.close(1000);
      return closed.finally(() => clock.clearTimeout(patience));
    },
  };
}

function ping(socket: WebSocket, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new SessionchartError('OPERATION_ABORTED'));
    if (socket.readyState !== WebSocket.OPEN) return reject(new SessionchartError('CONNECTION_LOST'));
    const forget = (): void => {
      socket.off('pong', answered);
      socket.off('close', lost);
      signal?.removeEventListener('abort', aborted);
    };
    const answered = (): void => {
      forget();
      resolve();
    };
    const lost = (): void => {
      forget();
      reject(new SessionchartError('CONNECTION_LOST'));
    };
    const aborted = (): void => {
      forget();
      reject(new SessionchartError('OPERATION_ABORTED'));
    };
    socket.on('pong', answered);
    socket.on('close', lost);
    signal?.addEventListener('abort', aborted, { once: true });
    socket.ping();
  });
}

function addressOf({ url: text, model }: RealtimeConnectionOptions): URL {
  const url = URL.parse(text);
  const secure = url?.protocol === 'wss:' || (url?.protocol === 'ws:' && LOOPBACK.includes(url.hostname));
  if (url === null || !secure) throw notAllowed('url', '[redacted]', 'a wss: address, or ws: on loopback');
  if (model === '') throw notAllowed('model', model, 'the name of a model or deployment');
  url.searchParams.set('model', model);
  return url;
}

function readEvent(data: RawData): RealtimeEvent | undefined {
  try {
    const event: unknown = JSON.parse(data.toString());
    const isEvent = typeof event === 'object' && event !== null && 'type' in event && typeof event.type === 'string';
    return isEvent ? (event as RealtimeEvent) : undefined;
  } catch {
    return undefined; // not an event; a service that sends garbage is noticed by its missing answers
  }
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : undefined;
}

function lostBefore(errorCode: string | undefined, closeCode: number): SessionchartError {
  const providerCode = errorCode ?? String(closeCode);
  return new SessionchartError('CONNECTION_LOST', { message: 'Closed before the session was created.', providerCode });
}

function refusal(status: number, ms: string | string[] | undefined, seconds: string | undefined): SessionchartError {
  if (status === 401) return new SessionchartError('INVALID_CREDENTIALS', { status });
  if (status === 403) return new SessionchartError('INSUFFICIENT_PERMISSIONS', { status });
  const wait = ms === undefined ? Number(seconds ?? Number.NaN) * 1000 : Number(ms);
  const details = Number.isFinite(wait) && wait >= 0 ? { status, retryAfterMs: wait } : { status };
  if (status === 429) return new SessionchartError('RATE_LIMITED', details);
  return new SessionchartError(status >= 500 ? 'SERVICE_UNAVAILABLE' : 'REQUEST_REJECTED', details);
}
