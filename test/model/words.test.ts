import { describe, expect, it } from 'vitest';
import { CHARTS } from '../../scripts/charts.ts';
import { CHART_WORDS } from '../../src/integration/inspect/chart-words.ts';

describe('the words of the charts', () => {
  it.each(CHARTS)(
    '[MOD-13] every condition, delay and action of the $name chart has a sentence, and no other',
    ({ machine }) => {
      const { guards, delays, actions } = machine.implementations;
      const named = (parts: object) => Object.keys(parts).sort();
      const words = CHART_WORDS[machine.id];
      expect(named(words?.guards ?? {})).toEqual(named(guards));
      expect(named(words?.delays ?? {})).toEqual(named(delays));
      expect(named(words?.actions ?? {})).toEqual(named(actions));
    },
  );
});
