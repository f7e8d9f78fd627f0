import { classifyFailure } from '../../actors/classify-failure.ts';
import type { Clock } from '../../actors/ports.ts';

/** What a call did within the time it was given. */
export type Seen =
  | { readonly kind: 'resolved'; readonly value: unknown }
  | { readonly kind: 'rejected'; readonly error: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'no promise'; readonly value: unknown }
  | { readonly kind: 'pending' };

/** A call under observation. */
export interface Watched {
  readonly seen: Seen;
  /** How often its promise has settled by now. More than once is possible only for a promise of the adapter's own make. */
  settlements(): number;
}

/** Waits on `clock`, and keeps the process alive meanwhile. */
export async function pause(clock: Clock, ms: number): Promise<void> {
  const release = clock.hold?.();
  await new Promise<void>(resolve => clock.setTimeout(resolve, ms));
  release?.();
}

/** Makes a call and looks at what comes of it within `ms`. Never rejects. */
export async function watch(clock: Clock, ms: number, call: () => unknown): Promise<Watched> {
  let settlements = 0;
  const watched = (seen: Seen): Watched => ({ seen, settlements: () => settlements });
  let answer: unknown;
  try {
    answer = call();
  } catch (error) {
    return watched({ kind: 'threw', error });
  }
  if (!isThenable(answer)) return watched({ kind: 'no promise', value: answer });
  const release = clock.hold?.();
  try {
    return await new Promise<Watched>(resolve => {
      const timer = clock.setTimeout(() => resolve(watched({ kind: 'pending' })), ms);
      const settled = (seen: Seen): void => {
        settlements += 1;
        clock.clearTimeout(timer);
        // Boxed, so that a value that is itself a thenable is not adopted.
        resolve(watched(seen));
      };
      try {
        // Not awaited: a promise that settles twice would be seen once.
        answer.then(
          value => settled({ kind: 'resolved', value }),
          error => settled({ kind: 'rejected', error }),
        );
      } catch (error) {
        settled({ kind: 'rejected', error });
      }
    });
  } finally {
    release?.();
  }
}

interface Thenable {
  then(fulfilled: (value: unknown) => void, rejected: (error: unknown) => void): unknown;
}

function isThenable(value: unknown): value is Thenable {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Thenable>).then === 'function';
}

/** What a call did, in words that show nothing of what it brought. */
export function wordsOf(seen: Seen, deadlineMs: number): string {
  switch (seen.kind) {
    case 'pending':
      return `was still pending after ${deadlineMs} ms`;
    case 'resolved':
      return 'resolved';
    case 'no promise':
      return 'returned no promise';
    case 'threw':
    case 'rejected': {
      const { code, status } = classifyFailure(seen.error);
      const verb = seen.kind === 'threw' ? 'threw' : 'rejected';
      return `${verb} with ${code}${status === undefined ? '' : ` (status ${status})`}`;
    }
  }
}

/** How many timers are armed on a clock, where it counts them. */
export function timersOn(clock: Clock & { readonly pending?: unknown }): number | undefined {
  return typeof clock.pending === 'number' ? clock.pending : undefined;
}
