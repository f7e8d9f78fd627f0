import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { CHARTS } from '../../scripts/charts.ts';
import { renderTable } from '../../scripts/table-text.ts';
import { tableOf } from '../../scripts/transition-table.ts';
import { dispositionOf } from '../../src/machines/disposition.ts';

const DOCS = resolve(import.meta.dirname, '../../docs');

/** A small chart, in which states say what they are told to say. */
const chart = ({ away = {}, home = {} }: { away?: object; home?: object } = {}) =>
  createMachine({
    id: 'door',
    initial: 'home',
    states: {
      home: { on: { LEAVE: 'away' }, ...home },
      away: { on: { RETURN: { guard: () => true, target: 'home' } }, ...away },
    },
  });

describe('transition tables', () => {
  for (const { name, machine } of CHARTS) {
    it(`[MOD-3] the table of the ${name} chart says something of every state and event, and is the one in docs/`, () => {
      const table = tableOf(machine);
      for (const { kind, cells } of table.states) {
        expect(cells).toHaveLength(kind === 'resting' || kind === 'final' ? table.events.length : 0);
        for (const { rows, otherwise } of cells) expect(rows.length > 0 || otherwise !== undefined).toBe(true);
      }
      expect(readFileSync(join(DOCS, `${name}.md`), 'utf8')).toContain(renderTable(table));
    });
  }

  it('[MOD-3] a state that says nothing of an event is refused by name, also where only its guards say no', () => {
    expect(() => tableOf(chart())).toThrow(
      [
        'the chart "door" is not total:',
        '- "home" says nothing of "RETURN": declare it in the meta of the state',
        '- "away" says nothing of "LEAVE": declare it in the meta of the state',
        '- "away" says nothing of "RETURN" when every guard says no: declare it in the meta of the state',
      ].join('\n'),
    );
  });

  it('[MOD-3] a transition that does nothing must say why', () => {
    const home = { on: { LEAVE: 'away', RETURN: {} } };
    const away = { on: { LEAVE: { actions: [], meta: { ignores: 'it is away' } }, RETURN: 'home' } };
    expect(() => tableOf(chart({ home, away }))).toThrow(
      'the chart "door" is not total:\n- "door.home — RETURN #1" does nothing and does not say why: give it a meta',
    );
  });

  it('[MOD-3] a word about an event that is taken anyway is refused', () => {
    const home = { meta: { ignores: { 'it is there': ['RETURN'] }, postpones: { 'it is late': ['LEAVE'] } } };
    const away = { meta: { refuses: { NOT_HERE: ['LEAVE', 'RETURN'] } } };
    expect(() => tableOf(chart({ home, away }))).toThrow(
      'the chart "door" is not total:\n- "home" says something of "LEAVE", which is always taken there',
    );
  });

  it('[MOD-3] an actor that runs and of whose answer nothing is said is a fault; one that does not run is none', () => {
    const home = { meta: { ignores: { 'it is there': ['RETURN'] } }, invoke: { id: 'bell', src: 'ring' } };
    const away = { meta: { ignores: { 'it is away': ['LEAVE', 'RETURN'] } } };
    expect(() => tableOf(chart({ home, away }))).toThrow(
      [
        'the chart "door" is not total:',
        '- "home" says nothing of "bell answers": declare it in the meta of the state',
        '- "home" says nothing of "bell fails": declare it in the meta of the state',
      ].join('\n'),
    );
  });

  it('[MOD-3] what becomes of an event is read from the innermost state that says a word, and is nothing for a strange one', () => {
    const home = { meta: { ignores: { 'it is there': ['RETURN'] } } };
    const away = { meta: { postpones: { 'the bus is late': ['RETURN'] }, refuses: { NOT_HERE: ['LEAVE'] } } };
    const actor = createActor(chart({ home, away: { ...away, on: {} } })).start();
    const told = (type: string) => dispositionOf(actor.getSnapshot(), { type });
    expect(told('LEAVE')).toEqual({ kind: 'taken' });
    expect(told('RETURN')).toEqual({ kind: 'ignored', because: 'it is there' });
    expect(told('KNOCK')).toBeUndefined();
    actor.send({ type: 'LEAVE' });
    expect(told('RETURN')).toEqual({ kind: 'postponed', because: 'the bus is late' });
    expect(told('LEAVE')).toEqual({ kind: 'refused', codes: ['NOT_HERE'] });
    actor.stop();
  });
});
