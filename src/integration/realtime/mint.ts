import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Refusal } from './answers.ts';
import { newSession } from './conversation.ts';
import type { Malformed } from './faults.ts';
import type { KeyStore } from './keys.ts';
import { GA_KEY_TTL_SECONDS, PREVIEW_KEY_TTL_SECONDS, REQUESTED_TTL_SECONDS } from './options.ts';

/** Which of the three contracts a path belongs to. */
export type MintContract = 'openai' | 'azure' | 'azure-preview';

/** Path of each contract, as the providers have it. */
export const MINT_PATHS: Readonly<Record<string, MintContract>> = {
  '/v1/realtime/client_secrets': 'openai',
  '/openai/v1/realtime/client_secrets': 'azure',
  '/openai/realtimeapi/sessions': 'azure-preview',
};

/** Model of a session whose request names none. */
const DEFAULT_MODEL = 'gpt-realtime';

/** How far in the past the `expired` fault puts the expiry, s: beyond what a client may forgive as clock skew. */
const EXPIRED_SINCE_SECONDS = 3_600;

const model = z.string().min(1).max(128);

const gaBody = z.object({
  expires_after: z
    .object({
      anchor: z.literal('created_at').optional(),
      seconds: z.int().min(REQUESTED_TTL_SECONDS.min).max(REQUESTED_TTL_SECONDS.max).optional(),
    })
    .nullish(),
  session: z.looseObject({ type: z.enum(['realtime', 'transcription']), model: model.optional() }).nullish(),
});

const previewBody = z.looseObject({ model });

export interface MintRequestParts {
  readonly contract: MintContract;
  readonly url: URL;
  readonly body: string;
}

export type MintResult =
  | { readonly ok: true; readonly body: string }
  | { readonly ok: false; readonly refusal: Refusal };

/** Reads the body of a request for a key and answers as the contract says. */
export function mint(
  { contract, url, body }: MintRequestParts,
  keys: KeyStore,
  ttlOption: number | undefined,
  malformed?: Malformed,
): MintResult {
  const parsed = parseJson(body.trim() === '' ? '{}' : body);
  if (parsed === undefined) return refused('The body is not JSON.');
  const ttl = malformed === 'expired' ? -EXPIRED_SINCE_SECONDS : ttlOption;
  if (contract === 'azure-preview') return mintPreview(parsed, url, keys, ttl ?? PREVIEW_KEY_TTL_SECONDS, malformed);

  const result = gaBody.safeParse(parsed);
  if (!result.success) return refusedBy(result.error);
  const { expires_after, session: patch } = result.data;
  const asked = malformed === 'expired' ? undefined : expires_after?.seconds;
  const session = newSession(`sess_${randomBytes(12).toString('hex')}`, patch?.model ?? DEFAULT_MODEL, patch ?? {});
  const { value, expiresAt } = keys.mint(asked ?? ttl ?? GA_KEY_TTL_SECONDS, patch ?? {});
  return minted({ ...secretFields(value.reveal(), expiresAt, malformed), session }, malformed);
}

function mintPreview(
  parsed: unknown,
  url: URL,
  keys: KeyStore,
  ttlSeconds: number,
  malformed: Malformed | undefined,
): MintResult {
  if (!url.searchParams.get('api-version'))
    return refused('The query parameter api-version is missing.', 'api-version');
  const result = previewBody.safeParse(parsed);
  if (!result.success) return refusedBy(result.error);
  const { value, expiresAt } = keys.mint(ttlSeconds, { model: result.data.model });
  const secret = secretFields(value.reveal(), expiresAt, malformed);
  const session = {
    ...result.data,
    id: `sess_${randomBytes(12).toString('hex')}`,
    object: 'realtime.session',
    ...('expires_at' in secret ? { expires_at: secret.expires_at } : {}),
    client_secret: secret,
  };
  return minted(session, malformed);
}

function secretFields(value: string, expiresAt: number, malformed: Malformed | undefined) {
  const shown = malformed === 'empty-secret' ? '' : value;
  return malformed === 'no-expiry' ? { value: shown } : { value: shown, expires_at: expiresAt };
}

function minted(body: object, malformed: Malformed | undefined): MintResult {
  return { ok: true, body: malformed === 'not-json' ? '<html>Service unavailable</html>' : JSON.stringify(body) };
}

function refused(message: string, param?: string): MintResult {
  const refusal = { status: 400, code: 'invalid_request', message };
  return { ok: false, refusal: param === undefined ? refusal : { ...refusal, param } };
}

/** Names the field, never its value. */
function refusedBy(error: z.ZodError): MintResult {
  const issue = error.issues[0];
  const param = issue?.path.join('.') || 'body';
  return refused(`${param} is not valid (${issue?.code ?? 'invalid'}).`, param);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told to the client as 400; what the parser says would repeat the body
  }
}
