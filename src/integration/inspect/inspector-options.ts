import { randomBytes } from 'node:crypto';
import type { Clock, Logger } from '../../actors/ports.ts';
import { notAllowed, notKnown, shownName } from '../../services/config-field.ts';
import { guardedLogger, silentLogger } from '../../services/logger.ts';
import { systemClock } from '../../services/system-clock.ts';

/** Addresses that no other machine can reach. */
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/** 256 bits, 43 characters (S7). */
const TOKEN_BYTES = 32;
/** Fits a header, a subprotocol and an address as it is. */
const TOKEN_SHAPE = /^[\w-]{16,256}$/;

const LONGEST_TITLE = 100;
const HIGHEST_PORT = 65_535;
const MOST_VIEWERS = 10_000;
/** Scheme, host and port, nothing after it: `vscode-webview://1e2f…`, `https://tools.example:8443`. */
const ORIGIN_SHAPE = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@*]+$/;

/** Options of {@link createInspector}. All are optional. */
export interface InspectorOptions {
  /** Lets viewers send events to actors. [allowSend=false] */
  readonly allowSend?: boolean;
  /** Origins whose pages may connect besides the inspector's own, exact: `vscode-webview://…`. [allowedOrigins=[]] */
  readonly allowedOrigins?: readonly string[];
  /** Time; the same clock as that of what is inspected. [clock=systemClock()] */
  readonly clock?: Clock;
  /** `127.0.0.1`, `::1` or `localhost`: nothing that another machine can reach. [host='127.0.0.1'] */
  readonly host?: string;
  /** Whether an open inspector keeps the process alive. [keepAlive=false] */
  readonly keepAlive?: boolean;
  /** Told of viewers that come and go and of faults, never of a token or of what a session holds. [logger=silentLogger] */
  readonly logger?: Logger;
  /** Viewers at the same time, 1 to 10000; one more is answered 503. [maxViewers=128] */
  readonly maxViewers?: number;
  /** TCP port, 0 for any that is free. [port=0] */
  readonly port?: number;
  /**
   * Applied to everything that a viewer gets to see of contexts, events and errors, after secrets were removed. Must
   * return what `JSON.stringify` takes. [redact=data => data]
   */
  readonly redact?: (data: unknown) => unknown;
  /** Names the process to people, at most 100 characters. [title='Sessionchart'] */
  readonly title?: string;
  /** What viewers must know: 16 to 256 characters of `A–Z a–z 0–9 _ -`. [token=256 random bits] */
  readonly token?: string;
}

export type ResolvedInspectorOptions = Required<InspectorOptions>;

const KNOWN: readonly (keyof InspectorOptions)[] = [
  'allowSend',
  'allowedOrigins',
  'clock',
  'host',
  'keepAlive',
  'logger',
  'maxViewers',
  'port',
  'redact',
  'title',
  'token',
];

/**
 * Checks the options and fills in the defaults.
 *
 * @throws SessionchartError `INVALID_CONFIG`, naming option, value and what is allowed; of a token not the value.
 */
export function resolveInspectorOptions(options: InspectorOptions): ResolvedInspectorOptions {
  if (typeof options !== 'object' || options === null) throw notAllowed('options', options, 'an object');
  for (const name of Object.keys(options)) {
    if (!(KNOWN as readonly string[]).includes(name)) throw notKnown(name, KNOWN);
  }
  const {
    allowSend = false,
    allowedOrigins = [],
    clock = systemClock(),
    host = '127.0.0.1',
    keepAlive = false,
    logger = silentLogger,
    maxViewers = 128,
    port = 0,
    redact = data => data,
    title = 'Sessionchart',
    token = randomBytes(TOKEN_BYTES).toString('base64url'),
  } = options;
  for (const [name, value] of Object.entries({ allowSend, keepAlive })) {
    if (typeof value !== 'boolean') throw notAllowed(name, value, 'true or false');
  }
  if (!LOOPBACK.includes(host)) throw notAllowed('host', host, LOOPBACK.map(one => `"${one}"`).join(', '));
  checkWhole('maxViewers', maxViewers, 1, MOST_VIEWERS);
  checkWhole('port', port, 0, HIGHEST_PORT);
  if (typeof redact !== 'function') throw notAllowed('redact', redact, 'a function');
  if (typeof title !== 'string' || title.length === 0 || title.length > LONGEST_TITLE) {
    throw notAllowed('title', title, `text of 1 to ${LONGEST_TITLE} characters`);
  }
  if (typeof token !== 'string' || !TOKEN_SHAPE.test(token)) {
    // Even a token of the wrong shape may be somebody's.
    const shown = typeof token === 'string' ? '[redacted]' : token;
    throw notAllowed('token', shown, '16 to 256 characters A–Z a–z 0–9 _ -');
  }
  return {
    allowSend,
    allowedOrigins: checkedOrigins(allowedOrigins),
    clock,
    host,
    keepAlive,
    logger: guardedLogger(logger),
    maxViewers,
    port,
    redact,
    title,
    token,
  };
}

/** A name for a source, as an option of `attach`. */
export function checkSourceName(name: unknown): asserts name is string {
  if (typeof name === 'string' && name.length > 0 && name.length <= LONGEST_TITLE) return;
  throw notAllowed('name', name, `text of 1 to ${LONGEST_TITLE} characters`);
}

function checkedOrigins(origins: unknown): readonly string[] {
  const allowed = 'a list of origins, each scheme, host and port only: "https://tools.example:8443"';
  if (!Array.isArray(origins)) throw notAllowed('allowedOrigins', origins, allowed);
  for (const [index, origin] of origins.entries()) {
    if (typeof origin === 'string' && ORIGIN_SHAPE.test(origin)) continue;
    throw notAllowed(shownName(`allowedOrigins[${index}]`), origin, allowed);
  }
  return [...origins];
}

function checkWhole(name: string, value: unknown, min: number, max: number): void {
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return;
  throw notAllowed(name, value, `a whole number, ${min} to ${max}`);
}
