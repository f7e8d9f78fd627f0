import { classifyFailure, sanitisedCause } from '../actors/classify-failure.ts';
import { peek } from '../actors/error-facts.ts';
import { errorOf, isSessionchartError, SessionchartError } from '../actors/errors.ts';
import type { Clock } from '../actors/ports.ts';
import { withDeadline } from './deadline.ts';

/** The largest answer of a provider that is read. A minted key with its session takes about 2 kB. */
const LARGEST_ANSWER_BYTES = 65_536;

export interface JsonRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly clock: Clock;
  /** Milliseconds for the whole exchange, the body of the answer included. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly fetch: typeof globalThis.fetch;
}

/** A successful answer. Its times are of the local wall clock, ms since the Unix epoch. */
export interface JsonAnswer {
  readonly body: unknown;
  readonly headers: Headers;
  readonly sentAt: number;
  readonly receivedAt: number;
}

/**
 * Sends one POST with a JSON body and reads a JSON answer of at most 64 KiB. One request, no retry, no redirect: a
 * custom header such as `api-key` would follow a redirect to another host.
 *
 * @throws SessionchartError as {@link classifyFailure} tells it, `PROVIDER_TIMEOUT` at the deadline, `OPERATION_ABORTED`
 * on abort, `INVALID_PROVIDER_ANSWER` for a 2xx answer that is too long or no JSON. Nothing that the provider wrote is
 * in the error but codes from closed lists.
 */
export async function postJson(request: JsonRequest): Promise<JsonAnswer> {
  const { clock, deadlineMs, signal } = request;
  try {
    return await withDeadline(inner => exchange(request, inner), { clock, deadlineMs, signal });
  } catch (error) {
    throw isSessionchartError(error) ? error : providerError(error, clock.wall());
  }
}

/** The error for whatever a provider's client threw, free of what the provider wrote. */
export function providerError(error: unknown, wall: number): SessionchartError {
  return errorOf(classifyFailure(error, wall), sanitisedCause(error));
}

async function exchange(request: JsonRequest, signal: AbortSignal): Promise<JsonAnswer> {
  const { clock } = request;
  const sentAt = clock.wall();
  const sentNow = clock.now();
  const response = await request.fetch(request.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...request.headers },
    body: JSON.stringify(request.body),
    redirect: 'manual',
    signal,
  });
  // Measured on the steady scale, so that a wall clock set meanwhile does not look like a slow answer.
  const receivedAt = sentAt + (clock.now() - sentNow);
  const { headers, status } = response;
  const text = await boundedText(response);
  if (!response.ok) {
    const failed = { status, headers, code: status >= 300 && status < 400 ? undefined : errorCode(text) };
    if (status >= 400) throw providerError(failed, clock.wall());
    throw new SessionchartError('REQUEST_REJECTED', { status, cause: sanitisedCause(failed) });
  }
  if (text === undefined) throw unusable(`at most ${LARGEST_ANSWER_BYTES} bytes`);
  const body = parsed(text);
  if (body === undefined) throw unusable('a JSON document');
  return { body, headers, sentAt, receivedAt };
}

/** The text of an answer, or `undefined` if it is too long. */
async function boundedText(response: Response): Promise<string | undefined> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  // Leaving the loop early cancels the stream, and with it the transfer.
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > LARGEST_ANSWER_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The code in an error body of OpenAI or Azure: `{ error: { code } }`, at times without the envelope. */
function errorCode(text: string | undefined): unknown {
  const body = text === undefined ? undefined : parsed(text);
  return peek(peek(body, 'error'), 'code') ?? peek(body, 'code');
}

function unusable(allowed: string): SessionchartError {
  return new SessionchartError('INVALID_PROVIDER_ANSWER', {
    message: `The answer of the provider cannot be used: the body must be ${allowed}.`,
    field: 'body',
    allowed,
  });
}
