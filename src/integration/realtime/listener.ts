import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import { SessionchartError } from '../../actors/errors.ts';
import type { Clock } from '../../actors/ports.ts';
import type { SelfSigned } from './certificate.ts';

/** First byte of a TLS record that opens a handshake (RFC 8446, 5.1). No HTTP method begins with it. */
const TLS_HANDSHAKE = 0x16;

/** From accepting a connection to holding its whole request, ms. Local clients need a few; a slow drip gets no more. */
const REQUEST_DEADLINE_MS = 10_000;

export interface Listener {
  readonly port: number;
  /** Where requests and upgrades come out. */
  readonly http: HttpServer;
  /** Says that the request on this connection is complete, so its deadline no longer counts. */
  received(request: IncomingMessage): void;
  /** Ends every connection and frees the port. */
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly clock: Clock;
  readonly host: string;
  readonly port: number;
  readonly maxSockets: number;
  readonly certificate: SelfSigned;
}

/**
 * One port for `http`/`ws` and `https`/`wss`: the first byte tells them apart.
 *
 * Both are needed at once because the official client forces `wss` whatever its `baseURL` says, while minting follows
 * the `baseURL`.
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { clock, host, maxSockets, certificate } = options;
  const secureContext = createSecureContext({ key: certificate.keyPem, cert: certificate.certificatePem });
  const http = createHttpServer();
  const sockets = new Set<Socket>();
  const deadlines = new WeakMap<Duplex, unknown>();

  const server = createServer({ allowHalfOpen: true, noDelay: true }, raw => {
    sockets.add(raw);
    const deadline = clock.setTimeout(() => raw.destroy(), REQUEST_DEADLINE_MS);
    raw.once('close', () => {
      sockets.delete(raw);
      clock.clearTimeout(deadline);
    });
    // A reset is no news here: 'close' follows and does the work.
    raw.on('error', () => raw.destroy());
    const hangUp = (): void => void raw.destroy();
    raw.once('end', hangUp);
    const look = (): void => {
      const first: Buffer | null = raw.read(1);
      if (first === null) return;
      raw.off('readable', look);
      raw.off('end', hangUp);
      raw.unshift(first);
      const stream = first[0] === TLS_HANDSHAKE ? new TLSSocket(raw, { isServer: true, secureContext }) : raw;
      if (stream !== raw) stream.on('error', () => raw.destroy());
      deadlines.set(stream, deadline);
      http.emit('connection', stream);
    };
    raw.on('readable', look);
  });
  server.maxConnections = maxSockets;

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const message = `The realtime service cannot listen on ${host}:${options.port}: ${error.code ?? 'unknown error'}.`;
      reject(
        new SessionchartError('INVALID_CONFIG', { message, field: 'port', allowed: 'a free port, or 0', cause: error }),
      );
    });
    server.listen(options.port, host, resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    http,
    received(request) {
      clock.clearTimeout(deadlines.get(request.socket));
    },
    close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
