import { SessionchartError } from '../../actors/errors.ts';
import { type InspectorAddress, placeOf } from '../inspect/inspector-address.ts';

/** A loopback answers within milliseconds; a process that stands still in a debugger does not. */
const ACCESS_DEADLINE_MS = 5_000;

/** What an inspector says of itself to those who know its token. */
export interface InspectorFacts {
  readonly title: string;
  readonly version: string;
  readonly allowSend: boolean;
}

/** As much of `fetch` as is needed. */
export type Fetch = (
  url: string,
  init: { headers: Record<string, string>; redirect: 'error'; signal: AbortSignal },
) => Promise<{ readonly status: number; json(): Promise<unknown> }>;

/**
 * Asks whether there is an inspector that takes the token.
 *
 * @throws SessionchartError `INSPECTOR_UNAVAILABLE` where nobody is, it is no inspector, or the token is another one's. It
 * does not name the token.
 */
export async function askAccess(
  address: InspectorAddress,
  { request = fetch, signal }: { readonly request?: Fetch; readonly signal?: AbortSignal } = {},
): Promise<InspectorFacts> {
  const place = placeOf(address);
  let status: number;
  let body: unknown;
  try {
    const answer = await request(`http://${place}/api/access`, {
      headers: { authorization: `Bearer ${address.token}` },
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(ACCESS_DEADLINE_MS), ...(signal === undefined ? [] : [signal])]),
    });
    status = answer.status;
    body = await answer.json().catch(() => undefined);
  } catch (error) {
    if ((error as { name?: unknown }).name === 'TimeoutError') {
      throw unavailable(`${place} does not answer.`, 'Is the process stopped, in a debugger for one? Let it go on.');
    }
    throw unavailable(
      `Nobody listens at ${place}, or it does not speak HTTP.`,
      'Is the process running, and is this the address that it printed last?',
    );
  }
  if (status === 401) {
    throw unavailable(
      `The inspector at ${place} does not take this token.`,
      'A process makes a new token each time it starts: use the address that it printed last.',
      'token',
    );
  }
  if (status !== 200 || !isFacts(body)) {
    throw unavailable(
      `What answers at ${place} is no inspector (${status}).`,
      'Use the address that createInspector gives as url.',
    );
  }
  return body;
}

const isFacts = (body: unknown): body is InspectorFacts => {
  if (typeof body !== 'object' || body === null) return false;
  const { title, version, allowSend } = body as Partial<Record<keyof InspectorFacts, unknown>>;
  return typeof title === 'string' && typeof version === 'string' && typeof allowSend === 'boolean';
};

const unavailable = (message: string, remediation: string, field = '<url>'): SessionchartError =>
  new SessionchartError('INSPECTOR_UNAVAILABLE', { message, remediation, field });
