import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/integration/testing/random.ts';

describe('seeded random', () => {
  it('[TST-20] it draws the same each time, within its bounds', () => {
    const draw = () => {
      const random = new SeededRandom(7);
      return Array.from({ length: 50 }, () => random.integer(-2, 2));
    };
    expect(draw()).toEqual(draw());
    expect(new Set(draw())).toEqual(new Set([-2, -1, 0, 1, 2]));
    expect(new SeededRandom(7).integer(5, 5)).toBe(5);
    expect(new SeededRandom(-7).pick(['one'])).toBe('one');
  });

  it('[TST-20] what it cannot draw from is refused', () => {
    const random = new SeededRandom(1);
    const cases: [() => unknown, string][] = [
      [() => new SeededRandom('x' as never), 'seed is "x"; allowed: a whole number'],
      [() => new SeededRandom(Number.NaN), 'seed is NaN'],
      [() => new SeededRandom(0.5), 'seed is 0.5'],
      [() => random.integer(5, 1), 'max is 1; allowed: a whole number from min (5)'],
      [() => random.integer(Number.NaN, 1), 'min is NaN; allowed: a whole number'],
      [() => random.integer(0, 1.5), 'max is 1.5'],
      [() => random.pick([] as never), 'allowed: a list that is not empty'],
      [() => random.pick(undefined as never), 'list is undefined'],
    ];
    for (const [draw, words] of cases) {
      expect(draw, words).toThrow(words);
      expect(draw).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
    }
  });
});
