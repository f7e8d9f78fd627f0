import { describe, expect, it } from 'vitest';
import {
  type ActorLogic,
  type AnyActorRef,
  createActor,
  createMachine,
  type EventObject,
  fromPromise,
  raise,
  type Snapshot,
  spawnChild,
  stopChild,
} from 'xstate';
import { actorTarget } from '../../../../src/integration/inspect/actor-target.ts';
import { VirtualClock } from '../../../../src/integration/testing/virtual-clock.ts';
import { linesOf, looking, lookingAt } from './support.ts';

const lamp = createMachine({
  id: 'lamp',
  initial: 'off',
  states: { off: { on: { SWITCH: 'on' } }, on: { on: { SWITCH: 'off' } } },
});

/** Logic of somebody's own, whose snapshot is `first`, and after any event `then`. */
function oddLogic(first: object, then: object) {
  const snapshot = (parts: object): Snapshot<unknown> =>
    Object.create({ status: 'active' }, Object.getOwnPropertyDescriptors(parts));
  const logic: ActorLogic<Snapshot<unknown>, EventObject> = {
    transition: () => snapshot(then),
    getInitialSnapshot: () => snapshot(first),
    getPersistedSnapshot: state => state,
  };
  return logic;
}

const oddActor = (id: string, first: object, then = first): AnyActorRef =>
  createActor(oddLogic(first, then), { id }).start();

const broken = {
  get tags(): never {
    throw new Error('no tags');
  },
};

const unreadable = {
  get _nodes(): never {
    throw new Error('no nodes');
  },
};

