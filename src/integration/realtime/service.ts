import { WebSocketServer } from 'ws';
import type { Secret } from '../../actors/secret.ts';
import { BAD_REQUEST, refuseUpgrade } from './answers.ts';
import { selfSignedCertificate } from './certificate.ts';
import { FaultBoard, type RealtimeFaults } from './faults.ts';
import { KeyStore } from './keys.ts';
import { listen } from './listener.ts';
import { type RealtimeServiceOptions, type ResolvedServiceOptions, resolveOptions } from './options.ts';
import { SlidingWindow } from './rate-limit.ts';
import { type ServiceContext, serveHandshake, serveMint } from './requests.ts';

/** One frame, bytes: sixteen seconds of audio as base64. Larger ones close the connection with 1009. */
const MAX_FRAME_BYTES = 1024 * 1024;

/** Sockets beyond the live connections: requests for keys, and handshakes that are being refused. */
const SPARE_SOCKETS = 64;

/** Figures since the start of the service. */
export interface RealtimeServiceStats {
  /** Keys handed out. */
  readonly minted: number;
  /** Requests for a key or a connection that were refused, by whatever status. */
  readonly rejected: number;
  /** Connections that are open now. */
  readonly connections: number;
  readonly connectionsOpened: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** Connections broken off because the client did not read. */
  readonly slowReaders: number;
}

/** A running realtime service. */
export interface RealtimeService extends AsyncDisposable {
  /** The first of the accepted API keys. */
  readonly apiKey: Secret;
  /** PEM of the certificate that `https:` and `wss:` on this port show; name it as `ca` to trust it. Not secret. */
  readonly certificate: string;
  readonly faults: RealtimeFaults;
  /** `http://127.0.0.1:<port>`. The OpenAI client takes `${url}/v1` as its `baseURL`. */
  readonly url: string;
  /** `https://127.0.0.1:<port>`: the same port, with TLS. */
  readonly secureUrl: string;
  /** `ws://127.0.0.1:<port>/v1/realtime`. */
  readonly wsUrl: string;
  stats(): RealtimeServiceStats;
  /** Ends every connection, disarms every timer and frees the port. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Starts a realtime service on loopback: it mints ephemeral keys and serves voice connections in the GA contract of
 * OpenAI and Azure OpenAI (minting also in Azure's preview contract), and returns every piece of audio as it came.
 *
 * - `POST /v1/realtime/client_secrets`, `/openai/v1/realtime/client_secrets`, `/openai/realtimeapi/sessions?api-version=…`
 * - WebSocket `/v1/realtime?model=…` and `/openai/v1/realtime?model=…`
 *
 * As with the providers, an ephemeral key opens any number of sessions until it expires and an expired key ends no
 * session; only the session cap does, with an `error` event `session_expired` and close code 1001.
 * The port serves plain and TLS connections alike, because the official client always connects by `wss:`.
 *
 * Throws `INVALID_CONFIG` for an option that is not allowed and for a port that is taken.
 *
 * @example
 * ```ts
 * await using service = await createRealtimeService({ keyTtlSeconds: 3 });
 * service.faults.add({ on: 'mint', respond: { status: 503 }, times: 2 });
 * const client = new OpenAI({ apiKey: service.apiKey.reveal(), baseURL: `${service.url}/v1` });
 * const { value, expires_at } = await client.realtime.clientSecrets.create();
 * const socket = new OpenAIRealtimeWS({ model: 'gpt-realtime', options: { ca: service.certificate } }, client);
 * ```
 */
export async function createRealtimeService(options: RealtimeServiceOptions = {}): Promise<RealtimeService> {
  const resolved = resolveOptions(options);
  const { clock, host, logger, maxConnections } = resolved;
  const faults = new FaultBoard();
  faults.add(...resolved.faults);
  const keys = new KeyStore(resolved.apiKeys, clock);
  const limiter = resolved.rateLimit && new SlidingWindow(resolved.rateLimit, clock);
  const counters = { minted: 0, rejected: 0, connectionsOpened: 0, framesIn: 0, framesOut: 0, slowReaders: 0 };
  const certificate = selfSignedCertificate();
  const listener = await listen({ ...resolved, maxSockets: maxConnections + SPARE_SOCKETS, certificate });
  const sockets = new WebSocketServer({
    noServer: true,
    autoPong: false,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    // The other offered protocol carries the key and must not come back.
    handleProtocols: offered => (offered.has('realtime') ? 'realtime' : false),
  });

  const context: ServiceContext = {
    clock,
    counters,
    faults,
    keys,
    limiter,
    listener,
    logger,
    resolved,
    sockets,
  };

  listener.http.on('request', (request, response) => {
    // A client that leaves in the middle of its request is nobody to answer.
    serveMint(context, request, response).catch(() => response.destroy());
  });
  listener.http.on('upgrade', (request, socket, head) => {
    serveHandshake(context, request, socket, head).catch(() => socket.destroy());
  });
  listener.http.on('clientError', (_error, socket) => refuseUpgrade(socket, clock, BAD_REQUEST, 'openai'));

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const ended = [...sockets.clients].map(client => new Promise(resolve => client.once('close', resolve)));
      for (const client of sockets.clients) client.terminate();
      keys.clear();
      faults.clear();
      await listener.close();
      await Promise.all(ended);
    })();
    return closing;
  };

  const authority = `${host === '::1' ? '[::1]' : host}:${listener.port}`;
  return {
    apiKey: firstKey(resolved),
    certificate: certificate.certificatePem,
    faults,
    url: `http://${authority}`,
    secureUrl: `https://${authority}`,
    wsUrl: `ws://${authority}/v1/realtime`,
    stats: () => ({ ...counters, connections: sockets.clients.size }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function firstKey({ apiKeys: [first] }: ResolvedServiceOptions): Secret {
  if (first === undefined) throw new TypeError('resolveOptions() let an empty list of keys pass.');
  return first;
}
