import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../actors/ports.ts';
import type { FaultAnswer } from './faults.ts';

/** The two shapes of an HTTP error: OpenAI says `{error: {message, type, param, code}}`, Azure `{error: {code, message}}`. */
export type Dialect = 'openai' | 'azure';

/** A refusal, in words that repeat nothing of what the request held. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly param?: string;
  readonly retryAfterMs?: number;
}

/** Code and type that the providers use with a status; the type is OpenAI's field. */
const BY_STATUS: Readonly<Record<number, readonly [code: string, type: string]>> = {
  400: ['invalid_request', 'invalid_request_error'],
  401: ['invalid_api_key', 'invalid_request_error'],
  403: ['insufficient_permissions', 'invalid_request_error'],
  404: ['not_found', 'invalid_request_error'],
  429: ['rate_limit_exceeded', 'requests'],
  500: ['server_error', 'server_error'],
};

/** Azure names these two itself and otherwise gives the status as text. */
const AZURE_CODES: Readonly<Record<number, string>> = { 401: 'Unauthorized', 404: 'DeploymentNotFound' };

export const BAD_REQUEST: Refusal = {
  status: 400,
  code: 'invalid_request',
  message: 'The request could not be read.',
};

export const NOT_FOUND: Refusal = { status: 404, code: 'not_found', message: 'There is nothing at this path.' };

export const WRONG_METHOD: Refusal = { status: 405, code: 'invalid_request', message: 'Use POST.' };

export const BODY_TOO_LARGE: Refusal = { status: 413, code: 'invalid_request', message: 'The body is too large.' };

export const NO_MODEL: Refusal = {
  status: 400,
  code: 'invalid_request',
  message: 'The query parameter model is missing or too long.',
  param: 'model',
};

export const FULL: Refusal = {
  status: 503,
  code: 'server_error',
  message: 'All connections of this service are in use.',
};

export const rateLimited = (retryAfterMs: number): Refusal => ({
  status: 429,
  code: 'rate_limit_exceeded',
  message: `Too many keys were asked for. Please try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
  retryAfterMs,
});

export const UNAUTHORIZED: Refusal = {
  status: 401,
  code: 'invalid_api_key',
  message: 'The key is missing, unknown or no longer valid.',
};

export const KEY_EXPIRED: Refusal = {
  status: 401,
  code: 'invalid_api_key',
  message: 'The ephemeral key has expired. Mint a new one.',
};

/** The refusal that a fault asks for. */
export function refusalOf({ status, code, retryAfterMs }: FaultAnswer): Refusal {
  const known = BY_STATUS[status]?.[0] ?? (status >= 500 ? 'server_error' : 'invalid_request');
  return {
    status,
    code: code ?? known,
    message: `The service was told to answer ${status}.`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function errorBody({ status, code, message, param }: Refusal, dialect: Dialect): string {
  if (dialect === 'azure') {
    const own = BY_STATUS[status]?.[0] === code ? (AZURE_CODES[status] ?? String(status)) : code;
    return JSON.stringify({ error: { code: own, message } });
  }
  const type = BY_STATUS[status]?.[1] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  return JSON.stringify({ error: { message, type, param: param ?? null, code } });
}

/** Headers of every answer. Each answer ends its connection: nothing is kept that would have to be timed out. */
function baseHeaders(clock: Clock): Record<string, string> {
  return {
    connection: 'close',
    'content-type': 'application/json',
    // From the clock of the service, so that `Date` and `expires_at` agree for a client that corrects its own clock.
    date: new Date(clock.wall()).toUTCString(),
    'x-request-id': `req_${randomBytes(12).toString('hex')}`,
  };
}

function retryHeaders(retryAfterMs: number | undefined): Record<string, string> {
  if (retryAfterMs === undefined) return {};
  return { 'retry-after': String(Math.ceil(retryAfterMs / 1000)), 'retry-after-ms': String(retryAfterMs) };
}

/** Answers with text that is JSON unless `headers` says otherwise. */
export function answer(
  response: ServerResponse,
  clock: Clock,
  body: string,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { ...baseHeaders(clock), 'content-length': String(Buffer.byteLength(body)), ...headers });
  response.end(body);
}

/** Refuses an HTTP request. */
export function refuse(response: ServerResponse, clock: Clock, refusal: Refusal, dialect: Dialect): void {
  const { status, retryAfterMs } = refusal;
  answer(response, clock, errorBody(refusal, dialect), { status, headers: retryHeaders(retryAfterMs) });
}

/** Refuses a WebSocket handshake: node hands over the bare socket there, so the answer is written by hand. */
export function refuseUpgrade(socket: Duplex, clock: Clock, refusal: Refusal, dialect: Dialect): void {
  if (socket.destroyed) return;
  const body = errorBody(refusal, dialect);
  const headers = {
    ...baseHeaders(clock),
    'content-length': String(Buffer.byteLength(body)),
    ...retryHeaders(refusal.retryAfterMs),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`);
}

const BEARER = /^Bearer +(\S+) *$/i;
const KEY_PROTOCOL = 'openai-insecure-api-key.';

/** The key that a request shows in its headers: `Authorization: Bearer` or `api-key`. */
export function keyInHeaders({ headers }: IncomingMessage): string | undefined {
  const apiKey = headers['api-key'];
  return (
    headers.authorization?.match(BEARER)?.[1] ?? (typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined)
  );
}

/** The key of a WebSocket handshake: also the `api-key` query, and the sub-protocol that browsers have to use. */
export function keyInHandshake(request: IncomingMessage, url: URL): string | undefined {
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map(protocol => protocol.trim());
  const inProtocol = protocols.find(protocol => protocol.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length);
  return keyInHeaders(request) ?? url.searchParams.get('api-key') ?? inProtocol;
}
