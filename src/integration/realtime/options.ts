import { randomBytes } from 'node:crypto';
import type { Clock, Logger } from '../../actors/ports.ts';
import { Secret } from '../../actors/secret.ts';
import { notAllowed, notKnown } from '../../services/config-field.ts';
import { systemClock } from '../../services/system-clock.ts';
import { LONGEST_DELAY_MS, type RealtimeFault } from './faults.ts';
import { numberIn } from './number-in.ts';

/** Addresses that no other machine can reach: the keys of this service are not worth more than that. */
const LOOPBACK = ['127.0.0.1', '::1'];

/** Life of a key where neither option nor request says otherwise: 600 s, the default of OpenAI's `client_secrets`. */
export const GA_KEY_TTL_SECONDS = 600;

/** The same for the Azure preview contract: its keys live one minute. */
export const PREVIEW_KEY_TTL_SECONDS = 60;

/** What a request may ask for in `expires_after.seconds`, as OpenAI documents it. */
export const REQUESTED_TTL_SECONDS = { min: 10, max: 7_200 };

const DEFAULTS = {
  host: '127.0.0.1',
  /** Far more than one user needs, few enough that a leak of connections shows. */
  maxConnections: 256,
  mintLatencyMs: 0,
  port: 0,
  /** 60 minutes, OpenAI's cap of a session. */
  sessionCapSeconds: 3_600,
} as const;

/** Visible ASCII without separators, so that a key also fits a header and a WebSocket sub-protocol. */
const KEY_SHAPE = /^[\w.~+-]{8,512}$/;

export interface RateLimit {
  /** Mints allowed within the window. A whole number from 1. */
  readonly requests: number;
  /** Length of the sliding window, s. More than 0. */
  readonly perSeconds: number;
}

/** Options of {@link createRealtimeService}. All are optional. */
export interface RealtimeServiceOptions {
  /** Keys that may mint and connect; 8–512 characters of `A–Z a–z 0–9 _ . ~ + -`. [apiKeys=one random key] */
  readonly apiKeys?: readonly (string | Secret)[];
  /** Time for expiry, caps, deadlines and the `Date` header. [clock=systemClock()] */
  readonly clock?: Clock;
  /** Faults that are armed from the start. [faults=[]] */
  readonly faults?: readonly RealtimeFault[];
  /** `127.0.0.1` or `::1`; nothing that another machine can reach. [host='127.0.0.1'] */
  readonly host?: string;
  /**
   * Life of a key when the request names none, s; 0.1 to 7200, fractions allowed. [keyTtlSeconds=600, preview 60]
   *
   * The wire carries whole seconds. The end is rounded UP and the key is honoured until exactly the second that was
   * told, so a key never lives shorter than configured and never shorter than its holder was told.
   */
  readonly keyTtlSeconds?: number;
  /** Told of mints, refusals, connections and closings; never of a key, a header or a query. [logger=none] */
  readonly logger?: Logger;
  /** Live WebSocket connections at the same time; 1 to 10000. One more is answered 503. [maxConnections=256] */
  readonly maxConnections?: number;
  /** How long a mint takes, ms; 0 to 600000. A fault's delay comes on top. [mintLatencyMs=0] */
  readonly mintLatencyMs?: number;
  /** TCP port; 0 takes a free one. [port=0] */
  readonly port?: number;
  /** Limit on mints, answered 429 with `Retry-After` and `retry-after-ms`. [rateLimit=none] */
  readonly rateLimit?: RateLimit;
  /** How long one connection may last, s; 0.1 to 86400, end rounded up to a whole second. [sessionCapSeconds=3600] */
  readonly sessionCapSeconds?: number;
}

export interface ResolvedServiceOptions {
  readonly apiKeys: readonly Secret[];
  readonly clock: Clock;
  readonly faults: readonly RealtimeFault[];
  readonly host: string;
  readonly keyTtlSeconds: number | undefined;
  readonly logger: Logger | undefined;
  readonly maxConnections: number;
  readonly mintLatencyMs: number;
  readonly port: number;
  readonly rateLimit: RateLimit | undefined;
  readonly sessionCapSeconds: number;
}

const KNOWN: readonly (keyof RealtimeServiceOptions)[] = [
  'apiKeys',
  'clock',
  'faults',
  'host',
  'keyTtlSeconds',
  'logger',
  'maxConnections',
  'mintLatencyMs',
  'port',
  'rateLimit',
  'sessionCapSeconds',
];

/** Checks the options and fills in the defaults. */
export function resolveOptions(options: RealtimeServiceOptions): ResolvedServiceOptions {
  for (const name of Object.keys(options)) {
    if (!(KNOWN as readonly string[]).includes(name)) throw notKnown(name, KNOWN);
  }
  const host = options.host ?? DEFAULTS.host;
  if (!LOOPBACK.includes(host)) throw notAllowed('host', host, LOOPBACK.map(one => `"${one}"`).join(' or '));
  const { keyTtlSeconds, rateLimit } = options;
  const seconds = { unit: 's' } as const;
  return {
    apiKeys: resolveKeys(options.apiKeys),
    clock: options.clock ?? systemClock(),
    faults: options.faults ?? [],
    host,
    keyTtlSeconds:
      keyTtlSeconds === undefined
        ? undefined
        : numberIn('keyTtlSeconds', keyTtlSeconds, { min: 0.1, max: 7_200, ...seconds }),
    logger: options.logger,
    maxConnections: numberIn('maxConnections', options.maxConnections ?? DEFAULTS.maxConnections, {
      min: 1,
      max: 10_000,
      integer: true,
    }),
    mintLatencyMs: numberIn('mintLatencyMs', options.mintLatencyMs ?? DEFAULTS.mintLatencyMs, {
      min: 0,
      max: LONGEST_DELAY_MS,
      unit: 'ms',
    }),
    port: numberIn('port', options.port ?? DEFAULTS.port, { min: 0, max: 65_535, integer: true }),
    rateLimit: rateLimit === undefined ? undefined : resolveRateLimit(rateLimit),
    sessionCapSeconds: numberIn('sessionCapSeconds', options.sessionCapSeconds ?? DEFAULTS.sessionCapSeconds, {
      min: 0.1,
      max: 86_400,
      ...seconds,
    }),
  };
}

function resolveKeys(keys: RealtimeServiceOptions['apiKeys']): readonly Secret[] {
  if (keys === undefined) return [new Secret(`sk-local-${randomBytes(24).toString('hex')}`)];
  const allowed = 'one or more keys of 8 to 512 characters A–Z a–z 0–9 _ . ~ + -';
  if (!Array.isArray(keys) || keys.length === 0) throw notAllowed('apiKeys', keys, allowed);
  return keys.map((key: unknown, index) => {
    const secret = typeof key === 'string' ? new Secret(key) : key;
    // The value itself is not shown: even a key of the wrong shape may be somebody's key.
    const shown = secret instanceof Secret ? undefined : key;
    if (secret instanceof Secret && KEY_SHAPE.test(secret.reveal())) return secret;
    throw notAllowed(`apiKeys[${index}]`, shown === undefined ? '[redacted]' : shown, allowed);
  });
}

function resolveRateLimit(limit: RateLimit): RateLimit {
  return {
    requests: numberIn('rateLimit.requests', limit.requests, { min: 1, max: 1_000_000, integer: true }),
    perSeconds: numberIn('rateLimit.perSeconds', limit.perSeconds, { min: 0.001, max: 86_400, unit: 's' }),
  };
}
