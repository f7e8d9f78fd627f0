import { httpDate } from '../actors/error-facts.ts';
import { SessionchartError } from '../actors/errors.ts';
import { Secret } from '../actors/secret.ts';
import { withDeadline } from './deadline.ts';
import { type JsonAnswer, postJson } from './http-request.ts';
import type { KeySettings } from './key-options.ts';

/** A key as it came from the provider. Times are of the local wall clock, ms since the Unix epoch. */
export interface MintedKey {
  readonly secret: Secret;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The provider's own id of the session that the key is for. */
  readonly id: string | undefined;
}

/**
 * The longest life that is believed. Two hours is the most that a provider grants; an answer in milliseconds instead of
 * seconds would claim tens of thousands of years.
 */
const LONGEST_LIFE_MS = 31 * 24 * 3_600_000;

/** `Date` headers carry whole seconds. */
const DATE_RESOLUTION_MS = 1_000;

/**
 * Obtains one key by one request.
 *
 * @throws SessionchartError see {@link postJson}; `INVALID_PROVIDER_ANSWER` also for a key that has expired already.
 */
export async function mintKey(settings: KeySettings, signal: AbortSignal): Promise<MintedKey> {
  const { auth, clock, contract, input, requestDeadlineMs: deadlineMs } = settings;
  const startedAt = clock.now();
  const headers = await withDeadline(inner => auth.headers(inner), { clock, deadlineMs, signal });
  const answer = await postJson({
    url: contract.mintUrl(input),
    headers,
    body: contract.mintBody(input),
    clock,
    deadlineMs: Math.max(0, deadlineMs - (clock.now() - startedAt)),
    signal,
    fetch: settings.fetch,
  });
  const { secret, expiresAt: serverTime, id } = contract.readAnswer(answer.body);
  const expiresAt = serverTime - serverLead(answer);
  const life = expiresAt - answer.receivedAt;
  if (life <= 0 || life > LONGEST_LIFE_MS) {
    throw new SessionchartError('INVALID_PROVIDER_ANSWER', {
      message: `The answer of the provider cannot be used: expires_at is ${life <= 0 ? 'in the past' : 'too far ahead'}.`,
      field: 'expires_at',
    });
  }
  return { secret: new Secret(secret), issuedAt: answer.sentAt, expiresAt, id };
}

/**
 * How far the clock of the server is ahead of ours, ms; 0 where the two agree within what a `Date` header can tell.
 *
 * The header was written between sending and receiving and is cut to whole seconds, so the true lead lies between
 * `date - receivedAt` and `date + 1 s - sentAt`. Of a lead that cannot be 0 the upper end is taken: a key then expires
 * too early here, never too late.
 */
function serverLead({ headers, sentAt, receivedAt }: JsonAnswer): number {
  const date = httpDate(headers.get('date') ?? undefined);
  if (date === undefined) return 0;
  const least = date - receivedAt;
  const most = date + DATE_RESOLUTION_MS - sentAt;
  return least <= 0 && most >= 0 ? 0 : most;
}
