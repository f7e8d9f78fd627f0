import { createMachine as createMachine4, State } from 'sessionchart-inspect-conformance';
import { afterEach, expect, it, vi } from 'vitest';
import {
  type AnyStateMachine,
  and,
  assign,
  cancel,
  createMachine,
  fromPromise,
  not,
  raise,
  setup,
  spawnChild,
} from 'xstate';
import { statelyDefinition } from '../../../src/integration/inspect/stately-definition.ts';
import { xstate4Definition } from '../../../src/integration/inspect/xstate4-definition.ts';
import { coordinatorMachine } from '../../../src/machines/coordinator.ts';
import { sessionMachine } from '../../../src/machines/session.ts';
import { createRedactor } from '../../../src/services/redact.ts';

const redact = createRedactor().data;

afterEach(() => vi.restoreAllMocks());

/** What a receiver builds of it. XState 4 says nothing against it. */
function received(machine: AnyStateMachine) {
  const warn = vi.spyOn(console, 'warn');
  const definition = JSON.parse(JSON.stringify(xstate4Definition(machine, redact)));
  const node = createMachine4(definition);
  // It builds transitions when they are first asked for.
  const nodes = node.stateIds.map(id => node.getStateNodeById(id));
  for (const each of nodes) expect(each.transitions).toBeDefined();
  expect(warn).not.toHaveBeenCalled();
  return { definition, node };
}

const everything = setup({
  types: { context: {} as { readonly password: string } },
  actors: { work: fromPromise(async () => 1) },
  actions: { 'log it': () => {}, note: () => {} },
  guards: { isReady: () => true, isLate: () => false },
  delays: { soon: 10, 'v1.5 wait': 20 },
}).createMachine({
  id: 'all',
  context: { password: 'hunter2-in-context' },
  initial: 'idle',
  meta: { apiKey: 'k-in-meta', shown: 1 },
  description: 'All there is.',
  on: {
    'user.*': '.idle',
    '*': { actions: 'note' },
    constructor: '.idle',
    STAY: { actions: ['note', assign({}), raise({ type: 'X' }), cancel('x'), spawnChild('work')] },
    AGAIN: { target: '.idle', reenter: true },
  },
  states: {
    idle: {
      tags: ['quiet'],
      entry: ['note', raise({ type: 'X' })],
      exit: ({ context }) => void context,
      after: { soon: 'both', 'v1.5 wait': { target: 'deep', guard: 'isLate' }, 1500: 'deep' },
      always: { guard: and(['isReady', not('isLate')]), target: 'deep' },
    },
    both: {
      type: 'parallel',
      states: {
        left: { initial: 'one', states: { one: { on: { GO: 'two' } }, two: { type: 'final' } } },
        right: { initial: 'one', states: { one: { on: { GO: 'two' } }, two: { type: 'final' } } },
      },
      onDone: 'deep',
    },
    deep: {
      id: 'elsewhere',
      initial: 'in.side',
      states: {
        'in.side': { on: { OUT: '#all.idle' } },
        other: {},
        back: { type: 'history', history: 'deep', target: 'other' },
        near: { type: 'history' },
      },
      invoke: [
        { id: 'job', src: 'work', onDone: { target: 'idle', actions: 'log it' }, onError: 'end' },
        { src: fromPromise(async () => 2), onDone: 'end' },
      ],
      on: { BACK: '.back' },
    },
    end: { type: 'final' },
  },
});

