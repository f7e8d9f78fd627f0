import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Denial } from './access.ts';

/** On every answer. Each ends its connection: nothing is kept that would have to be timed out. */
const COMMON_HEADERS: Readonly<Record<string, string>> = {
  connection: 'close',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** The page may load what comes from its own address, and nothing else; `'self'` does not cover `ws:` in every browser. */
export const contentPolicy = (host: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "worker-src 'self'",
    `connect-src 'self' ws://${host}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Answers a request; of `HEAD` with the headers alone. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { status = 200, headers = {}, body = '' }: Answer,
): void {
  response.writeHead(status, {
    ...COMMON_HEADERS,
    ...(status === 304 ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  });
  response.end(request.method === 'HEAD' || status === 304 ? undefined : body);
}

/** Refuses a request, in plain text. */
export function refuse(request: IncomingMessage, response: ServerResponse, { status, message, headers }: Denial): void {
  const type = { 'content-type': 'text/plain; charset=utf-8' };
  answer(request, response, { status, headers: { ...type, ...headers }, body: `${message}\n` });
}

/** Refuses a handshake: there is only the bare socket, so the answer is written by hand. */
export function refuseUpgrade(socket: Duplex, { status, message, headers }: Denial): void {
  if (socket.destroyed) return;
  const body = `${message}\n`;
  const all = {
    ...COMMON_HEADERS,
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`);
}
