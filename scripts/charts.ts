// The charts of the library, by the names of their documents.
import type { AnyStateMachine } from 'xstate';
import { circuitBreakerMachine } from '../src/machines/circuit-breaker.ts';
import { coordinatorMachine } from '../src/machines/coordinator.ts';
import { keySlotMachine } from '../src/machines/key-slot.ts';
import { retryMachine } from '../src/machines/retry.ts';
import { sessionMachine } from '../src/machines/session.ts';

export interface Chart {
  readonly name: string;
  readonly machine: AnyStateMachine;
  /** What it is for, in one sentence. */
  readonly about: string;
}

export const CHARTS: readonly Chart[] = [
  {
    name: 'session',
    machine: sessionMachine,
    about: 'How a long-lived session starts, serves, renews its credential, pauses, fails and ends.',
  },
  {
    name: 'coordinator',
    machine: coordinatorMachine,
    about: 'Admits sessions under a limit, starts crashed ones again within a budget, and drains.',
  },
  {
    name: 'circuit-breaker',
    machine: circuitBreakerMachine,
    about: 'Keeps callers away from an endpoint that fails, and lets one probe find out when it is well again.',
  },
  {
    name: 'retry',
    machine: retryMachine,
    about: 'One operation with its attempts and the waits between them, within a budget.',
  },
  {
    name: 'key-slot',
    machine: keySlotMachine,
    about: 'The life of a key service and of the one key that it keeps at hand.',
  },
];
