import { fromCallback } from 'xstate';
import {
  type ClientMessage,
  type ServerMessage,
  SUBPROTOCOL,
  TOKEN_PREFIX,
} from '../../../src/integration/inspect/page-protocol.ts';
import { readFrame } from '../../../src/integration/inspect/viewer/frames.ts';
import type { LifeEvent, LinkInput } from '../../../src/integration/inspect/viewer/life.ts';

/** Who is told what comes over the socket, and is given the means to answer. */
interface LinkEnds {
  readonly onMessage: (message: ServerMessage) => void;
  /** How to say something; `null` when the socket is gone. */
  readonly onSay: (say: ((message: ClientMessage) => boolean) | null) => void;
}

/** The socket of a connection, from its handshake to its close. */
export const linkTo = ({ onMessage, onSay }: LinkEnds) =>
  fromCallback<LifeEvent, LinkInput>(({ input, sendBack }) => {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/page`, [SUBPROTOCOL, TOKEN_PREFIX + input.token]);
    let opened = false;
    const say = (message: ClientMessage): boolean => {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    };
    socket.addEventListener('open', () => {
      opened = true;
      say({ type: 'hello' });
    });
    socket.addEventListener('message', ({ data }) => {
      const message = readFrame(data);
      if (message === null) return;
      if (message.type === 'welcome') onSay(say);
      onMessage(message);
      if (message.type === 'welcome') sendBack({ type: 'WELCOME' });
    });
    socket.addEventListener('close', ({ code }) => {
      onSay(null);
      sendBack({ type: 'CLOSED', code, opened });
    });
    return () => {
      onSay(null);
      socket.close();
    };
  });
