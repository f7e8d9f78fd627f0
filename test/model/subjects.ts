import type { AnyStateMachine } from 'xstate';
import { circuitBreakerMachine } from '../../src/machines/circuit-breaker.ts';
import { coordinatorMachine, WHEN_FULL } from '../../src/machines/coordinator.ts';
import { keySlotMachine } from '../../src/machines/key-slot.ts';
import { retryMachine } from '../../src/machines/retry.ts';
import { sessionMachine } from '../../src/machines/session.ts';
import { breakerIdentity, breakerStimuli } from './breaker-stimuli.ts';
import { coordinatorIdentity, coordinatorStimuli, limitsOf } from './coordinator-stimuli.ts';
import type { TourOptions } from './edge-tour.ts';
import { keySlotIdentity, keySlotStimuli } from './key-slot-stimuli.ts';
import { LIMITS, retryIdentity, retryStimuli } from './retry-stimuli.ts';
import { CONFIG, KINDS, pausedContext, sessionIdentity, sessionStimuli } from './session-stimuli.ts';

/** A chart with everything that can be brought before it. */
export interface Subject {
  readonly machine: AnyStateMachine;
  readonly children: readonly string[];
  readonly inputs: Readonly<Record<string, object>>;
  readonly tour: TourOptions;
  /** Transitions that nothing can bring about, each with the reason. */
  readonly infeasible: Readonly<Record<string, string>>;
}

/** The credential expires while the session waits for its turn to renew. */
const SHORT_LIFE = { renewalMarginSeconds: 0.5, enableHeartbeat: false, enableInactivityTimeout: false };

/** The timers of a serving session come due while it renews. */
const SHORT_WINDOWS = { renewalMarginSeconds: 2, inactivityTimeoutMinutes: 1.5 / 60, heartbeatIntervalSeconds: 1 };

export const SUBJECTS: Readonly<Record<string, Subject>> = {
  session: {
    machine: sessionMachine,
    children: ['acquire', 'open', 'probe', 'notify', 'release', 'purge'],
    inputs: {
      ...Object.fromEntries(
        Object.entries(KINDS).map(([name, kind]) => [name, { sessionId: 's', kind, config: CONFIG, seed: 1 }]),
      ),
      'a single attempt': {
        sessionId: 's',
        kind: KINDS['a credential'],
        config: { ...CONFIG, maxRetryAttempts: 1 },
        seed: 1,
      },
      'short windows': {
        sessionId: 's',
        kind: KINDS['a credential'],
        config: { ...CONFIG, ...SHORT_WINDOWS },
        seed: 1,
      },
      'a short life': {
        sessionId: 's',
        kind: KINDS['a credential'],
        config: { ...CONFIG, ...SHORT_WINDOWS, ...SHORT_LIFE },
        seed: 1,
      },
      'a pause before it crashed': {
        sessionId: 's',
        kind: KINDS['a credential'],
        config: CONFIG,
        seed: 1,
        previous: pausedContext(sessionMachine),
      },
    },
    tour: { stimuli: sessionStimuli, identity: sessionIdentity, limit: 2_000 },
    infeasible: {},
  },
  coordinator: {
    machine: coordinatorMachine,
    children: [],
    inputs: Object.fromEntries(WHEN_FULL.map(policy => [policy, limitsOf(policy)])),
    tour: { stimuli: coordinatorStimuli, identity: coordinatorIdentity, limit: 3_000 },
    infeasible: {},
  },
  'circuit breaker': {
    machine: circuitBreakerMachine,
    children: [],
    inputs: { 'three failures': { threshold: 3, cooldownMs: 1_000 } },
    tour: { stimuli: breakerStimuli, identity: breakerIdentity, limit: 1_000 },
    infeasible: {},
  },
  retry: {
    machine: retryMachine,
    children: [],
    inputs: { 'three attempts': LIMITS },
    tour: { stimuli: retryStimuli, identity: retryIdentity, limit: 1_000 },
    infeasible: {},
  },
  'key slot': {
    machine: keySlotMachine,
    children: [],
    inputs: { 'one key': {} },
    tour: { stimuli: keySlotStimuli, identity: keySlotIdentity, limit: 1_000 },
    infeasible: {},
  },
};
