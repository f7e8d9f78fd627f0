// Viewers in a process of their own, so that what they cost themselves is not counted: told the port, the token and how
// many by its parent, it connects, shows a page of the list and watches one actor in each.
import { WebSocket } from 'ws';
import { type ServerMessage, SUBPROTOCOL, TOKEN_PREFIX } from '../../src/integration/inspect/page-protocol.ts';

interface Order {
  readonly port: number;
  readonly token: string;
  readonly viewers: number;
  /** Rows that each of them shows. */
  readonly rows: number;
}

let frames = 0;
let bytes = 0;

async function view({ port, token, rows }: Order, index: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/page`, [SUBPROTOCOL, `${TOKEN_PREFIX}${token}`]);
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.send('{"type":"hello"}');
  socket.send(JSON.stringify({ type: 'list', id: 1, query: { offset: 0, limit: rows } }));
  await new Promise<void>(resolve => {
    socket.on('message', data => {
      frames += 1;
      bytes += (data as Buffer).length;
      if (frames > 10_000_000) return;
      const text =
        String(data).startsWith('{"type":"list"') || String(data).startsWith('{"type":"watched"') ? String(data) : '';
      if (text === '') return;
      const message = JSON.parse(text) as ServerMessage;
      if (message.type === 'watched') resolve();
      if (message.type !== 'list') return;
      const sessions = message.rows.filter(({ role }) => role === 'session');
      const actor = sessions[index % sessions.length]?.actor;
      socket.send(JSON.stringify({ type: 'watch', id: 2, actor }));
    });
  });
}

process.on('message', async (order: Order | 'figures') => {
  if (order === 'figures') {
    process.send?.({ frames, bytes });
    frames = 0;
    bytes = 0;
    return;
  }
  await Promise.all(Array.from({ length: order.viewers }, (_, index) => view(order, index)));
  process.send?.('ready');
});
