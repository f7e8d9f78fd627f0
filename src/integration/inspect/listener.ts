import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { SessionchartError } from '../../actors/errors.ts';
import type { ResolvedInspectorOptions } from './inspector-options.ts';

/** From accepting a connection to the end of its one request, ms: local ones take a few, a slow drip gets no more. */
const REQUEST_DEADLINE_MS = 10_000;

/** Connections beyond the viewers': requests for the page, and handshakes that are being refused. */
const SPARE_SOCKETS = 64;

export interface Listener {
  readonly port: number;
  readonly http: Server;
  /** The connection belongs to a viewer now: the deadline of a request does not concern it. */
  release(socket: Duplex): void;
  /** Ends every connection and frees the port. */
  close(): Promise<void>;
}

type ListenerOptions = Pick<ResolvedInspectorOptions, 'clock' | 'host' | 'port' | 'keepAlive' | 'maxViewers'>;

/**
 * Listens on loopback.
 *
 * @throws SessionchartError `INSPECTOR_UNAVAILABLE` if the port is taken or may not be used.
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { clock, host, port, keepAlive, maxViewers } = options;
  const http = createServer({ noDelay: true });
  http.maxConnections = maxViewers + SPARE_SOCKETS;
  const deadlines = new WeakMap<Duplex, unknown>();
  http.on('connection', socket => {
    if (!keepAlive) socket.unref();
    const deadline = clock.setTimeout(() => socket.destroy(), REQUEST_DEADLINE_MS);
    deadlines.set(socket, deadline);
    socket.once('close', () => clock.clearTimeout(deadline));
  });
  // Whoever speaks no HTTP here is nobody to answer.
  http.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const message = `The inspector cannot listen on ${host}:${port}: ${error.code ?? 'unknown error'}.`;
      const details = { field: 'port', allowed: 'a free port, or 0', remediation: 'Use a free port, or 0 for any.' };
      reject(new SessionchartError('INSPECTOR_UNAVAILABLE', { message, ...details, cause: error }));
    });
    http.listen(port, host, resolve);
  });
  if (!keepAlive) http.unref();
  return {
    port: (http.address() as AddressInfo).port,
    http,
    release: socket => clock.clearTimeout(deadlines.get(socket)),
    close: () =>
      new Promise(resolve => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}
