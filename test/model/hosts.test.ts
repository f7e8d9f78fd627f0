import { describe, expect, it } from 'vitest';
import { createActor, getInitialSnapshot, transition } from 'xstate';
import { stampedLogic } from '../../src/actors/stamped-logic.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import { coordinatorMachine } from '../../src/machines/coordinator.ts';
import { sessionMachine } from '../../src/machines/session.ts';
import { ChartLab, type Stimulus, type World } from './chart-lab.ts';
import { limitsOf } from './coordinator-stimuli.ts';
import { CONFIG } from './session-stimuli.ts';

const INPUT = { sessionId: 's', kind: { credential: true, channel: false, probe: false }, config: CONFIG, seed: 1 };

describe('hosts that do not keep to what a chart asks of them', () => {
  it('[MOD-6] a session that is told no time does not begin, and says what it misses', () => {
    expect(getInitialSnapshot(sessionMachine, INPUT)).toMatchObject({
      status: 'error',
      error: { message: 'event "xstate.init" has no time; run the chart behind stampedLogic()' },
    });
  });

  it('[MOD-6] a coordinator that is told no time of a crash says what it misses', () => {
    const snapshot = getInitialSnapshot(coordinatorMachine, limitsOf('reject'));
    const crash = { type: 'CRASHED', sessionId: 's', held: true, ending: false } as const;
    expect(() => transition(coordinatorMachine, snapshot, crash)).toThrow('event "CRASHED" has no time');
  });

  it.each([undefined, null, 'a word', new Error('thrown'), { code: 'NETWORK_ERROR' }, { retryable: true }])(
    '[MOD-6] an attempt that fails with no Failure is not tried again: %s',
    error => {
      const lab = new ChartLab(sessionMachine, INPUT);
      const world = lab.step(lab.begin().world, { kind: 'refusal', child: 'acquire', error })?.world;
      expect(world?.snapshot).toMatchObject({
        value: { failed: 'releasing' },
        context: { lastError: { failure: { code: 'UNKNOWN_ERROR', retryable: false } } },
      });
    },
  );

  it('[MOD-6] an actor that no host provides fails the session, and nothing hangs', async () => {
    const clock = new VirtualClock();
    const actor = createActor(stampedLogic(sessionMachine, clock), { input: INPUT, clock }).start();
    await clock.advance(0);
    expect(actor.getSnapshot().context.lastError?.failure.code).toBe('UNKNOWN_ERROR');
    actor.send({ type: 'END', reason: 'user' });
    await clock.advance(0);
    expect(actor.getSnapshot().output).toMatchObject({ unfinished: ['RELEASE_FAILED', 'HOOK_FAILED', 'PURGE_FAILED'] });
    expect(clock.pending).toBe(0);
  });

  it('[SES-2] the codes that the steps of an end bring are kept, in order', () => {
    const lab = new ChartLab(sessionMachine, INPUT);
    const steps: Stimulus[] = [
      { kind: 'event', event: { type: 'END', reason: 'user' } as { type: string } },
      { kind: 'answer', child: 'notify', output: [] },
      { kind: 'answer', child: 'release', output: ['RELEASE_FAILED'] },
      { kind: 'refusal', child: 'purge', error: 'a word' },
    ];
    const begin: World | undefined = lab.begin().world;
    const last = steps.reduce((world: World | undefined, step) => world && lab.step(world, step)?.world, begin);
    expect(last?.snapshot.output).toEqual({ reason: 'user', unfinished: ['RELEASE_FAILED', 'PURGE_FAILED'] });
  });
});
