import { afterEach, expect, it, vi } from 'vitest';
import { type AnyActorRef, createActor, createMachine, fromPromise, fromTransition, setup } from 'xstate';
import { ForeignRelay } from '../../../src/integration/inspect/foreign-relay.ts';
import { statelyEndpoint } from '../../../src/integration/inspect/stately-endpoint.ts';
import { statelyDialect } from '../../../src/integration/inspect/stately-protocol.ts';
import { xstate4Endpoint } from '../../../src/integration/inspect/xstate4-endpoint.ts';
import { Lab, shortly, Viewer } from './lab.ts';

afterEach(() => vi.restoreAllMocks());

const INSPECTING = { type: 'xstate.inspecting' };

const leaf = createMachine({
  id: 'leaf',
  initial: 'a',
  states: { a: { on: { GO: 'b' } }, b: { on: { BACK: 'a', DONE: 'c' } }, c: { type: 'final' } },
});
const family = setup({
  actions: { noted() {} },
  actors: {
    leaf,
    brief: createMachine({ id: 'brief', initial: 'over', states: { over: { type: 'final' } } }),
    wild: createMachine({
      initial: 'calm',
      states: {
        calm: {
          on: {
            BURST: {
              actions: () => {
                throw new Error('burst');
              },
            },
          },
        },
      },
    }),
    wait: fromPromise(() => new Promise(() => {})),
  },
}).createMachine({
  id: 'family',
  initial: 'up',
  states: {
    up: {
      invoke: [
        { id: 'leaf', src: 'leaf' },
        { id: 'wait', src: 'wait' },
        { id: 'wild', src: 'wild', onError: { actions: 'noted' } },
      ],
      on: { ALONE: 'alone', BRIEF: 'short' },
    },
    alone: {},
    short: { invoke: { id: 'brief', src: 'brief', onDone: 'alone' } },
  },
});

function started() {
  const root = createActor(family, { id: 'family' }).start();
  const child = (id: string) => root.getSnapshot().children[id as 'leaf'] as AnyActorRef;
  const names = new Map([[root.sessionId, 'family']]);
  for (const id of ['leaf', 'wait', 'wild']) names.set(child(id).sessionId, id);
  return { root, child, names };
}

it('[INS-50] nothing flows until a receiver is inspecting; then it alone is told of every live actor with a machine, parents first', () => {
  const { root, child, names } = started();
  const lab = new Lab([root]);
  const endpoint = xstate4Endpoint(lab.parts);
  const [silent, asking] = [new Viewer(endpoint), new Viewer(endpoint)];
  child('leaf').send({ type: 'GO' });
  expect([silent.take(), asking.take(), lab.listeners]).toEqual([[], [], 0]);

  asking.says(INSPECTING);
  expect([asking.greetings, silent.greetings]).toEqual([1, 0]);
  const frames = asking.take();
  expect(shortly(frames, names)).toEqual([
    'register family',
    'event family xstate.init',
    'register leaf',
    'event leaf xstate.init',
    'register wild',
    'event wild xstate.init',
  ]);
  expect(frames[0]).toMatchObject({ id: 'family', sessionId: root.sessionId });
  expect(frames[2]).toMatchObject({ id: 'leaf', sessionId: child('leaf').sessionId, parent: root.sessionId });
  expect(JSON.parse(frames[2].state)).toMatchObject({ value: 'b', done: false, _sessionid: child('leaf').sessionId });
  expect(silent.take()).toEqual([]);

  // Said again, it is told all again, and greeted no more.
  asking.says(INSPECTING);
  expect(shortly(asking.take(), names)).toHaveLength(6);
  expect([asking.greetings, lab.listeners]).toEqual([1, 1]);
  asking.leaves();
  silent.leaves();
  expect(lab.listeners).toBe(0);
});

