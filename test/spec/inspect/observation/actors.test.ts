import { describe, expect, it } from 'vitest';
import {
  type AnyActorRef,
  assign,
  createActor,
  createMachine,
  fromCallback,
  fromPromise,
  fromTransition,
  setup,
  spawnChild,
  stopChild,
} from 'xstate';
import { actorTarget } from '../../../../src/integration/inspect/actor-target.ts';
import { VirtualClock } from '../../../../src/integration/testing/virtual-clock.ts';
import { managed } from '../../../support/managed.ts';
import { linesOf, looking, lookingAt } from './support.ts';

/** Parallel regions, a history, eventless edges, timers with and without names, children of every kind. */
const shop = setup({
  actors: {
    fetch: fromPromise<string, string>(({ input }) =>
      input === 'bad' ? Promise.reject(new TypeError('nothing there')) : Promise.resolve(`got ${input}`),
    ),
    listen: fromCallback(() => undefined),
    sum: fromTransition((total: number, event: { type: string }) => total + event.type.length, 0),
  },
  delays: { 'half.minute': 30_000 },
}).createMachine({
  id: 'shop',
  type: 'parallel',
  context: { visitors: 0 },
  states: {
    door: {
      initial: 'shut',
      states: {
        shut: { on: { OPEN: 'ajar', BACK: 'last' } },
        ajar: { always: { target: 'open', guard: ({ context }) => context.visitors >= 0 } },
        open: { on: { SHUT: 'shut' }, after: { 1500: 'shut', 'half.minute': 'shut' } },
        last: { type: 'history' },
      },
    },
    till: {
      initial: 'idle',
      states: {
        idle: { on: { PAY: 'paying', FAIL: 'failing' } },
        paying: { invoke: { id: 'fetch', src: 'fetch', input: 'coins', onDone: 'idle' } },
        failing: { invoke: { id: 'fetch', src: 'fetch', input: 'bad', onError: 'idle' } },
      },
    },
  },
  invoke: [
    { id: 'listen', src: 'listen' },
    { id: 'sum', src: 'sum' },
  ],
});

const throws = (): never => {
  throw Object.assign(new Error('broken'), { code: 'E_BROKEN' });
};

const worker = createMachine({
  id: 'worker',
  initial: 'busy',
  states: { busy: { on: { REST: 'resting' } }, resting: {}, over: { type: 'final' } },
  on: { FINISH: '.over', THROW: { actions: assign(throws) } },
});

const named = ({ event }: { event: { readonly type: string; readonly id?: string } }): string => event.id ?? '';

const boss = createMachine({
  id: 'boss',
  context: { hired: 0 },
  on: {
    HIRE: { actions: spawnChild(worker, { id: named } as never) },
    FIRE: { actions: stopChild(named) },
    THROW: { actions: assign(throws) },
    'xstate.error.actor.*': {},
  },
});

function working() {
  const actor = createActor(boss, { id: 'boss' });
  actor.subscribe({ error: () => undefined });
  actor.start();
  const child = (id: string): AnyActorRef => actor.getSnapshot().children[id] as AnyActorRef;
  return { actor, child, hire: (id: string) => actor.send({ type: 'HIRE', id } as never), ...lookingAt(actor) };
}

