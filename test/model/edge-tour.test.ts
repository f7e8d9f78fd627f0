import { afterAll, describe, expect, it } from 'vitest';
import { ChartLab, edgesOf } from './chart-lab.ts';
import { edgeTour } from './edge-tour.ts';
import { replay } from './replay.ts';
import { SUBJECTS } from './subjects.ts';

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