it('[INS-51] events come before they are processed, then the state; what stops, is done or throws is told to the last', () => {
  const { root, child, names } = started();
  const viewer = new Viewer(xstate4Endpoint(new Lab([root]).parts));
  viewer.says(INSPECTING);
  viewer.take();

  child('leaf').send({ type: 'GO', n: 1 });
  const [event, state] = viewer.take();
  expect(JSON.parse(event.event)).toEqual({
    name: 'GO',
    data: { type: 'GO', n: 1 },
    $$type: 'scxml',
    type: 'external',
  });
  expect(JSON.parse(state.state)).toMatchObject({ value: 'b', event: { type: 'GO', n: 1 }, _event: { name: 'GO' } });

  child('wild').send({ type: 'BURST' });
  expect(shortly(viewer.take(), names)).toEqual([
    'event wild BURST',
    'state wild "calm"',
    'stop wild',
    'event family xstate.error.actor.wild',
    'state family "up"',
  ]);

  child('leaf').send({ type: 'DONE' });
  const frames = viewer.take();
  // Its parent is told first: it takes the event in the same step.
  expect(shortly(frames, names)).toEqual([
    'event leaf DONE',
    'event family xstate.done.actor.leaf',
    'state family "up"',
    'state leaf "c"',
    'stop leaf',
  ]);
  expect(JSON.parse(frames[1].event).origin).toBe(frames[0].sessionId);
  expect(JSON.parse(frames[3].state).done).toBe(true);

  root.stop();
  expect(shortly(viewer.take(), names)).toEqual(['state family "up"', 'stop family']);
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  root.send({ type: 'ALONE' });
  expect(viewer.take()).toEqual([]);
});

it('[INS-51] an actor that begins is registered with its first event, after its parent, also if it ends at once', () => {
  const nest = setup({ actors: { family: family } }).createMachine({
    initial: 'empty',
    states: { empty: { on: { BEGIN: 'full' } }, full: { invoke: { id: 'family', src: 'family' } } },
  });
  const root = createActor(nest, { id: 'nest' }).start();
  const viewer = new Viewer(xstate4Endpoint(new Lab([root]).parts));
  viewer.says(INSPECTING);
  viewer.take();
  root.send({ type: 'BEGIN' });
  const names = new Map([[root.sessionId, 'nest']]);
  const name = () => {
    for (const { id, sessionId } of viewer.frames) if (id !== undefined) names.set(sessionId, id);
  };
  name();
  expect(shortly(viewer.take(), names)).toEqual([
    'event nest BEGIN',
    'register family',
    'event family xstate.init',
    'register leaf',
    'event leaf xstate.init',
    'state leaf "a"',
    'register wild',
    'event wild xstate.init',
    'state wild "calm"',
    'state family "up"',
    'state nest "full"',
  ]);
  (root.getSnapshot().children.family as AnyActorRef).send({ type: 'BRIEF' });
  name();
  expect(shortly(viewer.take(), names).filter(line => / brief/.test(line))).toEqual([
    'register brief',
    'event brief xstate.init',
    'state brief "over"',
    'stop brief',
  ]);
});

it('[INS-52] to a viewer that does not read, states and events are not told; it gets the latest state of each actor, and every registration and stop', () => {
  const { root, child, names } = started();
  const lab = new Lab([root]);
  let made = 0;
  const redact = (data: unknown) => {
    made++;
    return lab.parts.redact(data);
  };
  const viewer = new Viewer(xstate4Endpoint({ ...lab.parts, redact }));
  viewer.isStalled = true;
  viewer.says(INSPECTING);
  child('leaf').send({ type: 'GO' });
  const before = made;
  for (let i = 0; i < 100; i++) child('leaf').send({ type: i % 2 === 0 ? 'BACK' : 'GO' });
  // Nor is anything made of them.
  expect([viewer.take(), made]).toEqual([[], before]);
  viewer.wakes();
  expect(shortly(viewer.take(), names).filter(line => line.startsWith('register'))).toEqual([
    'register family',
    'register leaf',
    'register wild',
  ]);

  viewer.isStalled = true;
  child('leaf').send({ type: 'GO' });
  child('leaf').send({ type: 'DONE' });
  child('wild').send({ type: 'BURST' });
  root.send({ type: 'BRIEF' });
  expect(viewer.take()).toEqual([]);
  // Not even if something is attached meanwhile.
  viewer.refreshes();
  expect(viewer.take()).toEqual([]);
  viewer.wakes();
  // The brief one came and went unseen.
  expect(shortly(viewer.take(), names)).toEqual([
    'state family "alone"',
    'state wild "calm"',
    'stop wild',
    'state leaf "c"',
    'stop leaf',
  ]);
});

