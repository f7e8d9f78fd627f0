import { expect, it } from 'vitest';
import { systemClock } from '../../../src/services/system-clock.ts';
import { HOUR, SECOND } from '../../support/managed.ts';

/** A machine whose wall clock can be set, and that can sleep. */
function machine() {
  let wall = 1e12;
  let steady = 0;
  const clock = systemClock({ wall: () => wall, steady: () => steady });
  const since = clock.now();
  return {
    passed: () => clock.now() - since,
    tick(ms: number) {
      wall += ms;
      steady += ms;
    },
    set(ms: number) {
      wall += ms;
    },
  };
}

it('[TIM-4] a wall clock that is set back and then right again moves nothing', () => {
  const { passed, tick, set } = machine();
  tick(SECOND);
  set(-HOUR);
  expect(passed()).toBe(SECOND);
  tick(SECOND);
  expect(passed()).toBe(2 * SECOND);
  set(HOUR);
  expect(passed()).toBe(2 * SECOND);
  tick(SECOND);
  expect(passed()).toBe(3 * SECOND);
});

it('[TIM-4] set right in steps it moves nothing either; what goes beyond is a sleep', () => {
  const { passed, tick, set } = machine();
  set(-HOUR);
  expect(passed()).toBe(0);
  for (let i = 1; i <= 4; i++) {
    set(HOUR / 4);
    tick(SECOND);
    expect(passed()).toBe(i * SECOND);
  }
  set(HOUR);
  expect(passed()).toBe(4 * SECOND + HOUR);
  set(-2 * HOUR);
  expect(passed()).toBe(4 * SECOND + HOUR);
  set(3 * HOUR);
  expect(passed()).toBe(4 * SECOND + 2 * HOUR);
});
