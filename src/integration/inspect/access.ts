import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TOKEN_PREFIX } from './page-protocol.ts';

/** Why a request is refused, in words that repeat nothing of it. */
export interface Denial {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AccessOptions {
  readonly token: string;
  readonly port: number;
  /** Exact origins besides the inspector's own. */
  readonly allowedOrigins: readonly string[];
}

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];
/** Left out in `Host` and `Origin`. */
const DEFAULT_PORT = 80;
const BEARER = /^Bearer +(\S+) *$/i;

const WRONG_HOST: Denial = { status: 421, message: 'This is no name of the inspector.' };
const WRONG_ORIGIN: Denial = { status: 403, message: 'Pages of this origin are not allowed.' };
export const WRONG_TOKEN: Denial = {
  status: 401,
  message: 'The token is missing or wrong.',
  headers: { 'www-authenticate': 'Bearer' },
};

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Who may talk to the inspector: names it by its own address, comes from an origin that is allowed, and has the token. */
export class Access {
  readonly #digest: Buffer;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #foreign: ReadonlySet<string>;

  constructor({ token, port, allowedOrigins }: AccessOptions) {
    this.#digest = digestOf(token);
    const suffix = port === DEFAULT_PORT ? ['', `:${port}`] : [`:${port}`];
    this.#hosts = new Set(LOOPBACK_NAMES.flatMap(name => suffix.map(end => `${name}${end}`)));
    this.#origins = new Set([...this.#hosts].map(host => `http://${host}`));
    this.#foreign = new Set(allowedOrigins);
  }

  /**
   * A page of another site may reach this port under a name that its owner points at loopback, and any page may try to
   * connect: the one is told by `Host`, the other by `Origin`, both compared whole.
   */
  denialOf({ headers: { host = '', origin } }: IncomingMessage): Denial | undefined {
    if (!this.#hosts.has(host)) return WRONG_HOST;
    if (origin !== undefined && !this.#origins.has(origin) && !this.#foreign.has(origin)) return WRONG_ORIGIN;
    return undefined;
  }

  /** Whether it is one of the origins that were allowed on top of the inspector's own. */
  isForeign(origin: string): boolean {
    return this.#foreign.has(origin);
  }

  /** Compares in a time that tells nothing. */
  isToken(token: string | undefined): boolean {
    return token !== undefined && timingSafeEqual(digestOf(token), this.#digest);
  }
}

/** The token of a request that shows it in `Authorization`. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return headers.authorization?.match(BEARER)?.[1];
}

/** The subprotocols that a handshake offers. */
export function offeredProtocols({ headers }: IncomingMessage): string[] {
  return (headers['sec-websocket-protocol'] ?? '').split(',').map(protocol => protocol.trim());
}

/** The token of a browser, which cannot set headers in a handshake. */
export function tokenAmong(protocols: readonly string[]): string | undefined {
  return protocols.find(protocol => protocol.startsWith(TOKEN_PREFIX))?.slice(TOKEN_PREFIX.length);
}
