import type { Clock } from './ports.ts';

/** What became of an operation that had a deadline. */
export type Outcome<T> =
  | { readonly status: 'done'; readonly value: T }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'timed-out' };

/**
 * Runs `operation` until it settles or `ms` have passed, whichever is first. It gets a signal that aborts at the
 * deadline. Never rejects, whatever the operation does; what it does after the deadline is not looked at. `over` brings
 * the deadline on early.
 */
export function settleWithin<T>(
  clock: Clock,
  ms: number,
  operation: (signal: AbortSignal) => Promise<T> | T,
  over?: AbortSignal,
): Promise<Outcome<T>> {
  return new Promise(resolve => {
    const controller = new AbortController();
    const settle = (outcome: Outcome<T>): void => {
      clock.clearTimeout(timer);
      over?.removeEventListener('abort', giveUp);
      resolve(outcome);
    };
    const giveUp = (): void => {
      controller.abort();
      settle({ status: 'timed-out' });
    };
    const timer = clock.setTimeout(giveUp, ms);
    over?.addEventListener('abort', giveUp, { once: true });
    attempt(operation, controller.signal).then(
      value => settle({ status: 'done', value }),
      (error: unknown) => settle({ status: 'failed', error }),
    );
  });
}

/** A synchronous throw becomes a rejection. */
async function attempt<T>(operation: (signal: AbortSignal) => Promise<T> | T, signal: AbortSignal): Promise<T> {
  return await operation(signal);
}
