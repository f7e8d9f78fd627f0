import { z } from 'zod';
import { SessionchartError } from '../actors/errors.ts';

/** The three ways in which a realtime key is minted. */
export const KEY_CONTRACTS = ['azure-ga', 'azure-preview', 'openai'] as const;
export type KeyContractName = (typeof KEY_CONTRACTS)[number];

/** What a contract builds its addresses and bodies from. */
export interface ContractInput {
  /** Azure: `https://<resource>.openai.azure.com`. OpenAI: `https://api.openai.com/v1`. No slash at the end. */
  readonly base: string;
  /** Model at OpenAI, name of the deployment at Azure. */
  readonly model: string;
  /** Azure preview only. */
  readonly apiVersion: string;
  /** Azure preview only: region of the WebRTC address; must be that of the resource. */
  readonly region: string;
  readonly voice?: string | undefined;
  readonly instructions?: string | undefined;
  /** Wished life of the key in seconds. */
  readonly keyLifeSeconds?: number | undefined;
}

/** What an answer brings. Times are in milliseconds since the Unix epoch, by the clock of the server. */
export interface KeyAnswer {
  readonly secret: string;
  readonly expiresAt: number;
  readonly id: string | undefined;
}

export interface KeyContract {
  /** Header that carries an API key; an Entra token always goes as `authorization: Bearer`. */
  readonly apiKeyHeader: 'api-key' | 'authorization';
  mintUrl(input: ContractInput): string;
  mintBody(input: ContractInput): Record<string, unknown>;
  /** @throws SessionchartError `INVALID_PROVIDER_ANSWER`, naming the field. */
  readAnswer(body: unknown): KeyAnswer;
  /** Where a WebRTC offer is posted. */
  webrtcUrl(input: ContractInput): string;
  websocketUrl(input: ContractInput): string;
}

/** Printable ASCII without space: what a header can carry. Keys seen so far have 30 to 200 characters. */
const secretText = z.string().regex(/^[\x21-\x7e]{1,8192}$/);
/** Epoch seconds. The upper end is that of `Date`; it is reached only by garbage. */
const epochSeconds = z.number().positive().max(8.64e12);
const publicId = z
  .string()
  .regex(/^[\w-]{1,128}$/)
  .optional()
  .catch(undefined);

const FLAT_ANSWER = z.object({
  value: secretText,
  expires_at: epochSeconds,
  session: z.object({ id: publicId }).optional().catch(undefined),
});

const NESTED_ANSWER = z.object({
  id: publicId,
  client_secret: z.object({ value: secretText, expires_at: epochSeconds }),
});

function checked<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join('.') || 'body';
  throw new SessionchartError('INVALID_PROVIDER_ANSWER', {
    message: `The answer of the provider cannot be used: ${field} is missing or malformed.`,
    field,
  });
}

function flatAnswer(body: unknown): KeyAnswer {
  const { value, expires_at, session } = checked(FLAT_ANSWER, body);
  return { secret: value, expiresAt: expires_at * 1_000, id: session?.id === value ? undefined : session?.id };
}

function flatBody({ model, voice, instructions, keyLifeSeconds }: ContractInput): Record<string, unknown> {
  return {
    ...(keyLifeSeconds !== undefined && { expires_after: { anchor: 'created_at', seconds: keyLifeSeconds } }),
    session: {
      type: 'realtime',
      model,
      ...(instructions !== undefined && { instructions }),
      ...(voice !== undefined && { audio: { output: { voice } } }),
    },
  };
}

const query = (entries: Record<string, string>): string => new URLSearchParams(entries).toString();
const socketBase = (base: string): string => base.replace(/^http/, 'ws');

/**
 * The wire contracts. Sources: `azure-ga` and `azure-preview` from `MicrosoftDocs/azure-ai-docs`,
 * `realtime-audio-webrtc.md`, `realtime-audio-webrtc-legacy.md` (2025-09-16) and `realtime-audio-websockets.md`
 * (2026-01-29); `openai` from `openai/openai-node`, `src/resources/realtime/client-secrets.ts` (2026-08-21).
 */
export const CONTRACTS: Readonly<Record<KeyContractName, KeyContract>> = {
  // An api-version in a GA address is answered 401.
  'azure-ga': {
    apiKeyHeader: 'api-key',
    mintUrl: ({ base }) => `${base}/openai/v1/realtime/client_secrets`,
    mintBody: flatBody,
    readAnswer: flatAnswer,
    webrtcUrl: ({ base }) => `${base}/openai/v1/realtime/calls`,
    websocketUrl: ({ base, model }) => `${socketBase(base)}/openai/v1/realtime?${query({ model })}`,
  },
  'azure-preview': {
    apiKeyHeader: 'api-key',
    mintUrl: ({ base, apiVersion }) => `${base}/openai/realtimeapi/sessions?${query({ 'api-version': apiVersion })}`,
    mintBody: ({ model, voice, instructions }) => ({
      model,
      ...(voice !== undefined && { voice }),
      ...(instructions !== undefined && { instructions }),
    }),
    readAnswer(body) {
      const { id, client_secret } = checked(NESTED_ANSWER, body);
      const { value, expires_at } = client_secret;
      return { secret: value, expiresAt: expires_at * 1_000, id: id === value ? undefined : id };
    },
    webrtcUrl: ({ region, model }) =>
      `https://${region}.realtimeapi-preview.ai.azure.com/v1/realtimertc?${query({ model })}`,
    websocketUrl: ({ base, apiVersion, model }) =>
      `${socketBase(base)}/openai/realtime?${query({ 'api-version': apiVersion, deployment: model })}`,
  },
  openai: {
    apiKeyHeader: 'authorization',
    mintUrl: ({ base }) => `${base}/realtime/client_secrets`,
    mintBody: flatBody,
    readAnswer: flatAnswer,
    webrtcUrl: ({ base }) => `${base}/realtime/calls`,
    websocketUrl: ({ base, model }) => `${socketBase(base)}/realtime?${query({ model })}`,
  },
};
