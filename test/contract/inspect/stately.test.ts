import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createActor, fromPromise, setup } from 'xstate';
import { statelyEndpoint } from '../../../src/integration/inspect/stately-endpoint.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { Lab, shortly, Viewer } from './lab.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'Date'] }));
afterEach(() => vi.useRealTimers());

const child = setup({}).createMachine({
  id: 'inner',
  initial: 'on',
  states: { on: { on: { STOP: 'off' } }, off: { type: 'final' } },
  output: { bye: true },
});
const machine = setup({
  actors: { child, work: fromPromise<number, number>(async ({ input }) => input + 1) },
  guards: { isGood: () => true },
  actions: { note() {} },
}).createMachine({
  id: 'outer',
  context: ({ input }) => ({ input, list: [1, 2] }),
  initial: 'up',
  states: {
    up: {
      tags: ['live'],
      invoke: [
        { src: 'child', id: 'kid', onDone: { target: 'down', guard: 'isGood' } },
        { src: 'work', id: 'work', input: 41, onDone: { actions: ({ event }) => void event } },
      ],
      after: { 1000: { actions: 'note' } },
      on: { POKE: { actions: [{ type: 'note', params: { n: 1 } }] } },
    },
    down: { initial: 'x', states: { x: {}, back: { type: 'history' } }, on: { AWAY: 'away' } },
    away: {},
  },
});

/** The shape of a value: keys, and what kind of value each has. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, each]) => [key, shapeOf(each)]),
  );
}

/** One run of the same actors, seen by @statelyai/inspect itself and by us. */
async function bothOf() {
  const theirs: StatelyInspectionEvent[] = [];
  const inspector = createInspector({ send: event => void theirs.push(JSON.parse(JSON.stringify(event))) });
  const clock = new VirtualClock();
  const root = createActor(machine, { input: { who: 'me' }, clock, inspect: inspector.inspect });
  const lab = new Lab([root]);
  const ours = new Viewer(statelyEndpoint(lab.parts));
  root.start();
  root.send({ type: 'POKE', n: 2 });
  await clock.advance(1_000);
  const { kid } = root.getSnapshot().children;
  kid?.send({ type: 'STOP' });
  await clock.advance(0);
  await vi.advanceTimersByTimeAsync(10);
  return { theirs, ours: ours.take(), root, lab };
}

it('[INS-60] of one run the events are those of @statelyai/inspect itself: same order, same keys, same types, same values', async () => {
  const { theirs, ours } = await bothOf();
  const names = new Map(
    theirs.flatMap(event => (event.type === '@xstate.actor' ? [[event.sessionId, event.name]] : [])),
  );
  const order = (frames: readonly StatelyInspectionEvent[]) => shortly(frames, names);
  expect(order(ours)).toEqual(order(theirs));

  const at = (frames: readonly StatelyInspectionEvent[], type: string, sessionId: string) =>
    frames.filter(event => event.type === type && event.sessionId === sessionId);
  for (const sessionId of names.keys()) {
    for (const type of ['@xstate.actor', '@xstate.event', '@xstate.snapshot']) {
      const [mine, others] = [at(ours, type, sessionId), at(theirs, type, sessionId)];
      expect(mine).toHaveLength(others.length);
      mine.forEach((event, i) => {
        const { createdAt: _, snapshot: shown, definition, ...rest } = event as never as Record<string, unknown>;
        const { snapshot: theirSnapshot, ...their } = others[i] as never as Record<string, unknown>;
        expect({ ...rest, createdAt: their.createdAt, definition: their.definition }).toEqual(their);
        if (type === '@xstate.actor') {
          // All of it but the context, which is in each snapshot.
          const { context, ...config } = JSON.parse(String(their.definition));
          expect(JSON.parse(String(definition))).toEqual(config);
        }
        expect(event.createdAt).toMatch(/^\d+$/);
        if (type === '@xstate.snapshot') expect(shown).toEqual(theirSnapshot);
        // Theirs shows a new actor as it is later on.
        else if (type === '@xstate.actor') expect(shown).toMatchObject({ status: 'active' });
        if (type !== '@xstate.actor') expect(shapeOf(event)).toEqual(shapeOf(others[i]));
      });
    }
  }
});

/** An actor without a chart, whose snapshot holds whatever its author likes. */
function oddActor(snapshot: object) {
  const initial = { status: 'active' as const, output: undefined, error: undefined, ...snapshot };
  const logic = { transition: (state: typeof initial) => state, getInitialSnapshot: () => initial };
  return createActor({ ...logic, getPersistedSnapshot: (state: typeof initial) => state }).start();
}

it('[INS-59] no secret that stands directly in a snapshot is told, whatever it is called', () => {
  const canary = 'plain-canary-1';
  const named = { apiKey: canary, password: canary, value: { token: canary }, tags: { secret: canary } };
  const actor = oddActor({ ...named, note: 'fine', historyValue: { token: canary } });
  const viewer = new Viewer(statelyEndpoint(new Lab([actor]).parts));
  actor.send({ type: 'ANY' });
  const frames = viewer.take();
  expect(frames.map(({ type }) => type)).toEqual(['@xstate.actor', '@xstate.event', '@xstate.snapshot']);
  for (const { snapshot } of [frames[0], frames[2]]) {
    expect(snapshot).toMatchObject({ status: 'active', apiKey: '[redacted]', note: 'fine' });
  }
  expect(JSON.stringify(frames)).not.toContain(canary);
});

it('[INS-61] an actor without a chart may have anything in its snapshot where others have children', () => {
  for (const children of [null, 'none', { gone: undefined }, { odd: null }]) {
    const actor = oddActor({ children });
    const lab = new Lab([actor]);
    lab.parts.observation.liveActors = function* () {
      yield actor;
    };
    const viewer = new Viewer(statelyEndpoint(lab.parts));
    expect(viewer.take()).toMatchObject([{ type: '@xstate.actor', snapshot: { status: 'active' } }]);
  }
});

it('[INS-37] a viewer whose beginning cannot be told leaves no listener', () => {
  const lab = new Lab([oddActor({})]);
  const endpoint = statelyEndpoint({
    ...lab.parts,
    redact() {
      throw new Error('no redaction');
    },
  });
  expect(() => new Viewer(endpoint)).toThrow('no redaction');
  expect(lab.listeners).toBe(0);
});

it('[INS-61] who comes late is first told of all actors that live, with their chart and state', async () => {
  const { root, lab } = await bothOf();
  const late = new Viewer(statelyEndpoint(lab.parts));
  const frames = late.take();
  expect(frames).toHaveLength(1);
  const { createdAt: _, ...actor } = frames[0];
  expect(actor).toEqual({
    type: '@xstate.actor',
    name: 'outer',
    sessionId: root.sessionId,
    rootId: root.sessionId,
    definition: expect.any(String),
    snapshot: expect.objectContaining({
      status: 'active',
      value: { down: 'x' },
      context: { input: { who: 'me' }, list: [1, 2] },
    }),
    id: null,
    _version: '0.7.2',
  });
  // What it says is not looked at.
  late.says('{"type":"@xstate.event"}');
  late.says('nonsense');
  expect([late.take(), late.closedFor]).toEqual([[], undefined]);
  late.leaves();
});

it('[INS-60] what history remembers are the ids of states', async () => {
  const { root, lab } = await bothOf();
  const viewer = new Viewer(statelyEndpoint(lab.parts));
  root.send({ type: 'AWAY' });
  const { value, historyValue } = viewer.take().at(-1).snapshot;
  expect([value, historyValue]).toEqual(['away', { 'outer.down.back': [{ id: 'outer.down.x' }] }]);
});
