import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { Access } from '../../../../src/integration/inspect/access.ts';
import type { Connection, Endpoint, ViewerSide } from '../../../../src/integration/inspect/endpoint.ts';
import { Upgrades } from '../../../../src/integration/inspect/upgrades.ts';
import { ViewerHub } from '../../../../src/integration/inspect/viewer-hub.ts';
import { VirtualClock } from '../../../../src/integration/testing/virtual-clock.ts';
import { type ConnectOptions, RawViewer } from './support.ts';

const TOKEN = 'token-of-the-bed-0123';

/** What one viewer's side of an endpoint was told. */
export interface Side extends ViewerSide {
  readonly connection: Connection;
  readonly told: string[];
}

export interface Bed {
  readonly clock: VirtualClock;
  readonly hub: ViewerHub;
  readonly sides: Side[];
  /** What the hub ordered, and faults that it told of. */
  readonly orders: string[];
  connect(options?: ConnectOptions): Promise<RawViewer>;
  /** Closes the hub; once. */
  close(): Promise<void>;
}

export interface BedOptions {
  readonly needsHello?: boolean;
  readonly maxViewers?: number;
  /** Done when a message comes, beside noting it. */
  readonly onMessage?: (side: Side, text: string) => void;
  /** Done when a viewer is accepted. */
  readonly onAccept?: (connection: Connection) => void;
  readonly tell?: (bed: Bed) => void;
}

/** Real sockets, the care for them and the hub, with an endpoint that does as a test says. */
export function beds(): (options?: BedOptions) => Promise<Bed> {
  const cleanUps: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  });
  return async ({ needsHello = true, maxViewers = 200, onMessage, onAccept, tell } = {}) => {
    const clock = new VirtualClock();
    const orders: string[] = [];
    const sides: Side[] = [];
    const hub: ViewerHub = new ViewerHub({
      clock,
      open: () => void orders.push('open'),
      close: () => void orders.push('close'),
      tell: async () => {
        orders.push('tell');
        tell?.(bed);
        return 0;
      },
      onFault: error => void orders.push(`fault: ${(error as Error).message}`),
    });
    const endpoint: Endpoint = {
      path: '/bed',
      tokenIn: 'query',
      needsHello,
      accept(connection, query) {
        const told: string[] = [`accept ${query}`];
        const side: Side = {
          connection,
          told,
          receive(text) {
            told.push(text);
            if (text === 'hello') connection.greet();
            onMessage?.(side, text);
          },
          refuse: text => void told.push(`refuse ${text}`),
          resync: () => void told.push('resync'),
          refresh: () => void told.push('refresh'),
          left: () => void told.push('left'),
          forgotten: () => void told.push('forgotten'),
        };
        sides.push(side);
        onAccept?.(connection);
        return side;
      },
    };
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    const upgrades = new Upgrades({
      access: new Access({ token: TOKEN, port, allowedOrigins: [] }),
      endpoints: [endpoint],
      maxViewers,
      count: () => hub.count,
      release: () => undefined,
      connect: (socket, found, query) => hub.connect(socket, found, query),
    });
    http.on('upgrade', (request, socket, head) => upgrades.handle(request, socket, head));
    const viewers: RawViewer[] = [];
    let closing: Promise<void> | undefined;
    const bed: Bed = {
      close() {
        closing ??= hub.close();
        return closing;
      },
      clock,
      hub,
      sides,
      orders,
      async connect(options = {}) {
        const path = `/bed?token=${TOKEN}&n=${viewers.length}`;
        const viewer = new RawViewer({ port, token: TOKEN }, { path, protocols: [], ...options });
        viewers.push(viewer);
        await once(viewer.socket, 'open');
        return viewer;
      },
    };
    cleanUps.push(async () => {
      const closed = bed.close();
      for (const { socket } of viewers) socket.terminate();
      await clock.advance(5_000);
      await closed;
      http.closeAllConnections();
      http.close();
    });
    return bed;
  };
}
