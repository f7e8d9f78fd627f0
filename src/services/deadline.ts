import { settleWithin } from '../actors/deadline.ts';
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
  const guarded = async (inner: AbortSignal): Promise<T> => {
    const value = await work(inner);
    if (inner.aborted) discard?.(value);
    return value;
  };
  const outcome = await settleWithin(clock, deadlineMs, guarded, signal);
  if (outcome.status === 'done') return outcome.value;
  if (outcome.status === 'failed') throw outcome.error;
  throw new SessionchartError(signal?.aborted ? 'OPERATION_ABORTED' : 'PROVIDER_TIMEOUT');
}
