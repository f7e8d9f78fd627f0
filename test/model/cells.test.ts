import { afterAll, describe, expect, it, vi } from 'vitest';
import { eventName, eventParts } from '../../scripts/part-names.ts';
import type { Cell, TableState } from '../../scripts/transition-table.ts';
import { lateKey, otherwiseKey, rowKey, tourCells, type Way } from './cell-tour.ts';
import { ChartLab } from './chart-lab.ts';
import { type Pending, replay } from './replay.ts';
import { SUBJECTS } from './subjects.ts';

for (const [name, subject] of Object.entries(SUBJECTS)) {
  describe(`table of the ${name} chart`, () => {
    const { machine, children, inputs } = subject;
    const { table, ways, arrivals, late, refusals, faults, moments } = tourCells(subject);
    const labs = new Map(Object.entries(inputs).map(([variant, input]) => [variant, new ChartLab(machine, input)]));
    const cells = table.states.flatMap(state => state.cells.map(cell => ({ state, cell })));
    let exercised = 0;

    /** Goes the way on a real actor, then does some more, which must change nothing. */
    const go = async ({ variant, path }: Way, more?: Parameters<typeof replay>[5]): Promise<void> => {
      const lab = labs.get(variant);
      const input = inputs[variant];
      if (lab === undefined || input === undefined) throw new Error(`there is no variant "${variant}"`);
      const { mismatch, timersLeft } = await replay(lab, machine, children, input, path, more);
      expect(mismatch).toBeUndefined();
      expect(timersLeft).toBe(0);
    };

    /** The ways to everything that a cell says; for an answer that cannot come here, the ways on which one comes late. */
    const partsOf = (state: TableState, cell: Cell): (() => Promise<void>)[] => {
      const arrival = arrivals.get(state.path);
      const { kind, name: actor } = eventParts(cell.event);
      if (state.kind === 'final') return [() => go(found(arrival), ref => ref.send({ type: cell.event }))];
      if (kind === 'answer' && cell.rows.length === 0) {
        const answers = (_: unknown, pending: ReadonlyMap<string, Pending>): void => {
          if (cell.event.startsWith('xstate.done')) pending.get(actor)?.resolve([]);
          else pending.get(actor)?.reject(new Error('late'));
        };
        const isIdle: Parameters<typeof replay>[5] = ref => expect(ref.getSnapshot().children[actor]).toBeUndefined();
        const stopped = late.get(lateKey(state.path, actor));
        return [() => go(found(arrival), isIdle), ...(stopped === undefined ? [] : [() => go(stopped, answers)])];
      }
      const keys = cell.rows.map(row => rowKey(state.path, row));
      if (cell.otherwise !== undefined) keys.push(otherwiseKey(state.path, cell.event));
      return keys.map(key => () => go(found(ways.get(key), key)));
    };

    const found = (way: Way | undefined, key = 'the state'): Way => {
      if (way === undefined) throw new Error(`no way was found to: ${key}`);
      return way;
    };

    it('[MOD-4] at every moment of the walk every event does what its cell says, and no timer or actor is there without its state', () => {
      expect(faults).toEqual([]);
      expect(moments).toBeGreaterThan(cells.length / 10);
    });

    it('[MOD-4] a row that refuses does so with each of its codes, and with no other', () => {
      const rows = cells.flatMap(({ state, cell }) => cell.rows.map(row => ({ row, key: rowKey(state.path, row) })));
      for (const { row, key } of rows.filter(({ row: { actions } }) => actions.includes('refuse'))) {
        const codes = row.meaning.kind === 'refused' ? row.meaning.codes : row.refusesWaiting;
        expect([key, ...(refusals.get(key) ?? [])].sort()).toEqual([key, ...codes].sort());
      }
    });

    for (const { state, cell } of cells) {
      it(`[MOD-4] ${state.path} × ${eventName(cell.event)}: on the actor as in the table`, async () => {
        const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined); // of events to what is over
        for (const part of partsOf(state, cell)) await part();
        warn.mockRestore();
        exercised += 1;
      });
    }

    afterAll(() => {
      process.stdout.write(`cells of the ${name} chart: ${exercised} exercised / ${cells.length} in all\n`);
    });
  });
}