it('[INS-52] what is told in part before the viewer stalls is told to the end, parents first', () => {
  const { root, child, names } = started();
  const viewer = new Viewer(xstate4Endpoint(new Lab([root]).parts));
  const send = viewer.send.bind(viewer);
  let room = 3;
  viewer.send = (text, droppable) => {
    viewer.isStalled = room-- <= 0;
    return send(text, droppable);
  };
  viewer.says(INSPECTING);
  expect(shortly(viewer.take(), names)).toEqual(['register family', 'event family xstate.init', 'register leaf']);
  child('wild').send({ type: 'NONE' });
  room = 1;
  viewer.wakes();
  expect(shortly(viewer.take(), names)).toEqual(['state leaf "a"']);
  child('leaf').send({ type: 'GO' });
  room = 100;
  viewer.wakes();
  expect(shortly(viewer.take(), names)).toEqual(['register wild', 'event wild xstate.init', 'state leaf "b"']);
});

it('[INS-52] what ends while a viewer stalls is told to the last when it reads again', () => {
  const { root, child, names } = started();
  const viewer = new Viewer(xstate4Endpoint(new Lab([root]).parts));
  viewer.says(INSPECTING);
  child('leaf').send({ type: 'GO' });
  viewer.take();
  const send = viewer.send.bind(viewer);
  viewer.send = (text, droppable) => {
    if (String(text).includes('service.state') && String(text).includes('\\"c\\"')) viewer.isStalled = true;
    return send(text, droppable);
  };
  child('leaf').send({ type: 'DONE' });
  expect(shortly(viewer.take(), names)).toEqual([
    'event leaf DONE',
    'event family xstate.done.actor.leaf',
    'state family "up"',
  ]);
  viewer.send = send;
  viewer.wakes();
  expect(shortly(viewer.take(), names)).toEqual(['state leaf "c"', 'stop leaf']);
});

it('[INS-52] a viewer of /stately that does not read gets the latest snapshot of each actor when it reads again', () => {
  const { root, child, names } = started();
  const lab = new Lab([root]);
  const viewer = new Viewer(statelyEndpoint(lab.parts));
  viewer.take();
  viewer.isStalled = true;
  child('leaf').send({ type: 'GO' });
  child('leaf').send({ type: 'BACK' });
  expect(viewer.take()).toEqual([]);
  viewer.wakes();
  const frames = viewer.take();
  expect(shortly(frames, names)).toEqual(['snapshot leaf active']);
  expect(frames[0]).toMatchObject({ event: { type: '' }, snapshot: { value: 'a' } });
  viewer.leaves();
  expect(lab.listeners).toBe(0);
  child('leaf').send({ type: 'GO' });
  expect(viewer.take()).toEqual([]);
});

it('[INS-51] nothing is kept of an actor without a chart that was stopped, though its snapshot stays as it was', () => {
  const counter = fromTransition((count: number) => count + 1, 0);
  const nest = setup({ actors: { counter } }).createMachine({
    initial: 'empty',
    states: {
      empty: { on: { BEGIN: 'full' } },
      full: { invoke: { id: 'counter', src: 'counter' }, on: { END: 'empty' } },
    },
  });
  const root = createActor(nest).start();
  const { parts } = new Lab([root]);
  const viewer = new Viewer(xstate4Endpoint(parts));
  const relay = new ForeignRelay(viewer, parts.observation, statelyDialect(parts.redact, parts.clock), null);
  parts.observation.feed(record => relay.hear(record));
  relay.restart();
  const run = () => {
    root.send({ type: 'BEGIN' });
    const { counter: child } = root.getSnapshot().children;
    if (child === undefined) throw new Error('no child');
    const { sessionId } = child;
    const before = relay.actorOf(sessionId) === child;
    return { end: () => root.send({ type: 'END' }), isKnown: () => relay.actorOf(sessionId) !== undefined, before };
  };
  const seen = run();
  seen.end();
  expect([seen.before, seen.isKnown()]).toEqual([true, false]);
  const unseen = run();
  viewer.isStalled = true;
  root.send({ type: 'NONE' });
  unseen.end();
  viewer.isStalled = false;
  relay.catchUp();
  expect([unseen.before, unseen.isKnown()]).toEqual([true, false]);
});

