import { SessionchartError } from '../actors/errors.ts';
import { createEphemeralKeyService } from './ephemeral-key-service.ts';
import type { EphemeralKeyServiceOptions } from './key-options.ts';
import type { EphemeralKeyService } from './key-types.ts';

/** What is not read from the environment, and what shall win over it. */
export type EphemeralKeyOverrides = Partial<Omit<EphemeralKeyServiceOptions, 'contract'>>;

/**
 * A key service from environment variables.
 *
 * | Variable | Meaning |
 * |---|---|
 * | `AZURE_OPENAI_ENDPOINT` | endpoint of the resource; chooses Azure |
 * | `AZURE_OPENAI_API_KEY` | its key; without one pass `credential` |
 * | `AZURE_OPENAI_DEPLOYMENT` | name of the realtime deployment |
 * | `AZURE_OPENAI_API_VERSION` | chooses the preview contract; leave it out for GA |
 * | `OPENAI_API_KEY` | key of OpenAI, used where no Azure variable is set |
 * | `OPENAI_BASE_URL` | another address than `https://api.openai.com/v1` |
 *
 * @throws SessionchartError `MISSING_CREDENTIALS`, `MISSING_ENDPOINT`, `INVALID_ENDPOINT_FORMAT`, `INVALID_CONFIG`.
 *
 * @example
 * ```ts
 * const keys = createEphemeralKeyServiceFromEnv(process.env, { credential: 'default' }); // Entra ID, if no key is set
 * ```
 */
export function createEphemeralKeyServiceFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  overrides: EphemeralKeyOverrides = {},
): EphemeralKeyService {
  return createEphemeralKeyService({ ...optionsFromEnv(env, overrides), ...overrides });
}

function optionsFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  overrides: EphemeralKeyOverrides,
): EphemeralKeyServiceOptions {
  const read = (name: string): string | undefined => env[name]?.trim() || undefined;
  const hasCredential = overrides.apiKey !== undefined || overrides.credential !== undefined;
  const azureKey = read('AZURE_OPENAI_API_KEY');
  const azureEndpoint = overrides.endpoint ?? read('AZURE_OPENAI_ENDPOINT');
  const openaiKey = read('OPENAI_API_KEY');
  const isAzure = read('AZURE_OPENAI_ENDPOINT') !== undefined || azureKey !== undefined;
  const hasOnlyKey = overrides.apiKey !== undefined && overrides.credential === undefined;

  if (!isAzure && (openaiKey !== undefined || hasOnlyKey)) {
    const endpoint = read('OPENAI_BASE_URL');
    return {
      contract: 'openai',
      ...(openaiKey !== undefined && { apiKey: openaiKey }),
      ...(endpoint !== undefined && { endpoint }),
    };
  }
  if (azureKey === undefined && !hasCredential) {
    throw new SessionchartError('MISSING_CREDENTIALS', {
      message:
        'No provider credential is configured: set AZURE_OPENAI_API_KEY or OPENAI_API_KEY, ' +
        'or pass `credential` to sign in with Entra ID.',
    });
  }
  if (azureEndpoint === undefined) {
    throw new SessionchartError('MISSING_ENDPOINT', {
      message: 'No endpoint is configured: set AZURE_OPENAI_ENDPOINT.',
      field: 'AZURE_OPENAI_ENDPOINT',
    });
  }
  const model = overrides.model ?? read('AZURE_OPENAI_DEPLOYMENT');
  if (model === undefined) {
    throw new SessionchartError('INVALID_CONFIG', {
      message: 'AZURE_OPENAI_DEPLOYMENT is not set; allowed: the name of a realtime deployment',
      field: 'AZURE_OPENAI_DEPLOYMENT',
      allowed: 'the name of a realtime deployment',
    });
  }
  const apiVersion = read('AZURE_OPENAI_API_VERSION');
  return {
    contract: apiVersion === undefined ? 'azure-ga' : 'azure-preview',
    endpoint: azureEndpoint,
    model,
    ...(azureKey !== undefined && { apiKey: azureKey }),
    ...(apiVersion !== undefined && { apiVersion }),
  };
}