describe('an actor that cannot be read', () => {
  it('[INS-2] is told as gone once it is watched, and the others are told on', () => {
    const odd = oddActor('odd', {}, broken);
    const good = createActor(lamp, { id: 'good' }).start();
    const { observation, key, faults, announced } = looking(actorTarget(odd), actorTarget(good));
    const [oddKey, goodKey] = [key('odd'), key('good')];
    for (const each of [oddKey, goodKey]) observation.watch(each);
    observation.followRow(goodKey);
    observation.view(goodKey);
    odd.send({ type: 'ODD' });
    good.send({ type: 'SWITCH' });
    const first = observation.take();
    expect(first.gone).toEqual([oddKey]);
    expect(linesOf(first, goodKey)).toEqual(['application → actor: SWITCH', 'SWITCH: off → on']);
    expect(faults).toEqual([new Error('no tags')]);
    expect(observation.view(oddKey)).toBeUndefined();
    expect(observation.watch(oddKey)).toBe(false);
    odd.send({ type: 'ODD' });
    good.send({ type: 'SWITCH' });
    expect(announced()).toBe(2);
    expect(observation.take()).toMatchObject({ actors: [{ actor: goodKey }], gone: [] });
    expect(faults).toHaveLength(1);
  });

  it('[INS-10] is gone for good: another one that takes its key is not told of to who watched it', () => {
    const boss = createMachine({
      on: {
        ODD: { actions: spawnChild(oddLogic({}, broken), { id: 'child' }) },
        STOP: { actions: stopChild('child') },
        GOOD: { actions: spawnChild(lamp, { id: 'child' }) },
      },
    });
    const root = createActor(boss, { id: 'root' }).start();
    const target = Object.assign(actorTarget(root), { keyOf: ({ id }: AnyActorRef) => id });
    const { observation, key } = looking(target);
    root.send({ type: 'ODD' });
    const childKey = key('child');
    observation.watch(childKey);
    const say = (type: string) => (root.getSnapshot().children as Record<string, AnyActorRef>).child?.send({ type });
    say('ANY');
    expect(observation.take().gone).toEqual([childKey]);
    root.send({ type: 'STOP' });
    root.send({ type: 'GOOD' });
    say('SWITCH');
    expect(observation.row(childKey)).toMatchObject({ state: 'on' });
    expect(observation.take()).toMatchObject({ actors: [], gone: [] });
    observation.unwatch(childKey);
    expect(observation.watch(childKey)).toBe(true);
  });

  it('[INS-2] its row is left out of the news and of the list, and the rows of others are there', () => {
    const odd = oddActor('odd', {}, unreadable);
    const good = createActor(lamp, { id: 'good' }).start();
    const { observation, key, ids, faults, announced } = looking(actorTarget(odd), actorTarget(good));
    for (const id of ['odd', 'good']) observation.followRow(key(id));
    const turn = () => {
      odd.send({ type: 'ODD' });
      good.send({ type: 'SWITCH' });
      return [...observation.take().rows.keys()];
    };
    expect(turn()).toEqual([key('good')]);
    expect(turn()).toEqual([key('good')]);
    expect(announced()).toBe(2);
    expect(ids()).toEqual(['good']);
    expect(faults).not.toEqual([]);
  });

  it('[INS-2] hides no source that was attached after it', () => {
    const bad = oddActor('bad', {
      get children(): never {
        throw new Error('no children');
      },
    });
    const none = oddActor('none', { children: null });
    const mixed = oddActor('mixed', { children: { gone: undefined, text: 'child' } });
    const good = createActor(lamp, { id: 'good' }).start();
    const { observation, key, ids, faults } = looking(...[bad, none, mixed, good].map(actorTarget));
    expect(ids({ sort: 'id' })).toEqual(['bad', 'good', 'mixed', 'none']);
    expect(faults).toEqual([new Error('no children')]);
    good.send({ type: 'SWITCH' });
    expect(observation.take().stale).toBe(true);
    expect(observation.row(key('good'))).toMatchObject({ state: 'on' });
    bad.send({ type: 'ODD' });
    expect(observation.overview()[0]).toMatchObject({ total: 1, events: 1 });
    observation.close();
    expect(observation.isOpen).toBe(false);
  });

  it('[INS-2] a context whose names cannot be read is shown as such', () => {
    let isArmed = false;
    const context = new Proxy({} as Record<string, unknown>, {
      ownKeys() {
        if (isArmed) throw new Error('no names');
        return [];
      },
    });
    const actor = createActor(createMachine({ context, on: { GO: {} } }), { id: 'proxy' }).start();
    isArmed = true;
    const { observation, key, faults } = lookingAt(actor);
    expect(observation.watch(key('proxy'))).toBe(true);
    actor.send({ type: 'GO' });
    expect(observation.view(key('proxy'))?.context).toEqual({ '…': '[unreadable]' });
    expect(faults).toEqual([]);
  });
});

describe('what is looked at costs', () => {
  it('[INS-5] the table of timers is gone through once for all that is taken, and not for an event', async () => {
    const clock = new VirtualClock();
    const kid = createMachine({
      id: 'kid',
      initial: 'a',
      states: { a: { after: { 60000: 'b' } }, b: {} },
      on: {
        HIT: {},
        LATER: { actions: raise({ type: 'HIT' }, { delay: 5_000 }) },
        NAMED: { actions: raise({ type: 'HIT' }, { delay: 7_000, id: 'named' }) },
        EARLIER: { actions: raise({ type: 'HIT' }, { delay: -5_000, id: 'earlier' }) },
      },
    });
    const invoke = ['one', 'two', 'three'].map(id => ({ id, src: kid }));
    const root = createActor(createMachine({ invoke }), { id: 'root', clock }).start();
    const one = root.getSnapshot().children.one as AnyActorRef;
    const { observation, key } = lookingAt(root);
    const system = root.system as unknown as { _snapshot: { _scheduledEvents: object } };
    let walks = 0;
    system._snapshot._scheduledEvents = new Proxy(system._snapshot._scheduledEvents, {
      ownKeys(table) {
        walks += 1;
        return Reflect.ownKeys(table);
      },
    });
    for (const id of ['one', 'two', 'three']) observation.followRow(key(id));
    const oneKey = key('one');
    observation.watch(oneKey);
    const walked = (act: () => void): number => {
      walks = 0;
      act();
      return walks;
    };
    const hitAll = () => {
      for (const child of Object.values(root.getSnapshot().children)) child?.send({ type: 'HIT' });
      one.send({ type: 'HIT' });
    };
    expect(walked(hitAll)).toBe(0);
    expect(walked(() => expect(observation.take().rows.size).toBe(3))).toBe(1);
    /** What the last record says is armed. */
    const armed = () => {
      const record = observation.view(oneKey)?.log.at(-1);
      return record?.kind === 'transition' ? record.timers.map(({ name }) => name) : undefined;
    };
    expect(walked(() => one.send({ type: 'NAMED' }))).toBe(0);
    expect(armed()).toEqual(['HIT', '60000 ms']);
    expect(walked(() => one.send({ type: 'LATER' }))).toBe(1);
    expect(armed()).toEqual(['HIT', 'HIT', '60000 ms']);
    expect(walked(() => one.send({ type: 'HIT' }))).toBe(0);
    expect(armed()).toEqual(['HIT', 'HIT', '60000 ms']);
    // XState notes the real time of arming, whatever its clock is.
    const since = Date.now();
    one.send({ type: 'EARLIER' });
    expect(observation.view(oneKey)?.timers[0]?.at).toBeGreaterThanOrEqual(since);
    await clock.advance(60_000);
    expect(armed()).toEqual([]);
  });
});

