import type { Clock } from './ports.ts';

/** What became of an operation that had a deadline. */
export type Outcome<T> =
  | { readonly status: 'done'; readonly value: T }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'timed-out' };

/**
 * Runs `operation` until it settles or `ms` have passed, whichever is first. It gets a signal that aborts at the
 * deadline. Never rejects, whatever the operation does; what it does after the deadline is not looked at.
 */
export function withDeadline<T>(
  clock: Clock,
  ms: number,
  operation: (signal: AbortSignal) => Promise<T> | T,
): Promise<Outcome<T>> {
  return new Promise(resolve => {
    const controller = new AbortController();
    const timer = clock.setTimeout(() => {
      controller.abort();
      resolve({ status: 'timed-out' });
    }, ms);
    const settle = (outcome: Outcome<T>): void => {
      clock.clearTimeout(timer);
      resolve(outcome);
    };
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
