import { SessionchartError } from '../actors/errors.ts';
import type { Clock } from '../actors/ports.ts';

export interface DeadlineOptions<T> {
  readonly clock: Clock;
  /** Milliseconds until the wait is given up. */
  readonly deadlineMs: number;
  /** Gives up at once when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Takes what still arrives after the wait was given up. */
  readonly discard?: (late: T) => void;
}

/**
 * Waits for `work`, but not for ever, also where the work ignores the signal it is handed.
 *
 * @throws SessionchartError `PROVIDER_TIMEOUT` at the deadline, `OPERATION_ABORTED` when `signal` aborts, and whatever
 * `work` rejects with. Leaves no timer and no listener behind.
 *
 * @example
 * ```ts
 * const token = await withDeadline(signal => credential.getToken(scope, { abortSignal: signal }), { clock, deadlineMs: 10_000 });
 * ```
 */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { clock, deadlineMs, signal, discard }: DeadlineOptions<T>,
): Promise<T> {
  if (signal?.aborted) throw new SessionchartError('OPERATION_ABORTED');
  const inner = new AbortController();
  let timer: unknown;
  let abort: () => void = () => undefined;
  let isOver = false;
  const givenUp = new Promise<never>((_, reject) => {
    const giveUp = (code: 'PROVIDER_TIMEOUT' | 'OPERATION_ABORTED'): void => {
      isOver = true;
      reject(new SessionchartError(code));
      inner.abort();
    };
    timer = clock.setTimeout(() => giveUp('PROVIDER_TIMEOUT'), deadlineMs);
    abort = () => giveUp('OPERATION_ABORTED');
    signal?.addEventListener('abort', abort, { once: true });
  });
  const answer = started(work, inner.signal);
  answer.then(
    late => {
      if (isOver) discard?.(late);
    },
    () => undefined,
  );
  try {
    return await Promise.race([answer, givenUp]);
  } finally {
    clock.clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** Starts the work so that a synchronous throw becomes a rejection. */
async function started<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  return work(signal);
}
