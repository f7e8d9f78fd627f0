import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnyStateMachine, type AnyStateNode, and, createMachine, fromPromise, not, raise, setup } from 'xstate';
import { CHARTS } from '../../../../scripts/charts.ts';
import { chartDefinition, edgeIdOf, timerParts } from '../../../../src/integration/inspect/chart-definition.ts';
import { sessionMachine } from '../../../../src/machines/session.ts';
import { managed } from '../../../support/managed.ts';
import { looking } from './support.ts';

const nodesOf = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)];
const edgesOf = (machine: AnyStateMachine) =>
  nodesOf(machine.root).flatMap(node => [...[...node.transitions.values()].flat(), ...(node.always ?? [])]);

/** Each node and edge of the machine is there once, and every name in it is one that there is. */
function expectWhole(machine: AnyStateMachine): void {
  const definition = chartDefinition(machine);
  const ids = definition.nodes.map(({ id }) => id);
  expect(ids.toSorted()).toEqual(
    nodesOf(machine.root)
      .map(({ id }) => id)
      .toSorted(),
  );
  expect(new Set(ids).size).toBe(ids.length);
  expect(definition.edges.map(({ id }) => id).toSorted()).toEqual(edgesOf(machine).map(edgeIdOf).toSorted());
  expect(new Set(definition.edges.map(({ id }) => id)).size).toBe(definition.edges.length);
  for (const [at, { parent, initial }] of definition.nodes.entries()) {
    if (at > 0) expect(ids.slice(0, at)).toContain(parent);
    if (initial !== null) expect(ids).toContain(initial);
  }
  for (const { source, targets } of definition.edges) for (const id of [source, ...targets]) expect(ids).toContain(id);
  expect(JSON.parse(JSON.stringify(definition))).toEqual(definition);
}