describe('any XState actor', () => {
  it('[INS-15] with parallel regions, histories, eventless edges, delays and children of every kind can be looked at', async () => {
    const clock = new VirtualClock();
    const actor = createActor(shop, { id: 'shop', clock }).start();
    const { observation, key, ids, faults } = lookingAt(actor);
    const [shopKey, sumKey, listenKey] = [key('shop'), key('sum'), key('listen')];
    expect(observation.sources).toEqual([{ name: 'source 0', kind: 'actor', root: shopKey }]);
    expect(ids({ sort: 'id' })).toEqual(['listen', 'shop', 'sum']);
    expect(observation.row(shopKey)).toMatchObject({
      role: 'actor',
      state: 'door, till',
      path: 'door.shut, till.idle',
      startedAt: null,
    });
    expect(observation.row(sumKey)).toMatchObject({ role: 'actor', chart: null, state: 'active', path: 'active' });
    for (const actorKey of [shopKey, sumKey]) observation.watch(actorKey);
    expect(observation.view(sumKey)).toMatchObject({ context: { context: 0 }, active: [], tags: [], accepts: [] });
    actor.send({ type: 'OPEN' });
    const opened = observation.take();
    expect(linesOf(opened, shopKey)).toEqual([
      'application → actor: OPEN',
      'OPEN: door.shut, till.idle → door.open, till.idle',
    ]);
    expect(opened.actors[0]?.log?.[1]).toMatchObject({ edges: ['shop.door.shut|OPEN|0', 'shop.door.ajar||0'] });
    const timers = observation.view(shopKey)?.timers ?? [];
    expect(timers.map(({ name, node }) => [name, node])).toEqual([
      ['1500 ms', 'shop.door.open'],
      ['half.minute', 'shop.door.open'],
    ]);
    expect(observation.row(shopKey)?.next).toEqual({ name: '1500 ms', at: timers[0]?.at });
    expect(ids({ sort: 'next' })[0]).toBe('shop');
    await clock.advance(1_500);
    expect(linesOf(observation.take(), shopKey)).toEqual([
      'timer → actor: xstate.after.1500.shop.door.open',
      'after 1500 ms: door.open, till.idle → door.shut, till.idle',
    ]);
    actor.send({ type: 'BACK' });
    actor.send({ type: 'PAY' });
    await clock.advance(0);
    actor.send({ type: 'FAIL' });
    await clock.advance(0);
    expect(linesOf(observation.take(), shopKey).slice(2)).toEqual([
      'application → actor: PAY',
      'actor → service: xstate.init',
      'fetch started',
      'PAY: door.shut, till.idle → door.shut, till.paying',
      'service → actor: xstate.done.actor.fetch',
      'fetch done',
      'fetch is done: door.shut, till.paying → door.shut, till.idle',
      'application → actor: FAIL',
      'actor → service: xstate.init',
      'fetch started',
      'FAIL: door.shut, till.idle → door.shut, till.failing',
      'service → actor: xstate.error.actor.fetch',
      'fetch error',
      'fetch failed: door.shut, till.failing → door.shut, till.idle',
    ]);
    actor.stop();
    const stopped = observation.take();
    expect(stopped.gone).toEqual([sumKey]);
    expect(linesOf(stopped, shopKey)).toEqual([
      'listen stopped',
      'sum stopped',
      'stopped: door.shut, till.idle → door.shut, till.idle',
      'is stopped',
    ]);
    expect(linesOf(stopped, sumKey).at(-1)).toBe('is stopped');
    expect(observation.overview()[0]?.counts).toEqual({ 'door, till': 1 });
    expect(observation.row(shopKey)).toMatchObject({ status: 'stopped', next: null });
    expect(observation.row(listenKey)).toBeUndefined();
    expect(faults).toEqual([]);
  });

  it('[INS-15] its children come and go in the list; one that throws is told of with its code', () => {
    const { observation, key, ids, hire, child, actor } = working();
    const counts = () => observation.overview()[0]?.counts;
    hire('ann');
    hire('bob');
    hire('cyd');
    expect(ids({ sort: 'id' })).toEqual(['ann', 'bob', 'boss', 'cyd']);
    expect(observation.row(key('ann'))).toMatchObject({ state: 'busy', since: expect.any(Number), renewals: null });
    expect(observation.row(key('ann'))?.chart).toBe(observation.row(key('bob'))?.chart);
    const [ann, bob, cyd] = [key('ann'), key('bob'), key('cyd')];
    for (const each of [ann, bob, cyd, key('boss')]) observation.watch(each);
    observation.followRow(ann);
    child('ann').send({ type: 'REST' });
    child('bob').send({ type: 'THROW' });
    actor.send({ type: 'FIRE', id: 'cyd' } as never);
    const changes = observation.take();
    expect(changes.rows.get(ann)).toMatchObject({ state: 'resting', activeAt: expect.any(Number) });
    expect(changes.gone).toEqual([bob, cyd]);
    expect(linesOf(changes, bob)).toEqual([
      'application → actor: THROW',
      'actor → actor: xstate.error.actor.bob',
      'is error',
    ]);
    expect(changes.actors.find(delta => delta.actor === bob)?.row).toMatchObject({
      status: 'error',
      error: 'E_BROKEN',
    });
    expect(linesOf(changes, cyd)).toEqual(['stopped: busy → busy', 'is stopped']);
    expect(linesOf(changes, key('boss'))).toContain('cyd stopped');
    expect(counts()).toEqual({ '': 1, resting: 1 });
    child('ann').send({ type: 'FINISH' });
    expect(observation.take().gone).toEqual([ann]);
    expect(ids()).toEqual(['boss']);
    hire('ann');
    expect(key('ann')).not.toBe(ann);
    expect(observation.view(ann)).toMatchObject({ row: { state: 'over', status: 'done' } });
  });

  it('[INS-15] a root that throws leaves no record, and is told of all the same', () => {
    const { observation, key, actor, announced } = working();
    observation.watch(key('boss'));
    actor.send({ type: 'THROW' });
    expect(announced()).toBe(1);
    const changes = observation.take();
    expect(linesOf(changes, key('boss'))).toEqual(['application → actor: THROW', 'is error']);
    expect(changes.actors[0]?.row).toMatchObject({ status: 'error', error: 'E_BROKEN' });
    expect(changes.gone).toEqual([]);
  });

  it('[INS-15] may be a part of a system: what is beside it is not shown', () => {
    const { hire, child, actor } = working();
    hire('ann');
    hire('bob');
    const { observation, ids } = looking(actorTarget(child('ann')));
    const heard: unknown[] = [];
    observation.feed(({ actorRef }) => heard.push((actorRef as AnyActorRef).id));
    expect(ids()).toEqual(['ann']);
    child('bob').send({ type: 'REST' });
    actor.send({ type: 'NOTHING' } as never);
    expect(heard).toEqual([]);
    expect(observation.overview()[0]).toMatchObject({ events: 0, total: 1 });
    child('ann').send({ type: 'REST' });
    expect(new Set(heard)).toEqual(new Set(['ann']));
    expect(observation.keyOf(child('bob'))).toBeUndefined();
    expect(observation.keyOf(createActor(worker))).toBeUndefined();
  });

  it('[INS-15] may be attached before it has started, and later while others are looked at', () => {
    const late = createActor(worker, { id: 'late' });
    const { observation, key, ids } = looking(actorTarget(late));
    expect(observation.row(key('late'))).toMatchObject({ state: 'busy' });
    late.start();
    const other = createActor(worker, { id: 'other' }).start();
    observation.attach(actorTarget(other), 'another');
    expect(observation.take()).toMatchObject({ stale: true, overview: [{ source: 0 }, { source: 1 }] });
    expect(ids({ sort: 'id' })).toEqual(['late', 'other']);
    expect(observation.row(key('other'))).toMatchObject({ source: 1 });
    other.send({ type: 'REST' });
    expect(observation.row(key('other'))).toMatchObject({ state: 'resting' });
  });
});

describe('what protocols of others are made from', () => {
  it('[INS-19] every live actor once, parents first, and the key of those that have one', async () => {
    const t = await managed({ createSessionId: () => 'only' });
    const { observation, key } = looking(t.manager.inspection());
    const target = t.manager.inspection();
    observation.attach(target, 'the same again');
    t.provider.next(() => new Promise(() => undefined));
    void t.manager.startSession().catch(() => undefined);
    const live = [...observation.liveActors()];
    expect(live.map(({ id }) => id)).toEqual(['coordinator', 'only', 'acquire']);
    expect(live.map(actor => observation.keyOf(actor))).toEqual([key('coordinator'), key('only'), undefined]);
    const heard: string[] = [];
    observation.feed(({ type }) => heard.push(type));
    await t.manager.resetInactivityTimer('only');
    expect(heard).toEqual(['@xstate.event', '@xstate.microstep', '@xstate.snapshot']);
    await t.close();
  });
});
