import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import type { Clock, Logger } from '../../actors/ports.ts';
import {
  answer,
  BODY_TOO_LARGE,
  type Dialect,
  FULL,
  KEY_EXPIRED,
  keyInHandshake,
  keyInHeaders,
  NO_MODEL,
  NOT_FOUND,
  type Refusal,
  rateLimited,
  refusalOf,
  refuse,
  refuseUpgrade,
  UNAUTHORIZED,
  WRONG_METHOD,
} from './answers.ts';
import type { FaultBoard } from './faults.ts';
import type { KeyStore } from './keys.ts';
import type { Listener } from './listener.ts';
import { MINT_PATHS, mint } from './mint.ts';
import type { ResolvedServiceOptions } from './options.ts';
import { pause } from './pause.ts';
import type { SlidingWindow } from './rate-limit.ts';
import { type SocketCounters, serveSocket } from './socket-session.ts';

/** A request for a key is a session description: some kilobytes of instructions and tools. */
const MAX_BODY_BYTES = 64 * 1024;

/** Longest name of a model or deployment. */
const LONGEST_MODEL = 128;

const SOCKET_PATHS: Readonly<Record<string, Dialect>> = { '/v1/realtime': 'openai', '/openai/v1/realtime': 'azure' };

/** What the parts of one service share. */
export interface ServiceContext {
  readonly clock: Clock;
  readonly counters: SocketCounters & { minted: number; rejected: number; connectionsOpened: number };
  readonly faults: FaultBoard;
  readonly keys: KeyStore;
  readonly limiter: SlidingWindow | undefined;
  readonly listener: Listener;
  readonly logger: Logger | undefined;
  readonly resolved: ResolvedServiceOptions;
  readonly sockets: WebSocketServer;
}

/** Answers a request for an ephemeral key. Rejects only if the client goes away in the middle of its request. */
export async function serveMint(
  context: ServiceContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { clock, counters, faults, keys, limiter, listener, logger, resolved } = context;
  const url = targetOf(request);
  const contract = url === undefined ? undefined : MINT_PATHS[url.pathname];
  const turnDown = (refusal: Refusal): void => {
    note(context, 'request', refusal);
    refuse(response, clock, refusal, contract === undefined || contract === 'openai' ? 'openai' : 'azure');
  };
  const body = await readBody(request);
  if (body === undefined) return turnDown(BODY_TOO_LARGE);
  listener.received(request);
  if (url === undefined || contract === undefined) return turnDown(NOT_FOUND);
  if (request.method !== 'POST') return turnDown(WRONG_METHOD);

  const fault = faults.takeMint();
  const latencyMs = resolved.mintLatencyMs + (fault?.delayMs ?? 0);
  if (latencyMs > 0 && !(await pause(clock, latencyMs, response))) return;
  if (fault?.hang) return;
  if (fault?.respond) return turnDown(refusalOf(fault.respond));
  const key = keyInHeaders(request);
  if (key === undefined || keys.look(key).kind !== 'api-key') return turnDown(UNAUTHORIZED);
  const rate = limiter?.take();
  if (rate !== undefined && rate.retryAfterMs > 0) return turnDown(rateLimited(rate.retryAfterMs));
  const result = mint({ contract, url, body }, keys, resolved.keyTtlSeconds, fault?.malformed);
  if (!result.ok) return turnDown(result.refusal);
  counters.minted += 1;
  logger?.info('realtime: key minted', { contract });
  const limit = rate === undefined ? {} : { 'x-ratelimit-remaining-requests': String(rate.remaining) };
  const type = fault?.malformed === 'not-json' ? { 'content-type': 'text/html' } : {};
  answer(response, clock, result.body, { headers: { ...limit, ...type } });
}

/** Answers a WebSocket handshake: refuses it, or hands the socket to a session. */
export async function serveHandshake(
  context: ServiceContext,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { clock, counters, faults, keys, listener, logger, resolved, sockets } = context;
  listener.received(request);
  const dropped = (): void => void socket.destroy();
  socket.on('error', dropped);
  const url = targetOf(request);
  const dialect = url === undefined ? undefined : SOCKET_PATHS[url.pathname];
  const turnDown = (refusal: Refusal): void => {
    note(context, 'connection', refusal);
    refuseUpgrade(socket, clock, refusal, dialect ?? 'openai');
  };
  if (url === undefined || dialect === undefined) return turnDown(NOT_FOUND);
  const fault = faults.takeConnect();
  if (fault?.delayMs !== undefined && !(await pause(clock, fault.delayMs, socket))) return;
  if (fault?.hang) return;
  if (fault?.respond) return turnDown(refusalOf(fault.respond));
  const presented = keys.look(keyInHandshake(request, url) ?? '');
  if (presented.kind === 'expired') return turnDown(KEY_EXPIRED);
  // Azure answers an api-version in the GA address with 401.
  const versioned = dialect === 'azure' && url.searchParams.has('api-version');
  if (presented.kind === 'unknown' || versioned) return turnDown(UNAUTHORIZED);
  const patch = presented.kind === 'ephemeral' ? presented.session : {};
  const model = url.searchParams.get('model') ?? patch.model;
  if (typeof model !== 'string' || model === '' || model.length > LONGEST_MODEL) return turnDown(NO_MODEL);
  if (sockets.clients.size >= resolved.maxConnections) return turnDown(FULL);
  socket.off('error', dropped); // ws takes care of the socket from here on
  sockets.handleUpgrade(request, socket, head, webSocket => {
    counters.connectionsOpened += 1;
    const capSeconds = resolved.sessionCapSeconds;
    const sessionId = serveSocket(webSocket, { clock, counters, faults, logger, model, patch, capSeconds });
    logger?.info('realtime: connection opened', { sessionId });
  });
}

function note({ counters, logger }: ServiceContext, what: string, { status, code }: Refusal): void {
  counters.rejected += 1;
  logger?.warn(`realtime: ${what} refused`, { status, code });
}

function targetOf({ url }: IncomingMessage): URL | undefined {
  return url?.startsWith('/') ? (URL.parse(url, 'http://loopback') ?? undefined) : undefined;
}

/** The body as text, or `undefined` if it is larger than allowed. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