it('[INS-55] a chart of XState 5 becomes one that XState 4 builds without a warning', () => {
  const { definition, node } = received(everything);
  expect(node.id).toBe('all');
  expect(node.stateIds).toContain('elsewhere');
  const idle = node.getStateNodeById('all.idle');
  expect(idle.tags).toEqual(['quiet']);
  expect(idle.onEntry.map(({ type }) => type).filter(type => !type.startsWith('xstate.'))).toEqual(['note']);
  expect(definition.states.idle.always).toEqual([
    { target: ['#elsewhere'], internal: true, cond: 'isReady and not isLate', actions: [] },
  ]);
  // Delays: names with dots, numbers, guards.
  expect(idle.after.map(({ delay, target }) => [delay, target?.[0]?.id])).toEqual([
    [1500, 'elsewhere'],
    ['soon', 'all.both'],
    ['v1.5 wait', 'elsewhere'],
  ]);
  expect(definition.states.idle.on).toEqual({});
  // Wildcards, and a name that every object has.
  expect(Object.keys(definition.on)).toEqual(['user.*', '*', 'constructor', 'STAY', 'AGAIN']);
  expect(definition.on.STAY).toEqual([{ actions: [{ type: 'note' }] }]);
  expect(definition.on.AGAIN[0]).toMatchObject({ target: ['#all.idle'], internal: false });
  expect(definition.on.constructor[0].target).toEqual(['#all.idle']);
  // Parallel, final, done and error.
  const both = node.getStateNodeById('all.both');
  expect([both.type, Object.keys(both.states)]).toEqual(['parallel', ['left', 'right']]);
  expect(both.on['xstate.done.state.all.both']?.[0]?.target?.[0]?.id).toBe('elsewhere');
  expect(node.getStateNodeById('all.both.left.two').type).toBe('final');
  const deep = node.getStateNodeById('elsewhere');
  expect(Object.keys(deep.on)).toEqual([
    'BACK',
    'xstate.done.actor.job',
    'xstate.error.actor.job',
    'xstate.done.actor.1.elsewhere',
  ]);
  expect(definition.states.deep.invoke).toEqual([
    { id: 'job', src: 'work' },
    { id: '1.elsewhere', src: 'inline' },
  ]);
  // History, and a key with a dot.
  expect(definition.states.deep.states.back).toMatchObject({ type: 'history', history: 'deep', target: 'other' });
  expect(definition.states.deep.states.near).toMatchObject({ type: 'history', history: 'shallow' });
  expect(definition.states.deep.initial).toBe('in.side');
  expect(deep.on.BACK?.[0]?.target?.[0]?.id).toBe('all.deep.back');
});

it('[INS-55] our own charts become such charts; a state of theirs is one there', () => {
  for (const machine of [sessionMachine, coordinatorMachine] as AnyStateMachine[]) {
    const { node } = received(machine);
    expect(node.stateIds).toEqual([...(machine as unknown as { idMap: Map<string, unknown> }).idMap.keys()]);
    const value = machine === (coordinatorMachine as AnyStateMachine) ? 'accepting' : 'ended';
    const state = State.create({ value, _event: { name: 'x', data: { type: 'x' } }, configuration: [] } as never);
    expect(node.resolveState(state).matches(value)).toBe(true);
  }
});

it('[INS-56] no definition holds a context; meta data, parameters, inputs and outputs in it are redacted', () => {
  const secretive = createMachine({
    id: 'secretive',
    context: { password: 'hunter2-a' },
    initial: 'a',
    meta: { note: 'Bearer hunter2-b', apiKey: 'hunter2-c' },
    states: {
      a: {
        meta: { password: 'hunter2-d' },
        entry: { type: 'call', params: { token: 'hunter2-e' } },
        invoke: {
          src: 'work',
          id: 'work',
          input: { secret: 'hunter2-f' },
          onDone: { target: 'b', meta: { key: 'hunter2-g' } },
        },
        on: {
          TOKEN: 'b',
          GO: [{ target: 'b', guard: { type: 'fits', params: { pass: 'hunter2-h' } } }, { target: 'a' }],
        },
      },
      b: { type: 'final', output: { apiKey: 'hunter2-i' } },
    },
    output: { credentials: 'hunter2-j' },
  });
  for (const define of [
    () => xstate4Definition(secretive, redact),
    () => statelyDefinition(secretive.config, redact),
    () => xstate4Definition(everything, redact),
    () => statelyDefinition(everything.config, redact),
  ]) {
    const text = JSON.stringify(define());
    expect(text).not.toMatch(/hunter2|k-in-meta/);
    expect(text).not.toContain('"context"');
  }
  expect(statelyDefinition(secretive.config, redact)).toMatchObject({
    states: { a: { on: { TOKEN: 'b', GO: [{ target: 'b', guard: { type: 'fits' } }, { target: 'a' }] } } },
  });
});

it('[INS-60] what is invoked without a name brings nothing of itself into the definition', () => {
  const { config } = createMachine({
    invoke: [
      { src: createMachine({ id: 'within', context: { password: 'hunter2' } }) },
      { src: fromPromise(async () => 1) },
    ],
  });
  expect(JSON.parse(JSON.stringify(statelyDefinition(config, redact)))).toEqual({ invoke: [{ src: 'within' }, {}] });
});
