import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { type Access, bearerOf, type Denial, offeredProtocols, tokenAmong, WRONG_TOKEN } from './access.ts';
import type { Endpoint } from './endpoint.ts';
import { refuseUpgrade } from './http-answers.ts';

/** Each a limit of what one frame may cost (S26, S27, S28, S30, S34). `closeTimeout` is for faults that ws closes by itself, ms. */
const SOCKET_LIMITS = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  autoPong: false,
  maxPayload: 64 * 1024,
  maxFragments: 64,
  maxBufferedChunks: 1_024,
  closeTimeout: 5_000,
} as const satisfies ServerOptions & { maxBufferedChunks: number; closeTimeout: number };

/** When to try again, s. */
const RETRY_AFTER = '5';

const NO_ENDPOINT: Denial = { status: 404, message: 'There is nothing at this path.' };
const NO_UPGRADE: Denial = { status: 400, message: 'This is no WebSocket handshake.' };
const TOKEN_IN_QUERY: Denial = { status: 400, message: 'The token must not stand in the address here.' };
const FULL: Denial = {
  status: 503,
  message: 'The inspector has as many viewers as it may.',
  headers: { 'retry-after': RETRY_AFTER },
};

export interface UpgradeParts {
  readonly access: Access;
  readonly endpoints: readonly Endpoint[];
  readonly maxViewers: number;
  /** Viewers that are connected. */
  readonly count: () => number;
  /** The handshake is over. */
  readonly release: (socket: Duplex) => void;
  readonly connect: (socket: WebSocket, endpoint: Endpoint, query: URLSearchParams) => void;
}

/** Answers handshakes: who may not connect is refused before anything is made for it. */
export class Upgrades {
  readonly #parts: UpgradeParts;
  readonly #routes: ReadonlyMap<string, { readonly endpoint: Endpoint; readonly server: WebSocketServer }>;

  constructor(parts: UpgradeParts) {
    this.#parts = parts;
    this.#routes = new Map(
      parts.endpoints.map(endpoint => {
        // Of what is offered, one is the token: it must not come back.
        const handleProtocols = (): string | false => endpoint.subprotocol ?? false;
        return [endpoint.path, { endpoint, server: new WebSocketServer({ ...SOCKET_LIMITS, handleProtocols }) }];
      }),
    );
  }

  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until ws takes it over: a reset is no news.
    const ignore = (): void => undefined;
    socket.on('error', ignore);
    const url = URL.parse(request.url ?? '', 'http://inspector');
    const route = this.#routes.get(url?.pathname ?? '');
    const query = url?.searchParams ?? new URLSearchParams();
    const denial = this.#denialOf(request, route?.endpoint, query);
    if (denial !== undefined || route === undefined) {
      refuseUpgrade(socket, denial ?? NO_ENDPOINT);
      return;
    }
    query.delete('token');
    const { endpoint, server } = route;
    server.handleUpgrade(request, socket, head, webSocket => {
      socket.off('error', ignore);
      this.#parts.release(socket);
      this.#parts.connect(webSocket, endpoint, query);
    });
  }

  #denialOf(request: IncomingMessage, endpoint: Endpoint | undefined, query: URLSearchParams): Denial | undefined {
    const { access, maxViewers, count } = this.#parts;
    const denial = access.denialOf(request);
    if (denial !== undefined) return denial;
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return NO_UPGRADE;
    if (endpoint === undefined) return NO_ENDPOINT;
    const { subprotocol, tokenIn } = endpoint;
    const offered = offeredProtocols(request);
    if (tokenIn === 'subprotocol' && query.has('token')) return TOKEN_IN_QUERY;
    const shown = tokenIn === 'query' ? (query.get('token') ?? undefined) : tokenAmong(offered);
    if (!access.isToken(bearerOf(request) ?? shown)) return WRONG_TOKEN;
    if (subprotocol !== undefined && !offered.includes(subprotocol)) {
      return { status: 400, message: `The subprotocol must be ${subprotocol}.` };
    }
    return count() >= maxViewers ? FULL : undefined;
  }
}
