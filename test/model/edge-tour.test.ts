import { afterAll, describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { circuitBreakerMachine } from '../../src/machines/circuit-breaker.ts';
import { coordinatorMachine, WHEN_FULL } from '../../src/machines/coordinator.ts';
import { sessionMachine } from '../../src/machines/session.ts';
import { breakerIdentity, breakerStimuli } from './breaker-stimuli.ts';
import { ChartLab, edgesOf } from './chart-lab.ts';
import { coordinatorIdentity, coordinatorStimuli, limitsOf } from './coordinator-stimuli.ts';
import { edgeTour, type TourOptions } from './edge-tour.ts';
import { replay } from './replay.ts';
import { CONFIG, KINDS, pausedContext, sessionIdentity, sessionStimuli } from './session-stimuli.ts';

interface Subject {
  readonly machine: AnyStateMachine;
  readonly children: readonly string[];
  readonly inputs: Readonly<Record<string, object>>;
  readonly tour: TourOptions;
  /** Transitions that nothing can bring about, each with the reason. */
  readonly infeasible: Readonly<Record<string, string>>;
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
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
      'a pause before it crashed': {
        sessionId: 's',
        kind: KINDS['a credential'],
        config: CONFIG,
        seed: 1,
        previous: pausedContext(sessionMachine),
      },
    },
    tour: { stimuli: sessionStimuli, identity: sessionIdentity, limit: 3_000 },
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
};

for (const [name, { machine, children, inputs, tour, infeasible }] of Object.entries(SUBJECTS)) {
  describe(`${name} chart`, () => {
    const all = edgesOf(machine);
    const covered = new Set<string>();
    const runs = Object.entries(inputs).map(([variant, input]) => {
      const lab = new ChartLab(machine, input);
      const { paths } = edgeTour(lab, tour);
      const fresh = [...paths].filter(([edge]) => !covered.has(edge));
      for (const [edge] of fresh) covered.add(edge);
      return { variant, input, lab, fresh };
    });

    for (const { variant, input, lab, fresh } of runs) {
      for (const [edge, path] of fresh) {
        it(`[MOD-1] with ${variant}: ${edge}, on the actor as in the chart`, async () => {
          const { mismatch, timersLeft } = await replay(lab, machine, children, input, path);
          expect(mismatch).toBeUndefined();
          expect(timersLeft).toBe(0);
        });
      }
    }

    it('[MOD-2] every feasible transition is covered, and every other one is listed with its reason', () => {
      expect(all.filter(edge => !covered.has(edge)).sort()).toEqual(Object.keys(infeasible).sort());
    });

    afterAll(() => {
      const feasible = all.length - Object.keys(infeasible).length;
      process.stdout.write(
        `transitions of the ${name} chart: ${covered.size} covered / ${feasible} feasible / ${all.length} in all\n`,
      );
      for (const [edge, reason] of Object.entries(infeasible))
        process.stdout.write(`  infeasible: ${edge} (${reason})\n`);
    });
  });
}
