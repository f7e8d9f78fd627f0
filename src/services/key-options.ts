import { SessionchartError } from '../actors/errors.ts';
import type { Clock, Logger } from '../actors/ports.ts';
import { notAllowed } from './config-field.ts';
import {
  CONTRACTS,
  type ContractInput,
  KEY_CONTRACTS,
  type KeyContract,
  type KeyContractName,
} from './key-contracts.ts';
import { silentLogger } from './logger.ts';
import { type ApiKey, type Authenticator, apiKeyAuth, entraAuth, type TokenCredentialLike } from './provider-auth.ts';
import { systemClock } from './system-clock.ts';

export interface EphemeralKeyServiceOptions {
  /** API key; give this or `credential`. */
  readonly apiKey?: ApiKey;
  /** Azure preview only. [apiVersion="2025-04-01-preview"] */
  readonly apiVersion?: string;
  /** [clock=systemClock()] */
  readonly clock?: Clock;
  readonly contract: KeyContractName;
  /** Entra ID, Azure only: a credential of `@azure/identity`, or `'default'` for its `DefaultAzureCredential`. */
  readonly credential?: TokenCredentialLike | 'default';
  /** Azure: the endpoint of the resource, required. OpenAI: [endpoint="https://api.openai.com/v1"] */
  readonly endpoint?: string;
  /** [fetch=globalThis.fetch] */
  readonly fetch?: typeof globalThis.fetch;
  /** Instructions that the realtime session starts with. */
  readonly instructions?: string;
  /** Wished life of a key, whole seconds, 10 … 7200. Not with `azure-preview`; whether Azure GA honours it is unknown. */
  readonly keyLifeSeconds?: number;
  /** [logger=silentLogger] */
  readonly logger?: Logger;
  /** Model, at Azure the name of the deployment, required there. [model="gpt-realtime"] */
  readonly model?: string;
  /** Azure preview only: region of the resource, part of its WebRTC address. [region="eastus2"] */
  readonly region?: string;
  /** Lead before the expiry that `refreshAt` tells, seconds, 0 … 3600; never more than half the life. [renewalMarginSeconds=10] */
  readonly renewalMarginSeconds?: number;
  /** Longest time for one request, Entra token included, ms, 1 … 120000. [requestDeadlineMs=10000] */
  readonly requestDeadlineMs?: number;
  readonly voice?: string;
}

/** The options with all defaults filled in and checked. */
export interface KeySettings {
  readonly contract: KeyContract;
  readonly input: ContractInput;
  /** For people; empty where the contract knows no region. */
  readonly region: string;
  readonly auth: Authenticator;
  readonly clock: Clock;
  readonly fetch: typeof globalThis.fetch;
  readonly logger: Logger;
  readonly renewalMarginMs: number;
  readonly requestDeadlineMs: number;
}

const OPENAI_BASE = 'https://api.openai.com/v1';
/** The version of the legacy page; it is the last one that minted keys. */
const PREVIEW_API_VERSION = '2025-04-01-preview';
/** One of the two regions of the preview, the other is swedencentral. */
const PREVIEW_REGION = 'eastus2';
/** Well above the 3 s that SP-004 promises for a mint, well below what a person waits for. */
const REQUEST_DEADLINE_MS = 10_000;
const RENEWAL_MARGIN_SECONDS = 10;
const LONGEST_INSTRUCTIONS = 100_000;

const NAME = /^[\w.:-]{1,128}$/;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** @throws SessionchartError `MISSING_CREDENTIALS`, `MISSING_ENDPOINT`, `INVALID_ENDPOINT_FORMAT`, `INVALID_CONFIG`. */
export function resolveKeyOptions(options: EphemeralKeyServiceOptions): KeySettings {
  const { contract: name, clock = systemClock(), model = name === 'openai' ? 'gpt-realtime' : undefined } = options;
  if (!KEY_CONTRACTS.includes(name)) throw notAllowed('contract', name, KEY_CONTRACTS.join(', '));
  const contract = CONTRACTS[name];
  const { keyLifeSeconds, instructions, voice } = options;
  if (keyLifeSeconds !== undefined) {
    if (name === 'azure-preview') throw notAllowed('keyLifeSeconds', keyLifeSeconds, 'nothing with azure-preview');
    // Range of `expires_after.seconds`, openai-node client-secrets.ts.
    within('keyLifeSeconds', keyLifeSeconds, 10, 7_200, 'seconds', true);
  }
  if (instructions !== undefined && (typeof instructions !== 'string' || instructions.length > LONGEST_INSTRUCTIONS)) {
    throw notAllowed('instructions', instructions, `text of at most ${LONGEST_INSTRUCTIONS} characters`);
  }
  const { renewalMarginSeconds = RENEWAL_MARGIN_SECONDS, requestDeadlineMs = REQUEST_DEADLINE_MS } = options;
  within('renewalMarginSeconds', renewalMarginSeconds, 0, 3_600, 'seconds', false);
  within('requestDeadlineMs', requestDeadlineMs, 1, 120_000, 'milliseconds', false);
  const region = named('region', options.region ?? PREVIEW_REGION);
  return {
    contract,
    region: options.region === undefined && name !== 'azure-preview' ? '' : region,
    auth: authenticator(options, contract, () => clock.wall()),
    input: {
      base: baseOf(name, options.endpoint),
      model: named('model', model),
      apiVersion: named('apiVersion', options.apiVersion ?? PREVIEW_API_VERSION),
      region,
      voice: voice === undefined ? undefined : named('voice', voice),
      instructions,
      keyLifeSeconds,
    },
    clock,
    // Looked up at each request: a proxy or a test may replace the global later.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    logger: options.logger ?? silentLogger,
    renewalMarginMs: renewalMarginSeconds * 1_000,
    requestDeadlineMs,
  };
}

function authenticator(
  { apiKey, credential, contract: name }: EphemeralKeyServiceOptions,
  contract: KeyContract,
  wall: () => number,
): Authenticator {
  if (apiKey !== undefined && apiKey !== '') return apiKeyAuth(apiKey, contract.apiKeyHeader, wall);
  if (credential === undefined) throw new SessionchartError('MISSING_CREDENTIALS', { field: 'apiKey' });
  if (name === 'openai') throw notAllowed('credential', credential, 'only with an Azure contract; use apiKey');
  return entraAuth(credential, wall);
}

/** The checked endpoint without a slash at the end. Plain http is for a server on this machine only. */
function baseOf(name: KeyContractName, endpoint: string | undefined): string {
  const given = endpoint || (name === 'openai' ? OPENAI_BASE : undefined);
  if (given === undefined) throw new SessionchartError('MISSING_ENDPOINT', { field: 'endpoint' });
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname));
  if (url === undefined || !isSafe || url.username !== '' || url.password !== '' || url.search + url.hash !== '') {
    throw new SessionchartError('INVALID_ENDPOINT_FORMAT', {
      field: 'endpoint',
      allowed: 'an https URL without user, query and fragment; http for localhost only',
    });
  }
  const path = url.pathname.replace(/\/+$/, '');
  return url.origin + (name === 'openai' ? path : path.replace(/\/openai(\/v1)?$/, ''));
}

function named(field: string, value: string | undefined): string {
  if (typeof value === 'string' && NAME.test(value)) return value;
  throw notAllowed(field, value, 'up to 128 letters, digits, and . _ : -');
}

function within(field: string, value: number, min: number, max: number, unit: string, integer: boolean): void {
  const fits = typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value));
  if (!fits) throw notAllowed(field, value, `${integer ? 'a whole number, ' : ''}${min} to ${max} (${unit})`);
}
