import { randomBytes } from 'node:crypto';
import type { RawData, WebSocket } from 'ws';
import type { Clock, Logger } from '../../actors/ports.ts';
import { Conversation, newSession, type RealtimeEvent, type SessionPatch } from './conversation.ts';
import type { FaultBoard, SocketFault } from './faults.ts';

/** Answers waiting for a client that does not read, bytes: twenty seconds of echoed audio (64 kB/s as base64 JSON). */
export const MAX_BUFFERED_BYTES = 1_280 * 1024;

/** Word for a close without closing handshake; never on the wire (RFC 6455, 7.4.1). */
const ABNORMAL = 1006;
/** Going away: what the providers send at the cap. */
const GOING_AWAY = 1001;

/** What the sockets of one service count together. */
export interface SocketCounters {
  framesIn: number;
  framesOut: number;
  slowReaders: number;
}

export interface SocketSessionOptions {
  readonly clock: Clock;
  readonly counters: SocketCounters;
  readonly faults: FaultBoard;
  readonly logger: Logger | undefined;
  readonly model: string;
  readonly patch: SessionPatch;
  readonly capSeconds: number;
}

/** Serves the protocol on a WebSocket until it closes, at the latest at the cap. Returns the id of the session. */
export function serveSocket(socket: WebSocket, options: SocketSessionOptions): string {
  const { clock, counters, faults, logger, capSeconds } = options;
  const prefix = randomBytes(6).toString('hex');
  const sessionId = `sess_${prefix}`;
  // The wire has whole seconds; the cap strikes at exactly the second that was told.
  const expiresAt = Math.ceil(clock.wall() / 1000 + capSeconds);
  const session = { ...newSession(sessionId, options.model, options.patch), expires_at: expiresAt };
  const conversation = new Conversation(`${prefix}_`, session);
  let framesIn = 0;
  let stalled = false;

  const send = (events: readonly RealtimeEvent[]): void => {
    for (const event of events) {
      if (stalled || socket.readyState !== socket.OPEN) return;
      socket.send(JSON.stringify(event));
      counters.framesOut += 1;
    }
    if (socket.bufferedAmount <= MAX_BUFFERED_BYTES) return;
    counters.slowReaders += 1;
    logger?.warn('realtime: a client does not read; its connection is broken off', { sessionId });
    socket.terminate();
  };

  const strike = (fault: SocketFault | undefined): boolean => {
    if (fault === undefined) return false;
    if (fault.close === undefined) stalled = true;
    else if (fault.close.code === ABNORMAL) socket.terminate();
    else socket.close(fault.close.code, fault.close.reason);
    return true;
  };

  const cap = clock.setTimeout(
    () => {
      const minutes = Number((capSeconds / 60).toFixed(2));
      const text = `Your session hit the maximum duration of ${minutes} minutes.`;
      send([conversation.error('session_expired', text)]);
      socket.close(GOING_AWAY, text);
    },
    expiresAt * 1000 - clock.wall(),
  );

  socket.on('message', (data: RawData, isBinary: boolean) => {
    framesIn += 1;
    counters.framesIn += 1;
    // Frames that were under way when the connection was closed or stalled must not use up another fault.
    if (stalled || socket.readyState !== socket.OPEN) return;
    if (strike(faults.takeSocket(framesIn))) return;
    if (isBinary) send([conversation.error('invalid_frame', 'Events are JSON in text frames.')]);
    else send(conversation.receive(data.toString()));
  });
  // Pings are answered here and not by ws, so that a stalled connection looks dead to a client that pings.
  socket.on('ping', data => {
    if (!stalled) socket.pong(data);
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    logger?.debug('realtime: socket error', { sessionId, code: error.code ?? 'unknown' });
  });
  socket.on('close', code => {
    clock.clearTimeout(cap);
    logger?.info('realtime: connection closed', { sessionId, code, framesIn });
  });
  send(conversation.opening());
  strike(faults.takeSocket(0));
  return sessionId;
}