describe('the definition of a chart', () => {
  it.each(CHARTS)(
    '[INS-17] of $name has every state and every edge once, and a sentence for each name',
    ({ machine }) => {
      expectWhole(machine);
      const { words, edges, nodes } = chartDefinition(machine);
      const names = (of: (string | undefined)[]) => [...new Set(of.filter(name => name !== undefined))].toSorted();
      expect(Object.keys(words.delays).toSorted()).toEqual(
        names(edges.map(({ kind, label }) => (kind === 'delay' ? label : undefined))),
      );
      expect(Object.keys(words.actions).toSorted()).toEqual(
        names([...edges.flatMap(({ actions }) => actions), ...nodes.flatMap(({ entry, exit }) => [...entry, ...exit])]),
      );
      expect(Object.keys(words.guards).toSorted()).toEqual(
        names(edges.flatMap(({ guard }) => guard?.replace('not ', '').split(/ and | or /))),
      );
    },
  );

  it('[INS-17] of any chart has every state and every edge once', () => {
    const state = fc.letrec(tie => ({
      node: fc.record({
        kind: fc.constantFrom('atomic', 'compound', 'parallel', 'final', 'history'),
        children: fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('node'), { maxLength: 3 })),
        on: fc.subarray(['GO', 'x.y', '*']),
        after: fc.subarray(['10', 'half.time']),
      }),
    })).node;
    interface Made {
      readonly kind: string;
      readonly children: readonly Made[];
      readonly on: readonly string[];
      readonly after: readonly string[];
    }
    const config = ({ kind, children, on, after }: Made, name: string): object => {
      if (kind === 'final' || (kind === 'history' && name !== 'top')) return { type: kind };
      const states = Object.fromEntries(children.map((child, i) => [`${name}.${i}`, config(child, `${name}${i}`)]));
      const first = children.findIndex(child => child.kind !== 'history');
      const edges = (names: readonly string[]) =>
        Object.fromEntries(names.map(each => [each, [{}, { target: '#top' }]]));
      const isParallel = kind === 'parallel' && children.length > 0;
      return {
        ...(first < 0 ? {} : { states, ...(isParallel ? { type: 'parallel' } : { initial: `${name}.${first}` }) }),
        on: edges(on),
        after: edges(after),
        always: { guard: () => false, actions: raise({ type: 'GO' }) },
      };
    };
    fc.assert(
      fc.property(state, made => {
        const { type, ...rest } = config(made as Made, 'top') as { type?: string };
        const top = type === 'parallel' ? { type, ...rest } : rest;
        expectWhole(createMachine({ id: 'top', ...top } as never, { delays: { 'half.time': 5 } } as never));
      }),
      { numRuns: 200 },
    );
  });

  it('[INS-17] names edges and parts as people know them, and holds neither functions nor the context', () => {
    const isReady = () => true;
    const machine = setup({
      actors: { load: fromPromise(async () => 1) },
      guards: { isOpen: () => true, isFull: () => false },
      delays: { 'half.time': 5 },
    }).createMachine({
      id: 'named',
      context: { password: 'hidden' },
      initial: 'a',
      states: {
        a: {
          description: 'The first.',
          tags: ['first'],
          entry: [isReady, () => undefined, raise({ type: 'GO' }), { type: 'xstate.own' as never }],
          invoke: [
            { src: 'load', onDone: 'b', onError: 'b', onSnapshot: {} },
            { id: 'inline', src: fromPromise(async () => 2), onDone: 'b' },
          ],
          on: {
            GO: [
              { guard: and(['isOpen', not('isFull')]), target: 'b', reenter: true },
              { guard: isReady, target: 'b' },
              { guard: () => true, target: '#named' },
            ],
          },
          after: { 1500: 'b', 'half.time': 'b' },
        },
        b: { always: { target: 'c' } },
        c: { initial: 'd', states: { d: { type: 'final' } }, onDone: 'a' },
      },
    } as never) as unknown as AnyStateMachine;
    const { nodes, edges, events, root, id, words } = chartDefinition(machine);
    expect([id, root, events]).toEqual(['named', 'named', ['GO']]);
    expect(nodes[1]).toEqual({
      id: 'named.a',
      key: 'a',
      parent: 'named',
      type: 'atomic',
      initial: null,
      tags: ['first'],
      description: 'The first.',
      entry: ['isReady', 'inline'],
      exit: [],
      invokes: [
        { id: '0.named.a', src: 'load' },
        { id: 'inline', src: 'inline' },
      ],
    });
    expect(nodes.map(({ initial }) => initial)).toEqual(['named.a', null, null, 'named.c.d', null]);
    expect(edges.map(({ kind, label, guard }) => [kind, label, guard])).toEqual([
      ['event', 'GO', 'isOpen and not isFull'],
      ['event', 'GO', 'isReady'],
      ['event', 'GO', 'inline'],
      ['done', 'done: load', undefined],
      ['error', 'error: load', undefined],
      ['event', 'told by load', undefined],
      ['done', 'done: inline', undefined],
      ['delay', '1500 ms', undefined],
      ['delay', 'half.time', undefined],
      ['always', '', undefined],
      ['done', 'done', undefined],
    ]);
    expect(edges[0]).toMatchObject({ event: 'GO', targets: ['named.b'], reenter: true });
    expect(edges[9]).toMatchObject({ id: 'named.b||0', event: null, reenter: false });
    expect(JSON.stringify(nodes)).not.toContain('hidden');
    expect(words).toEqual({ guards: {}, delays: {}, actions: {} });
    expect(timerParts(machine, 'xstate.after.1500.nowhere')).toBeUndefined();
    expect(timerParts(machine, 'GO')).toBeUndefined();
  });

  it('[INS-17] is the same for a machine and for the sessions that run it, and another for another chart', async () => {
    const t = await managed();
    const { observation, key } = looking(t.manager.inspection());
    const { sessionId } = await t.manager.startSession();
    const own = chartDefinition(sessionMachine);
    expect(observation.row(key(sessionId))?.chart).toBe(own.key);
    expect(observation.chartOf(own.key)).toEqual(own);
    expect(chartDefinition(sessionMachine.provide({}))).toBe(own);
    expect(observation.chartOf('nonsense')).toBeUndefined();
    const keys = CHARTS.map(({ machine }) => chartDefinition(machine).key);
    expect(new Set(keys).size).toBe(keys.length);
    const one = createMachine({ id: 'same', on: { A: {} } });
    const other = createMachine({ id: 'same', on: { B: {} } });
    expect(chartDefinition(one).key).not.toBe(chartDefinition(other).key);
    expect(chartDefinition(createMachine({ id: 'same', on: { A: {} } })).key).toBe(chartDefinition(one).key);
    await t.close();
  });
});
