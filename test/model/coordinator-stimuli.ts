import type { AnyMachineSnapshot } from 'xstate';
import type { CoordinatorContext, CoordinatorLimits, WhenFull } from '../../src/machines/coordinator.ts';
import type { Stimulus, World } from './chart-lab.ts';

export const limitsOf = (whenFull: WhenFull): CoordinatorLimits => ({
  limit: 2,
  whenFull,
  queueLimit: 2,
  maxRestarts: 1,
  restartWindowMs: 60_000,
});

const event = (type: string, more: object = {}): Stimulus => ({ kind: 'event', event: { type, ...more } });

/** Everything that a host can say at this moment: it tells of sessions only that there are. */
export function* coordinatorStimuli({ snapshot }: World): Generator<Stimulus> {
  const { live, sessions, waiting, whenFull } = snapshot.context as CoordinatorContext;
  yield { kind: 'timer' };
  yield { kind: 'wait', ms: 70_000 };
  yield event('START', { sessionId: 'new' });
  yield event('CANCEL', { sessionId: waiting[0] ?? 'unknown', code: 'SESSION_ENDED' });
  yield event('CANCEL', { sessionId: waiting[0] ?? 'unknown', code: 'SESSION_LIMIT_REACHED' });
  yield event('DRAIN');
  yield event('CONFIGURE', { limits: { ...limitsOf(whenFull), limit: 1 } });
  yield event('CHILD_STOPPED');
  // What is on its way when it stops still arrives.
  const late = snapshot.value === 'stopped';
  if (live > 0 || late) {
    yield event('FAILED', { sessionId: 'one' });
    yield event('RETURNED', { sessionId: 'one' });
    yield event('ENDED', { sessionId: 'one', held: true });
    yield event('CRASHED', { sessionId: 'one', held: true, ending: false });
    yield event('CRASHED', { sessionId: 'one', held: true, ending: true });
  }
  if (sessions > live || late) {
    yield event('REVIVE', { sessionId: 'one' });
    yield event('ENDED', { sessionId: 'one', held: false });
    yield event('CRASHED', { sessionId: 'one', held: false, ending: false });
  }
}

export function coordinatorIdentity(snapshot: AnyMachineSnapshot, { now }: World): string {
  const context = snapshot.context as CoordinatorContext;
  const { live, sessions, waiting, limit, crashes, restartWindowMs } = context;
  const recent = crashes.filter(at => now - at < restartWindowMs).length;
  return JSON.stringify([snapshot.value, live, Math.min(sessions, 5), waiting.length, limit, Math.min(recent, 2)]);
}
