import type { AnyMachineSnapshot } from 'xstate';
import type { Stimulus, World } from './chart-lab.ts';

/** How long a key lives, ms. */
const LIFE_MS = 1_000;

/** Everything that can happen to a key service. */
export function* keySlotStimuli({ now }: World): Generator<Stimulus> {
  yield { kind: 'timer' };
  yield { kind: 'wait', ms: LIFE_MS / 2 };
  yield { kind: 'event', event: { type: 'INITIALISED' } };
  yield { kind: 'event', event: { type: 'KEY_ARRIVED', at: now, expiresAt: now + LIFE_MS } as { type: string } };
  yield { kind: 'event', event: { type: 'KEY_DROPPED' } };
  yield { kind: 'event', event: { type: 'DISPOSED' } };
}

export function keySlotIdentity(snapshot: AnyMachineSnapshot, { now, timers }: World): string {
  return JSON.stringify([snapshot.value, ...[...timers.values()].map(({ dueAt }) => dueAt - now)]);
}
