import type { AnyMachineSnapshot } from 'xstate';
import type { CircuitBreakerContext } from '../../src/machines/circuit-breaker.ts';
import type { Stimulus, World } from './chart-lab.ts';

const CALLS = [1, 2];

/** Everything that callers can say to a breaker. */
export function* breakerStimuli(_world: World): Generator<Stimulus> {
  yield { kind: 'wait', ms: 1_000 };
  for (const call of CALLS) {
    for (const type of ['ASKED', 'SUCCEEDED', 'FAILED', 'ABANDONED']) {
      yield { kind: 'event', event: { type, call } as { type: string } };
    }
  }
}

export function breakerIdentity(snapshot: AnyMachineSnapshot, { now }: World): string {
  const { failureCount, openedAt, lastAttemptAt, probe, cooldownMs } = snapshot.context as CircuitBreakerContext;
  const past = (at: number | undefined) => at !== undefined && now >= at + cooldownMs;
  return JSON.stringify([snapshot.value, Math.min(failureCount, 4), past(openedAt), past(lastAttemptAt), probe]);
}