describe('what is kept', () => {
  it('[INS-1] no chart of what was detached or closed is known any longer', () => {
    const one = createActor(lamp, { id: 'one' }).start();
    const { observation, key } = lookingAt(one);
    const chart = observation.row(key('one'))?.chart as string;
    expect(observation.chartOf(chart)).toMatchObject({ id: 'lamp' });
    const other = createActor(createMachine({ id: 'other' }), { id: 'other' }).start();
    const detach = observation.attach(actorTarget(other), 'other');
    const otherChart = observation.row(key('other'))?.chart as string;
    expect(observation.chartOf(otherChart)).toMatchObject({ id: 'other' });
    detach();
    expect(observation.chartOf(otherChart)).toBeUndefined();
    expect(observation.chartOf(chart)).toBeDefined();
    observation.close();
    expect(observation.chartOf(chart)).toBeUndefined();
  });

  it('[INS-8] at most 1,000 charts of one source are known, and one that was dropped comes back with its row', () => {
    const machines = Array.from({ length: 1_001 }, (_, at) => createMachine({ id: `chart${at}` }));
    const invoke = machines.map((src, at) => ({ id: `actor${at}`, src }));
    const { observation, key } = lookingAt(createActor(createMachine({ invoke }), { id: 'root' }).start());
    const last = observation.list({ offset: 0, limit: 1_002, sort: 'id' }).rows;
    const charts = last.map(({ chart }) => chart as string);
    expect(charts).toHaveLength(1_002);
    expect(charts.filter(chart => observation.chartOf(chart) !== undefined)).toHaveLength(1_000);
    expect(observation.chartOf(charts[0] as string)).toBeUndefined();
    observation.row(key('actor0'));
    expect(observation.chartOf(charts[0] as string)).toMatchObject({ id: 'chart0' });
  });

  it('[INS-19] a child that is over is not among the live actors', async () => {
    const done = fromPromise(async () => 1);
    const actor = createActor(createMachine({ invoke: { id: 'done', src: done } }), { id: 'root' }).start();
    const { observation } = lookingAt(actor);
    const live = () => [...observation.liveActors()].map(({ id }) => id);
    expect(live()).toEqual(['root', 'done']);
    await Promise.resolve();
    await new Promise(resolve => setImmediate(resolve));
    expect(live()).toEqual(['root']);
    const over = createActor(done, { id: 'over' });
    over.stop();
    const holder = oddActor('holder', { children: { over } });
    expect([...lookingAt(holder).observation.liveActors()].map(({ id }) => id)).toEqual(['holder']);
  });
});
