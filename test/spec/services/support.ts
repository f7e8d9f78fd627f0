import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import type { Logger } from '../../../src/actors/ports.ts';

/** A secret that may appear nowhere. */
export const CANARY = 'ek_canary0123456789abcdefCANARY';

/** Everything that a value shows when it is printed, serialised or walked, its hidden properties included. */
export function everythingIn(value: unknown): string {
  const parts = [inspect(value, { depth: 12, showHidden: true, getters: false }), String(JSON.stringify(value))];
  for (let error: unknown = value; error instanceof Error; error = error.cause) {
    parts.push(error.message, String(error.stack), JSON.stringify(error, Object.getOwnPropertyNames(error)));
  }
  return parts.join('\n');
}

/** A logger that keeps its lines. */
export function keepingLogger(): Logger & { readonly lines: { level: string; message: string; data: unknown }[] } {
  const lines: { level: string; message: string; data: unknown }[] = [];
  const keep = (level: string) => (message: string, data?: unknown) => void lines.push({ level, message, data });
  return { lines, error: keep('error'), warn: keep('warn'), info: keep('info'), debug: keep('debug') };
}

export interface SeenRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface LoopbackServer extends AsyncDisposable {
  readonly url: string;
  readonly seen: SeenRequest[];
  readonly server: Server;
}

/** A real HTTP server on this machine. Use with `await using`. */
export async function loopback(
  answer: (request: SeenRequest, response: ServerResponse) => void,
): Promise<LoopbackServer> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    const asked = { method, url, headers, body: Buffer.concat(chunks).toString() };
    seen.push(asked);
    server.emit('asked', asked);
    answer(asked, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** A `fetch` that answers from a list and keeps what it was asked. The last answer repeats. */
export function fakeFetch(...answers: ((init: RequestInit, url: string) => Response | Promise<Response>)[]) {
  const calls: { url: string; init: RequestInit }[] = [];
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const answer = answers[Math.min(calls.length, answers.length - 1)];
    calls.push({ url: String(input), init });
    if (answer === undefined) throw new Error('no answer is prepared');
    return answer(init, String(input));
  };
  return { fetch, calls };
}

/** A GA answer with a key that expires at `expiresAt` (epoch ms). */
export const gaAnswer =
  (secret: string, expiresAt: number, headers: Record<string, string> = {}) =>
  (): Response =>
    Response.json(
      { value: secret, expires_at: expiresAt / 1_000, session: { id: `sess_${secret.slice(-4)}`, type: 'realtime' } },
      { headers },
    );
