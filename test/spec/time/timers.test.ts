import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { useActorTimers } from '../../../src/actors/actor-timers.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { systemClock } from '../../../src/services/system-clock.ts';
import { type HeapTimer, TimerHeap } from '../../../src/services/timer-heap.ts';

it('[TIM-1] timers run by due time, ties by arming, and a cancelled one never runs', () => {
  const action = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 8 }) }),
    fc.record({ cancel: fc.nat(60) }),
    fc.record({ run: fc.integer({ min: 0, max: 9 }) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200, size: 'max' }), actions => {
      const heap = new TimerHeap();
      const timers: HeapTimer[] = [];
      const expected: { readonly dueAt: number; readonly name: number }[] = [];
      const ran: number[] = [];
      for (const step of actions) {
        if ('add' in step) {
          const name = timers.length;
          timers.push(heap.add(() => ran.push(name), step.add));
          expected.push({ dueAt: step.add, name });
        } else if ('cancel' in step) {
          const timer = timers[step.cancel];
          if (timer === undefined) continue;
          heap.cancel(timer);
          const place = expected.findIndex(({ name }) => name === step.cancel);
          if (place >= 0) expected.splice(place, 1);
        } else {
          for (let due = heap.takeDue(step.run); due !== undefined; due = heap.takeDue(step.run)) due.callback();
          const due = expected
            .filter(({ dueAt }) => dueAt <= step.run)
            .sort((a, b) => a.dueAt - b.dueAt || a.name - b.name);
          expect(ran.splice(0)).toEqual(due.map(({ name }) => name));
          for (const each of due) expected.splice(expected.indexOf(each), 1);
        }
        expect(heap.size).toBe(expected.length);
      }
    }),
  );
});

it('[TIM-2] one platform timer for all that wait, none when nothing does', () => {
  vi.useFakeTimers();
  try {
    const clock = systemClock({ wall: () => Date.now(), steady: () => Date.now() });
    const ran: number[] = [];
    const handles = [30, 10, 20].map(ms => clock.setTimeout(() => ran.push(ms), ms));
    clock.setTimeout(() => ran.push(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(15);
    expect(ran).toEqual([10]);
    clock.clearTimeout(handles[0]);
    clock.clearTimeout(undefined);
    vi.advanceTimersByTime(5);
    expect(ran).toEqual([10, 20]);
    expect(clock.pending).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    clock.clearTimeout(clock.setTimeout(() => ran.push(40), 40));
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

it('[TIM-3] arming a timer again replaces it, one without an end is not armed, and a stopped actor leaves none', () => {
  const clock = new VirtualClock();
  const actor = createActor(createMachine({}), { clock });
  const timers = useActorTimers(actor.system, clock);
  actor.start();
  const { scheduler } = actor.system;
  const arm = (delay: number, id: string) => scheduler.schedule(actor, actor, { type: 'TICK' }, delay, id);
  arm(10, 'a');
  arm(20, 'a');
  arm(Number.POSITIVE_INFINITY, 'b');
  arm(Number.NaN, 'c');
  expect([timers.count(actor), clock.pending]).toEqual([1, 1]);
  expect(timers.of(actor)).toEqual([{ id: 'a', dueAt: clock.now() + 20 }]);
  arm(5, 'd');
  scheduler.cancel(actor, 'd');
  expect([timers.count(actor), clock.pending]).toEqual([1, 1]);
  actor.stop();
  expect([timers.count(actor), timers.of(actor).length, clock.pending]).toEqual([0, 0, 0]);
});