it('[INS-53] `session` limits a viewer to one session, what is below it, and its parents', () => {
  const { root, child, names } = started();
  const other = createActor(family, { id: 'other' }).start();
  const lab = new Lab([root, other]);
  const viewer = new Viewer(xstate4Endpoint(lab.parts), 'session=family');
  viewer.says(INSPECTING);
  expect(shortly(viewer.take(), names).filter(line => line.startsWith('register'))).toEqual([
    'register family',
    'register leaf',
    'register wild',
  ]);
  const narrow = new Viewer(xstate4Endpoint(new Lab([root]).parts), 'session=leaf');
  narrow.says(INSPECTING);
  expect(shortly(narrow.take(), names).filter(line => line.startsWith('register'))).toEqual([
    'register family',
    'register leaf',
  ]);
  child('wild').send({ type: 'GO' });
  other.send({ type: 'ALONE' });
  expect(narrow.take()).toEqual([]);
  child('leaf').send({ type: 'GO' });
  expect(shortly(narrow.take(), names)).toEqual(['event leaf GO', 'state leaf "b"']);
});

it('[INS-54] viewers are told of what is attached later, and take leave of what is detached', () => {
  const { root, names } = started();
  const other = createActor(leaf, { id: 'other' }).start();
  names.set(other.sessionId, 'other');
  const lab = new Lab([root]);
  for (const make of [xstate4Endpoint, statelyEndpoint]) {
    const viewer = new Viewer(make(lab.parts));
    if (make === xstate4Endpoint) viewer.says(INSPECTING);
    viewer.take();
    lab.attach(other);
    viewer.refreshes();
    const first = make === xstate4Endpoint ? ['register other', 'event other xstate.init'] : ['actor other'];
    expect(shortly(viewer.take(), names)).toEqual(first);
    viewer.isStalled = true;
    other.send({ type: 'NONE' });
    lab.detach(other);
    viewer.refreshes();
    viewer.wakes();
    expect(shortly(viewer.take(), names)).toEqual(make === xstate4Endpoint ? ['stop other'] : []);
  }
});

it('[INS-54] of an actor that is attached without its parents, nothing above it is told', () => {
  const { child, names } = started();
  const lab = new Lab([child('leaf')]);
  const viewer = new Viewer(xstate4Endpoint(lab.parts));
  viewer.says(INSPECTING);
  expect(shortly(viewer.take(), names)).toEqual(['register leaf', 'event leaf xstate.init']);
  viewer.refreshes();
  expect(viewer.take()).toEqual([]);
});

it('[INS-54] an actor whose parent threw goes on, and is told of without it', () => {
  const root = createActor(createMachine({ on: { 'xstate.error.actor.fragile': { actions() {} } } })).start();
  const fragile = setup({ actors: { leaf } }).createMachine({
    invoke: { id: 'orphan', src: 'leaf' },
    on: {
      BURST: {
        actions: () => {
          throw new Error('burst');
        },
      },
    },
  });
  const parent = createActor(fragile, { id: 'fragile', parent: root });
  parent.subscribe({ error() {} });
  parent.start();
  const orphan = parent.getSnapshot().children.orphan as AnyActorRef;
  const names = new Map([[orphan.sessionId, 'orphan']]);
  parent.send({ type: 'BURST' });
  const viewer = new Viewer(xstate4Endpoint(new Lab([root]).parts));
  viewer.says(INSPECTING);
  viewer.take();
  orphan.send({ type: 'GO' });
  expect(shortly(viewer.take(), names)).toEqual([
    'register orphan',
    'event orphan xstate.init',
    'event orphan GO',
    'state orphan "b"',
  ]);
  // What nobody enumerates is observed all the same.
  viewer.refreshes();
  expect(viewer.take()).toEqual([]);
});
