import type { AnyMachineSnapshot, SnapshotFrom } from 'xstate';
import type { RetryLimits, retryMachine } from '../../src/machines/retry.ts';
import type { Stimulus, World } from './chart-lab.ts';

export const LIMITS: RetryLimits & { readonly seed: number } = {
  policy: 'exponential',
  maxAttempts: 3,
  initialDelayMs: 100,
  multiplier: 2,
  maxDelayMs: 1_000,
  budgetMs: 1_000,
  jitter: 'none',
  delaysMs: [],
  seed: 1,
};

const TRANSIENT = { code: 'NETWORK_ERROR', retryable: true };
const FAILURES = [
  TRANSIENT,
  { code: 'AUTH_ERROR', retryable: false },
  { ...TRANSIENT, retryAfterMs: LIMITS.budgetMs }, // longer than what is left
];

/** Everything that can happen to an operation that is tried again: answers to its attempts, old ones too. */
export function* retryStimuli({ snapshot, now }: World): Generator<Stimulus> {
  const { attempt } = snapshot.context as SnapshotFrom<typeof retryMachine>['context'];
  yield { kind: 'timer' };
  yield { kind: 'wait', ms: 50 };
  for (const about of [attempt, attempt - 1]) {
    yield event('SUCCEEDED', { attempt: about });
    for (const failure of FAILURES) yield event('FAILED', { attempt: about, at: now, failure });
  }
  yield event('ABORTED');
}

const event = (type: string, more: object = {}): Stimulus => ({ kind: 'event', event: { type, ...more } });

export function retryIdentity(snapshot: AnyMachineSnapshot, { now }: World): string {
  const { attempt, gaveUp, endsAt } = snapshot.context as SnapshotFrom<typeof retryMachine>['context'];
  return JSON.stringify([snapshot.value, attempt, gaveUp, endsAt - now]);
}
