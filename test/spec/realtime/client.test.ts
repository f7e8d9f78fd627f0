import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { Secret } from '../../../src/actors/secret.ts';
import {
  createRealtimeService,
  openRealtimeConnection,
  type RealtimeClose,
  type RealtimeConnectionOptions,
  type RealtimeService,
} from '../../../src/integration/realtime/index.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { errorFrom, mintKey } from './support.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map(cleanup => cleanup()));
});

async function setUp(options: Parameters<typeof createRealtimeService>[0] = {}) {
  const clock = new VirtualClock();
  const service = await createRealtimeService({ clock, ...options });
  cleanups.push(() => service.close());
  const closes: RealtimeClose[] = [];
  const connect = (more: Partial<RealtimeConnectionOptions> = {}) =>
    openRealtimeConnection({
      url: service.wsUrl,
      model: 'm',
      clock,
      credential: service.apiKey,
      onClose: close => closes.push(close),
      ...more,
    });
  return { clock, service, connect, closes };
}

const faulty = (service: RealtimeService) => async () => {
  while (service.faults.pending > 0) await new Promise(resolve => setImmediate(resolve));
};

describe('openRealtimeConnection', () => {
  it('[RTS-25] resolves with the session and its cap, sends audio and hands back what comes', async () => {
    const { clock, service, connect, closes } = await setUp({ sessionCapSeconds: 60 });
    const heard: Uint8Array[] = [];
    const types: string[] = [];
    let enough = (): void => {};
    const all = new Promise<void>(resolve => {
      enough = resolve;
    });
    const connection = await connect({
      credential: new Secret((await mintKey(service)).value),
      onEvent: event => types.push(event.type),
      onAudio: audio => {
        if (heard.push(audio) === 3) enough();
      },
    });
    expect(connection.sessionId).toMatch(/^sess_/);
    expect(connection.expiresAt).toBe(clock.wall() + 60_000);
    const sent = [1, 2, 3].map(n => new Uint8Array(960).fill(n));
    for (const frame of sent) connection.appendAudio(frame);
    await all;
    expect(heard.map(frame => Buffer.from(frame))).toEqual(sent.map(frame => Buffer.from(frame)));
    expect(types.slice(0, 2)).toEqual(['session.created', 'response.created']);
    await Promise.all([connection.close(), connection.close()]);
    expect(connection.isOpen).toBe(false);
    expect(closes).toEqual([{ code: 1000, errorCode: undefined }]);
    expect((await errorFrom(() => connection.appendAudio(new Uint8Array(2)))).code).toBe('CONNECTION_LOST');
    await connection.close();
  });

  it('[RTS-25] connects by TLS when it is given the certificate', async () => {
    const { service, connect } = await setUp();
    const url = service.wsUrl.replace('ws:', 'wss:');
    const connection = await connect({ url, ca: service.certificate });
    await connection.close();
    const untrusted = await errorFrom(() => connect({ url }));
    expect(untrusted.code).toBe('NETWORK_ERROR');
    expect(untrusted.details.providerCode).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
  });

  it('[RTS-25] the end at the cap is told with its error code', async () => {
    const { clock, connect, closes } = await setUp({ sessionCapSeconds: 60 });
    let over = (): void => {};
    const end = new Promise<void>(resolve => {
      over = resolve;
    });
    await connect({
      onClose: close => {
        closes.push(close);
        over();
      },
    });
    await clock.advance(60_000);
    await end;
    expect(closes).toEqual([{ code: 1001, errorCode: 'session_expired' }]);
  });

  it.each([
    [401, 'INVALID_CREDENTIALS', undefined],
    [403, 'INSUFFICIENT_PERMISSIONS', undefined],
    [429, 'RATE_LIMITED', 1_500],
    [404, 'REQUEST_REJECTED', undefined],
    [500, 'SERVICE_UNAVAILABLE', undefined],
    [503, 'SERVICE_UNAVAILABLE', 0],
  ])('[RTS-26] HTTP %i becomes %s', async (status, code, retryAfterMs) => {
    const { service, connect, clock } = await setUp();
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    service.faults.add({ on: 'connect', respond: { status, ...wait } });
    const error = await errorFrom(() => connect());
    expect(error.code).toBe(code);
    expect(error.details).toEqual({ status, ...wait });
    await service.close();
    expect(clock.pending).toBe(0);
  });

  it('[RTS-26] a port where nobody listens becomes NETWORK_ERROR', async () => {
    const { service, connect, clock } = await setUp();
    await service.close();
    const error = await errorFrom(() => connect());
    expect(error.code).toBe('NETWORK_ERROR');
    expect(error.details.providerCode).toBe('ECONNREFUSED');
    expect(clock.pending).toBe(0);
  });

  it('[RTS-26] no session within the deadline becomes PROVIDER_TIMEOUT, at the deadline and not before', async () => {
    const { service, connect, clock } = await setUp();
    service.faults.add({ on: 'connect', hang: true });
    let failed = false;
    const outcome = errorFrom(() => connect({ connectTimeoutMs: 5_000 })).finally(() => {
      failed = true;
    });
    await faulty(service)();
    await clock.advance(4_999);
    expect(failed).toBe(false);
    await clock.advance(1);
    expect((await outcome).code).toBe('PROVIDER_TIMEOUT');
  });

  it('[RTS-26] an attempt that is given up leaves no socket behind', async () => {
    const { connect, clock } = await setUp();
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => new Promise(resolve => server.close(resolve)));
    const { port } = server.address() as { port: number };
    const outcome = errorFrom(() => connect({ url: `ws://127.0.0.1:${port}/v1/realtime` }));
    const [socket] = (await once(server, 'connection')) as [Socket];
    const ended = once(socket.resume(), 'close');
    await clock.advance(10_000);
    expect((await outcome).code).toBe('PROVIDER_TIMEOUT');
    await ended;
    expect(clock.pending).toBe(0);
  });

  it('[RTS-26] a close before session.created becomes CONNECTION_LOST', async () => {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(sockets, 'listening');
    cleanups.push(() => new Promise(resolve => sockets.close(resolve)));
    sockets.on('connection', socket => socket.close(1013));
    const { connect } = await setUp();
    const { port } = sockets.address() as { port: number };
    const error = await errorFrom(() => connect({ url: `ws://127.0.0.1:${port}/v1/realtime` }));
    expect(error.code).toBe('CONNECTION_LOST');
    expect(error.details.providerCode).toBe('1013');
  });

  it('[RTS-38] ping() is answered by a live service, not by a stalled one, and ends with the connection', async () => {
    const { service, connect } = await setUp();
    const connection = await connect();
    await connection.ping();
    service.faults.add({ on: 'socket', stall: true });
    connection.appendAudio(new Uint8Array(2));
    await faulty(service)();
    const patience = new AbortController();
    const given = errorFrom(() => connection.ping(patience.signal));
    const lost = errorFrom(() => connection.ping());
    patience.abort();
    expect((await given).code).toBe('OPERATION_ABORTED');
    expect((await errorFrom(() => connection.ping(patience.signal))).code).toBe('OPERATION_ABORTED');
    await connection.close();
    expect((await lost).code).toBe('CONNECTION_LOST');
    expect((await errorFrom(() => connection.ping())).code).toBe('CONNECTION_LOST');
  });

  it('[RTS-26] an aborted signal ends the attempt, and later the connection', async () => {
    const { service, connect, closes } = await setUp();
    expect((await errorFrom(() => connect({ signal: AbortSignal.abort() }))).code).toBe('OPERATION_ABORTED');
    service.faults.add({ on: 'connect', hang: true });
    const first = new AbortController();
    const outcome = errorFrom(() => connect({ signal: first.signal }));
    await faulty(service)();
    first.abort();
    expect((await outcome).code).toBe('OPERATION_ABORTED');
    expect(closes).toEqual([]);
    const second = new AbortController();
    const connection = await connect({ signal: second.signal });
    second.abort();
    await connection.close();
    expect(closes).toEqual([{ code: 1000, errorCode: undefined }]);
  });

  it('[RTS-26] a service that does not answer the closing handshake is left after 2 s', async () => {
    const { service, connect, clock, closes } = await setUp();
    const carried: Socket[] = [];
    const proxy = await frozenProxy(service, carried);
    const connection = await connect({ url: `ws://127.0.0.1:${proxy}/v1/realtime` });
    for (const socket of carried) socket.pause();
    const closed = connection.close();
    await clock.advance(1_999);
    expect(closes).toEqual([]);
    await clock.advance(1);
    await closed;
    expect(closes).toEqual([{ code: 1006, errorCode: undefined }]);
  });

  it.each([['ws://example.com/v1/realtime?api-key=CANARY'], ['http://127.0.0.1/'], ['CANARY']])(
    '[RTS-27] %s is refused, since it would show the key or leads nowhere',
    async url => {
      const { connect } = await setUp();
      const error = await errorFrom(() => connect({ url }));
      expect(error.code).toBe('INVALID_CONFIG');
      expect(error.details.field).toBe('url');
      expect(error.message).not.toContain('CANARY');
    },
  );

  it('[RTS-27] no error holds the key, not even for a key that no header can carry', async () => {
    const { service, connect } = await setUp();
    for (const key of ['ek_CANARY', 'CANARY\r\nx-evil: 1', 'CANARY\u0000']) {
      const error = await errorFrom(() => connect({ credential: new Secret(key) }));
      expect(error.code).toBe('INVALID_CREDENTIALS');
      expect(`${error.stack} ${JSON.stringify(error)} ${JSON.stringify(error.cause)}`).not.toContain('CANARY');
    }
    expect(service.stats().connections).toBe(0);
  });
});

/** Carries bytes to the service and back until its sockets are paused. Returns its port. */
async function frozenProxy(service: RealtimeService, carried: Socket[]): Promise<number> {
  const { connect } = await import('node:net');
  const server: Server = createServer(near => {
    const far = connect(Number(new URL(service.url).port), '127.0.0.1');
    carried.push(near, far);
    near.on('data', data => far.write(data));
    far.on('data', data => near.write(data));
    for (const socket of [near, far]) socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    for (const socket of carried) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as { port: number }).port;
}
