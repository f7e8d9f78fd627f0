import { peek } from '../actors/error-facts.ts';
import { SessionchartError } from '../actors/errors.ts';
import { Secret } from '../actors/secret.ts';
import { providerError } from './http-request.ts';

/** An API key, or a function that yields it at each request, so that it may be rotated. */
export type ApiKey = Secret | string | (() => Secret | string | Promise<Secret | string>);

/** The part of `TokenCredential` of `@azure/identity` that is used. Every credential of that package fits. */
export interface TokenCredentialLike {
  getToken(
    scopes: string | string[],
    options?: { abortSignal?: AbortSignal },
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** Scope of an Entra ID token for Azure OpenAI (`realtime-audio-webrtc.md`, 2025-09-16). */
const ENTRA_SCOPE = 'https://cognitiveservices.azure.com/.default';

/** What a request is authenticated with. */
export interface Authenticator {
  /** @throws SessionchartError `MISSING_CREDENTIALS`, `INVALID_CREDENTIALS`, or what the network makes of it. */
  headers(signal: AbortSignal): Promise<Record<string, string>>;
}

/** Names that `@azure/identity` gives to errors that mean: nobody is signed in. */
const NOT_SIGNED_IN: ReadonlySet<unknown> = new Set([
  'AggregateAuthenticationError',
  'AuthenticationRequiredError',
  'CredentialUnavailableError',
]);

/** Printable ASCII without space; `fetch` would repeat anything else in the message of its error. */
const HEADER_SAFE = /^[\x21-\x7e]{1,16384}$/;

/** Authenticates by an API key in the header that the contract wants. */
export function apiKeyAuth(apiKey: ApiKey, header: 'api-key' | 'authorization', wall: () => number): Authenticator {
  return {
    async headers() {
      const key = await keyText(apiKey, wall);
      return header === 'authorization' ? bearer(key) : { 'api-key': key };
    },
  };
}

/** Authenticates by Entra ID. `'default'` loads `DefaultAzureCredential` at the first request, not before. */
export function entraAuth(credential: TokenCredentialLike | 'default', wall: () => number): Authenticator {
  let loaded = credential === 'default' ? undefined : credential;
  return {
    async headers(signal) {
      loaded ??= await defaultCredential();
      let token: unknown;
      try {
        token = (await loaded.getToken(ENTRA_SCOPE, { abortSignal: signal }))?.token;
      } catch (error) {
        throw entraError(error, wall());
      }
      if (token === undefined) throw new SessionchartError('MISSING_CREDENTIALS');
      return bearer(headerSafe(token, 'Entra token'));
    },
  };
}

async function defaultCredential(): Promise<TokenCredentialLike> {
  try {
    const { DefaultAzureCredential } = await import('@azure/identity');
    return new DefaultAzureCredential();
  } catch {
    throw new SessionchartError('MISSING_CREDENTIALS', {
      message: "The optional package @azure/identity could not be loaded; install it to use `credential: 'default'`.",
    });
  }
}

function entraError(error: unknown, wall: number): SessionchartError {
  const name = peek(error, 'name');
  if (NOT_SIGNED_IN.has(name)) return new SessionchartError('MISSING_CREDENTIALS');
  const failure = providerError(error, wall);
  // Entra ID answers a wrong secret with 400 or 401 and names the error AuthenticationError in both cases.
  if (name !== 'AuthenticationError' || failure.isRetryable) return failure;
  return new SessionchartError('INVALID_CREDENTIALS', { ...failure.details, cause: failure.cause });
}

async function keyText(apiKey: ApiKey, wall: () => number): Promise<string> {
  let key: unknown;
  try {
    key = typeof apiKey === 'function' ? await apiKey() : apiKey;
  } catch (error) {
    throw providerError(error, wall());
  }
  const text = key instanceof Secret ? key.reveal() : key;
  if (text === undefined || text === '') throw new SessionchartError('MISSING_CREDENTIALS');
  return headerSafe(text, 'API key');
}

function headerSafe(text: unknown, what: string): string {
  if (typeof text === 'string' && HEADER_SAFE.test(text)) return text;
  throw new SessionchartError('INVALID_CREDENTIALS', {
    message: `The ${what} holds characters that a header cannot carry.`,
  });
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
