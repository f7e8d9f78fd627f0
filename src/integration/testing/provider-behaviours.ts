import type { Clock, MintRequest, RevokeRequest } from '../../actors/ports.ts';
import { notAllowed } from '../../services/config-field.ts';
import { checkedMs } from './virtual-clock.ts';

/** What a behaviour has around it. */
export interface ProviderWorld {
  readonly clock: Clock;
  /** A fresh secret that says whose it is. */
  secret(request: MintRequest): string;
}

/**
 * What a fake provider does with one request. Those that do not look at the request serve `mint` and `revoke` alike, so
 * they can be put together: `slowly(500, answers(503))`.
 */
export type Behaviour<R = MintRequest> = (request: R, world: ProviderWorld) => Promise<unknown>;

/** A behaviour for any request. */
type AnyBehaviour = Behaviour<{ readonly signal: AbortSignal }>;

/** How long credentials live unless told otherwise, ms: as long as those of the Azure preview. */
const USUAL_LIFE_MS = 60_000;

const wait = (clock: Clock, ms: number): Promise<void> => new Promise(resolve => clock.setTimeout(resolve, ms));

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/**
 * Hands over a credential that lives for `lifeMs`; with less than 0 it has expired already. `more` replaces or adds
 * fields, `id` for example, or an `expiresAt` that is no time.
 *
 * @throws SessionchartError `INVALID_CONFIG` where `lifeMs` is no finite number.
 */
export function mints(lifeMs: number = USUAL_LIFE_MS, more: Record<string, unknown> = {}): Behaviour {
  if (!Number.isFinite(lifeMs)) throw notAllowed('lifeMs', lifeMs, 'a finite number (milliseconds)');
  return async (request, { clock, secret }) => ({
    secret: secret(request),
    expiresAt: clock.wall() + lifeMs,
    ...more,
  });
}

/** Rejects with an `Error` that has these properties: `rejects({ code: 'ECONNRESET' })`. */
export const rejects =
  (shape: Record<string, unknown> = {}): AnyBehaviour =>
  async () => {
    throw Object.assign(new Error('refused by the provider'), shape);
  };

/** Rejects with `value` as it is, be it an error or not. */
export const rejectsWith =
  (value: unknown): AnyBehaviour =>
  async () => {
    throw value;
  };

/** Throws `value` from the call itself, before there is a promise. */
export const throwsSynchronously =
  (value: unknown): AnyBehaviour =>
  () => {
    throw value;
  };

/** Rejects as a service that answers with this HTTP status: `answers(429, { retryAfterMs: 3_000 })`. */
export const answers = (status: number, more: Record<string, unknown> = {}): AnyBehaviour =>
  rejects({ status, ...more });

/** Never answers, whatever the signal says. */
export const hangs = (): AnyBehaviour => () => new Promise(() => undefined);

/** Waits for the signal and rejects with its reason, as `fetch` does. */
export const hangsUntilAborted =
  (): AnyBehaviour =>
  async ({ signal }) => {
    await aborted(signal);
    throw signal.reason;
  };

/** Resolves to anything at all, usable or not. */
export const returns =
  (value: unknown): AnyBehaviour =>
  async () =>
    value;

/** Waits `ms`, deaf to the signal, then does as `then` says. */
export function slowly(ms: number): Behaviour;
export function slowly<R>(ms: number, then: Behaviour<R>): Behaviour<R>;
export function slowly(ms: number, then: Behaviour = mints()): Behaviour {
  checkedMs('ms', ms);
  return async (request, world) => {
    await wait(world.clock, ms);
    return then(request, world);
  };
}

/** Answers nothing until the signal aborts, and then, `ms` later, does as `then` says: an answer that nobody wants any more. */
export function answersAfterAbort(ms?: number): Behaviour;
export function answersAfterAbort<R extends { readonly signal: AbortSignal }>(
  ms: number,
  then: Behaviour<R>,
): Behaviour<R>;
export function answersAfterAbort(ms = 0, then: Behaviour = mints()): Behaviour {
  checkedMs('ms', ms);
  return async (request, world) => {
    await aborted(request.signal);
    if (ms > 0) await wait(world.clock, ms);
    return then(request, world);
  };
}

/**
 * `behaviour`, `count` times over: `provider.next(...times(3, answers(503)))`.
 *
 * @throws SessionchartError `INVALID_CONFIG` where `count` is no whole number from 0.
 */
export function times<R>(count: number, behaviour: Behaviour<R>): Behaviour<R>[] {
  if (!(Number.isSafeInteger(count) && count >= 0)) throw notAllowed('count', count, 'a whole number from 0');
  return Array.from({ length: count }, () => behaviour);
}

/**
 * One behaviour after the other, call by call; the last one stays. Each sequence counts its own calls.
 *
 * @throws SessionchartError `INVALID_CONFIG` where one of them is no behaviour, or there is none.
 */
export function sequence<R>(first: Behaviour<R>, ...rest: readonly Behaviour<R>[]): Behaviour<R> {
  const steps = [first, ...rest];
  for (const [index, step] of steps.entries()) {
    if (typeof step !== 'function')
      throw notAllowed(`behaviour ${index + 1}`, step, 'a behaviour, answers(503) for instance');
  }
  let calls = 0;
  return (request, world) => {
    const step = steps[Math.min(calls, steps.length - 1)] ?? first;
    calls += 1;
    return step(request, world);
  };
}

/** What `revoke` does unless told otherwise. */
export const accepts: Behaviour<RevokeRequest> = async () => undefined;
