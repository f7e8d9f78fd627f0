import { WebSocket } from 'ws';
import { type InspectorAddress, placeOf } from '../../inspect/inspector-address.ts';
import {
  CLOSE_CODES,
  type ClientMessage,
  type ServerMessage,
  SUBPROTOCOL,
  TOKEN_PREFIX,
} from '../../inspect/page-protocol.ts';
import { readFrame } from '../../inspect/viewer/frames.ts';

/** Says something; false if there is no connection. */
export type Say = (message: ClientMessage) => boolean;

export interface LinkEnds {
  onMessage(message: ServerMessage): void;
  /** How to say something, from the welcome on. */
  onLive(say: Say): void;
  onClosed(code: number, opened: boolean): void;
}

const ABNORMAL = 1_006;
const SERVICE_UNAVAILABLE = 503;
/** A process that stands still does not answer a close; nobody shall wait for it. */
const CLOSE_DEADLINE_MS = 1_000;

/** Connects to an inspector. Returns what ends that; `onClosed` is not called then. */
export function socketLink(address: InspectorAddress, { onMessage, onLive, onClosed }: LinkEnds): () => void {
  const socket = new WebSocket(`ws://${placeOf(address)}/page`, [SUBPROTOCOL, TOKEN_PREFIX + address.token], {
    perMessageDeflate: false,
  });
  let opened = false;
  let isOver = false;
  const closed = (code: number): void => {
    if (isOver) return;
    isOver = true;
    onClosed(code, opened);
  };
  const say: Say = message => {
    if (socket.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  };
  // Told again by `close`.
  socket.on('error', () => {});
  socket.on('unexpected-response', (request, { statusCode }) => {
    request.destroy();
    closed(statusCode === SERVICE_UNAVAILABLE ? CLOSE_CODES.full : ABNORMAL);
  });
  socket.on('open', () => {
    opened = true;
    say({ type: 'hello' });
  });
  socket.on('message', (data, isBinary) => {
    const message = isBinary || isOver ? null : readFrame(String(data));
    if (message === null) return;
    onMessage(message);
    if (message.type === 'welcome') onLive(say);
  });
  socket.on('close', code => closed(code));
  return () => {
    isOver = true;
    socket.close();
    setTimeout(() => socket.terminate(), CLOSE_DEADLINE_MS).unref();
  };
}
