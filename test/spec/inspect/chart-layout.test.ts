import fc from 'fast-check';
import { expect, it } from 'vitest';
import { layoutOf } from '../../../inspector/layout/layout-of.ts';
import type { ChartLayout } from '../../../inspector/layout/layout-types.ts';
import { CHARTS } from '../../../scripts/charts.ts';
import { chartDefinition } from '../../../src/integration/inspect/chart-definition.ts';
import type { ChartDefinition } from '../../../src/integration/inspect/page-protocol.ts';
import { arrowFaults, boxFaults, countFaults, coveredArrows, textFaults } from './layout-faults.ts';
import { plainChart, randomChart } from './random-chart.ts';

/** Random charts are many: a short search will do. */
const EFFORT = 0.02;
const RUNS = { numRuns: 300 };

const ours = CHARTS.map(({ machine }) => chartDefinition(machine)).map(definition => ({
  definition,
  layout: layoutOf(definition),
}));

function holds(faults: (definition: ChartDefinition, layout: ChartLayout) => readonly string[]): void {
  for (const { definition, layout } of ours) expect(faults(definition, layout), definition.id).toEqual([]);
  fc.assert(
    fc.property(randomChart, definition => {
      expect(faults(definition, layoutOf(definition, EFFORT))).toEqual([]);
    }),
    RUNS,
  );
}

it('[INS-70] a layout has every state and every transition once', () => {
  holds(countFaults);
});

it('[INS-71] boxes beside each other do not overlap, and those inside a state are in its frame below its texts', () => {
  holds((_, layout) => boxFaults(layout));
});

it('[INS-72] texts are inside their box and cover neither each other nor another box', () => {
  holds((_, layout) => textFaults(layout));
});

it('[INS-73] arrows run from the box of the source to the edge of the target, through no text and no state but those around', () => {
  holds((_, layout) => arrowFaults(layout));
  // The short way would lead through a state that has nothing to do with it.
  const [far, deep] = ['aLongNameOfSomething4', 'aLongNameOfSomething1'];
  const paths = ['go0', deep, 'go2', `${deep}.go3`, far, 'go5', `${deep}.go6`, `${deep}.go6.go7`, `${deep}.go3.go8`];
  const crowded = plainChart(paths, [far, `${deep}.go6`, `${deep}.go3.go8`]);
  expect(arrowFaults(layoutOf(crowded, EFFORT))).toEqual([]);
});

it('[INS-74] the same definition gives the same layout', () => {
  for (const { definition, layout } of ours) expect(layoutOf(structuredClone(definition))).toEqual(layout);
});

it('[INS-75] each of our charts can be read in a canvas of 640 × 560 px, and no two arrows lie on each other', () => {
  for (const { layout } of ours) {
    expect(Math.min(640 / layout.width, 560 / layout.height)).toBeGreaterThan(0.7);
    expect(coveredArrows(layout)).toEqual([]);
  }
});
