import { describe, expect, it } from 'vitest';
import { assign, createActor, createMachine } from 'xstate';
import { actorTarget } from '../../../../src/integration/inspect/actor-target.ts';
import type { ActorView } from '../../../../src/integration/inspect/page-protocol.ts';
import { answers } from '../../../../src/integration/testing/provider-behaviours.ts';
import { managed, SECOND } from '../../../support/managed.ts';
import { actorIn, applied, expectNoGap, linesOf, looking, lookingAt, POISON, replayed, withChange } from './support.ts';

const counter = createMachine({
  id: 'counter',
  context: { count: 0, note: '' },
  on: {
    COUNT: { actions: assign({ count: ({ context }) => context.count + 1 }) },
    NOTE: { actions: assign({ note: ({ event }) => event.text }) },
  },
});

function watchedCounter() {
  const actor = createActor(counter, { id: 'counter' }).start();
  const { observation, key } = lookingAt(actor);
  expect(observation.watch(key('counter'))).toBe(true);
  const view = (after?: number) => observation.view(key('counter'), after) as ActorView;
  const count = (times: number) => {
    for (let i = 0; i < times; i++) actor.send({ type: 'COUNT' });
  };
  return { actor, observation, key: key('counter'), view, count };
}

describe('the log of a watched actor', () => {
  it('[INS-6] tells who said what, what it led to and through which edges, and what is armed afterwards', async () => {
    const t = await managed();
    const { manager, clock } = t;
    const { observation, key } = looking(manager.inspection());
    const { sessionId } = await manager.startSession();
    const actor = key(sessionId);
    observation.watch(actor);
    observation.take();
    const startedAt = clock.wall();
    await clock.advance(50 * SECOND);
    await manager.pauseSession(sessionId);
    await manager.endSession(sessionId);
    const changes = observation.take();
    expect(linesOf(changes, actor)).toEqual([
      'timer → session: xstate.after.heartbeat.session.serving',
      'heartbeat due: serving.active → serving.active',
      'timer → session: xstate.after.renewal.session.serving.active',
      'session → service: xstate.init',
      'acquire started',
      'renewal due: serving.active → serving.renewing.acquiring',
      'service → session: xstate.done.actor.acquire',
      'acquire done',
      'credential obtained: serving.renewing.acquiring → serving.active',
      'application → session: PAUSE',
      'pause requested: serving.active → paused',
      'application → session: END',
      'session → service: xstate.init',
      'notify started',
      'end requested (user): paused → ending.notifying',
      'service → session: xstate.done.actor.notify',
      'notify done',
      'session → service: xstate.init',
      'release started',
      'end was told: ending.notifying → ending.releasing',
      'service → session: xstate.done.actor.release',
      'release done',
      'session → service: xstate.init',
      'purge started',
      'released: ending.releasing → ending.purging',
      'service → session: xstate.done.actor.purge',
      'purge done',
      'session → coordinator: ENDED',
      `session → coordinator: xstate.done.actor.${sessionId}`,
      'purged: ending.purging → ended',
      'is done',
    ]);
    const log = changes.actors[0]?.log ?? [];
    expect(log[0]).toMatchObject({ at: startedAt + 30 * SECOND, from: { role: 'timer', label: 'heartbeat' } });
    expect(log[5]).toMatchObject({
      edges: [
        'session.serving.active|xstate.after.renewal.session.serving.active|0',
        'session.serving.renewing.preparing||1',
      ],
      active: ['session', 'session.serving', 'session.serving.renewing', 'session.serving.renewing.acquiring'],
      changes: { set: { attempt: 2, tries: 1, renewalCause: 'auto-renewal' }, removed: [] },
    });
    expect(log[3]).toMatchObject({ to: { role: 'service', label: 'acquire' }, payload: { input: { attempt: 2 } } });
    const timers = (at: number) => {
      const record = log[at];
      return record?.kind === 'transition' ? record.timers : [];
    };
    expect(timers(5).map(({ name }) => name)).toEqual([
      'heartbeat',
      'expiry',
      'mintDeadline',
      'inactivity',
      'warning',
      'lifetime',
    ]);
    expect(timers(5)[0]).toEqual({
      id: 'xstate.after.heartbeat.session.serving',
      name: 'heartbeat',
      node: 'session.serving',
      at: startedAt + 60 * SECOND,
    });
    expect(timers(10).map(({ name }) => name)).toEqual(['expiry']);
    expect(log[11]).toMatchObject({ payload: { reason: 'user' } });
    await t.close();
  });

  it('[INS-6] names the coordinator where it speaks, and tells it what the host says for a session', async () => {
    const t = await managed({ limit: 1, whenFull: 'evict-idle' });
    const { manager, clock } = t;
    const { observation, key } = looking(manager.inspection());
    t.provider.next(answers(403));
    await manager.startSession().catch(() => undefined);
    const [failed = ''] = manager.getAllSessions().map(({ sessionId }) => sessionId);
    observation.watch(key(failed));
    observation.watch(key('coordinator'));
    await clock.advance(SECOND);
    await manager.renewSession(failed);
    const revived = observation.take();
    expect(linesOf(revived, key(failed)).slice(0, 3)).toEqual([
      'application → coordinator: REVIVE',
      'coordinator → session: REVIVE',
      'session → service: xstate.init',
    ]);
    expect(linesOf(revived, key('coordinator'))).toEqual([
      'application → coordinator: REVIVE',
      'renewal of a failed session asked for: accepting → accepting',
    ]);
    await manager.startSession();
    const evicted = observation.take();
    expect(linesOf(evicted, key(failed))[0]).toBe('coordinator → session: END');
    expect(linesOf(evicted, key('coordinator'))).toContain('session → coordinator: ENDED');
    expect(linesOf(evicted, key('coordinator'))).toContain('a session ended: accepting → accepting');
    await t.close();
  });

  it('[INS-6] an event that changes nothing is told as one that was taken, with no edge and no change', async () => {
    const { actor, observation, key } = watchedCounter();
    actor.send({ type: 'UNHEARD' });
    expect(observation.take().actors).toEqual([
      {
        actor: key,
        row: expect.anything(),
        log: [
          expect.objectContaining({ kind: 'message', event: 'UNHEARD' }),
          expect.objectContaining({ edges: [], from: '', to: '', changes: { set: {}, removed: [] } }),
        ],
      },
    ]);
  });

  it('[INS-8] keeps the latest 500 records, and the context before the first of them', () => {
    const { count, view, observation } = watchedCounter();
    count(249);
    expect(view()).toMatchObject({ dropped: 0, base: { count: 0 }, context: { count: 249 } });
    expect(view().log[0]).toMatchObject({ seq: 1, kind: 'status', status: 'active' });
    count(2);
    expect(view().log).toHaveLength(500);
    expect(view()).toMatchObject({ dropped: 3, base: { count: 1 }, context: { count: 251 } });
    expect(replayed(view())).toEqual(view().context);
    const { log } = view();
    const middle = log[100]?.seq as number;
    const rest = view(middle);
    expect(rest.log).toEqual(log.slice(101));
    expect(rest).toMatchObject({ dropped: 0, base: { count: 51 } });
    expect(replayed(rest)).toEqual(rest.context);
    expect(view(log.at(-1)?.seq)).toMatchObject({ log: [], dropped: 0, base: { count: 251 } });
    expect(view((log[0]?.seq as number) - 2)).toMatchObject({ dropped: 1 });
    observation.take();
  });

  it('[INS-8] tells at most 200 records at once, says how many are missing, and where they would have led', () => {
    const { count, view, observation } = watchedCounter();
    const first = view();
    count(100);
    const [full] = observation.take().actors;
    expect(full).not.toHaveProperty('dropped');
    expect(full?.log).toHaveLength(200);
    count(101);
    const [cut] = observation.take().actors;
    expect(cut).toMatchObject({ dropped: 2, base: { count: 101 } });
    expect(cut?.log).toHaveLength(200);
    count(400);
    const [later] = observation.take().actors;
    expect(later).toMatchObject({ dropped: 600 });
    let mine = first;
    for (const delta of [full, cut, later]) if (delta !== undefined) mine = applied(mine, delta);
    expectNoGap(mine);
    expect(replayed(mine)).toEqual(mine.context);
    expect(mine.context).toEqual(view().context);
    expect(mine.context.count).toBe(601);
  });

  it('[INS-8] keeps records of no more than 1 MB, and the context before the first of them', () => {
    const { actor, view } = watchedCounter();
    const long = Array.from({ length: 15 }, () => 'x'.repeat(500));
    for (let i = 0; i < 200; i++) actor.send({ type: 'NOTE', text: [`${i}`, ...long] });
    const { log, dropped, base, context } = view();
    const size = JSON.stringify(log).length;
    expect(size).toBeLessThan(1.1e6);
    expect(size).toBeGreaterThan(1e6);
    expect(log.at(-1)?.seq).toBe(log.length + dropped);
    expect(dropped).toBeGreaterThan(200);
    expectNoGap(view());
    expect(base).not.toEqual({ count: 0, note: '' });
    expect(replayed(view())).toEqual(context);
  });

  it('[INS-8] tells of a piece of data above 8 kB, and of what a context has above 64 kB, by its size', () => {
    const { actor, view } = watchedCounter();
    const long = Array.from({ length: 20 }, () => 'x'.repeat(500));
    actor.send({ type: 'NOTE', text: long });
    const { log, context } = view();
    expect(context).toEqual({ count: 0, note: '[10061 characters, not shown]' });
    expect(log[1]).toMatchObject({ payload: '[10070 characters, not shown]' });
    expect(JSON.stringify(log).length).toBeLessThan(1_000);

    const names = Array.from({ length: 150 }, (_, i) => `value${i}`);
    const wide = createMachine({ context: Object.fromEntries(names.map(name => [name, 'y'.repeat(1_000)])) });
    const other = createActor(wide, { id: 'wide' }).start();
    const eyes = lookingAt(other);
    eyes.observation.watch(eyes.key('wide'));
    const shown = eyes.observation.view(eyes.key('wide'))?.context ?? {};
    expect(Object.keys(shown)).toHaveLength(101);
    expect(shown).toMatchObject({ value0: 'y'.repeat(1_000), value99: '[1002 characters, not shown]', '…': '50 more' });
    expect(JSON.stringify(shown).length).toBeLessThan(80_000);
  });

  it('[INS-9] goes on when a session threw and was started again; the key stays', async () => {
    const t = await managed();
    const target = t.manager.inspection();
    const { observation, key } = looking(target);
    const { sessionId } = await t.manager.startSession();
    const actor = key(sessionId);
    await t.clock.advance(SECOND);
    observation.watch(actor);
    const before = observation.view(actor) as ActorView;
    actorIn(target, sessionId).send(POISON);
    const changes = observation.take();
    expect(changes.gone).toEqual([]);
    expect(linesOf(changes, actor)).toEqual([
      'application → session: CONFIGURE',
      'session → coordinator: CRASHED',
      'is error',
      'coordinator → session: xstate.init',
      'session → service: xstate.init',
      'acquire started',
      'started again after a crash: serving.active → starting.acquiring',
      'is active',
    ]);
    let mine = before;
    for (const delta of changes.actors) mine = applied(mine, delta);
    expect(mine.row).toMatchObject({ actor, state: 'starting', status: 'active' });
    expect(mine.log[1]).toMatchObject({ payload: { config: '[unreadable]' } });
    expect(replayed(mine)).toEqual(mine.context);
    await t.clock.advance(SECOND);
    for (const delta of observation.take().actors) mine = applied(mine, delta);
    expect(mine).toMatchObject({ row: { state: 'active' }, context: { attempt: 2 } });
    expect(observation.overview()[0]?.counts).toEqual({ accepting: 1, active: 1 });
    await t.close();
  });

  it('[INS-10] an actor that is gone is told of once, and can be looked at until it is let go', async () => {
    const t = await managed({ restarts: { max: 0, windowMs: SECOND } });
    const target = t.manager.inspection();
    const { observation, key } = looking(target);
    const [one, other] = [await t.manager.startSession(), await t.manager.startSession()];
    const [ended, crashed] = [key(one.sessionId), key(other.sessionId)];
    for (const actor of [ended, crashed]) observation.watch(actor);
    await t.manager.endSession(one.sessionId);
    actorIn(target, other.sessionId).send(POISON);
    const changes = observation.take();
    expect(changes.gone).toEqual([ended, crashed]);
    expect(changes.actors.map(({ row, accepts }) => [row?.state, row?.reason, accepts])).toEqual([
      ['ended', 'user', []],
      ['ended', 'crashed', []],
    ]);
    expect(linesOf(changes, crashed).at(-1)).toBe('is error');
    await t.clock.advance(SECOND);
    expect(observation.take()).toMatchObject({ actors: [], gone: [] });
    expect(observation.view(ended)).toMatchObject({ row: { state: 'ended' }, active: ['session', 'session.ended'] });
    expect(observation.watch(ended)).toBe(false);
    observation.unwatch(ended);
    expect(observation.view(ended)).toBeUndefined();
    observation.unwatch(ended);
    expect(observation.watch('0/session:nobody')).toBe(false);
    await t.close();
  });

  it('[INS-11] numbers of records never come again, whichever of several watched actors is let go last', () => {
    const [one, other] = ['one', 'other'].map(id => createActor(counter, { id }).start());
    if (one === undefined || other === undefined) throw new Error('no actors');
    const { observation, key } = looking(actorTarget(one), actorTarget(other));
    const [oneKey, otherKey] = [key('one'), key('other')];
    for (const each of [oneKey, otherKey]) observation.watch(each);
    for (let i = 0; i < 5; i++) one.send({ type: 'COUNT' });
    const last = observation.view(oneKey)?.log.at(-1)?.seq as number;
    for (const each of [oneKey, otherKey]) observation.unwatch(each);
    observation.watch(oneKey);
    expect(observation.view(oneKey)?.log[0]?.seq).toBe(last + 2);
  });

  it('[INS-11] numbers of records go on where nobody watched for a while, also of another observation period', () => {
    const { actor, observation, key, view } = watchedCounter();
    actor.send({ type: 'COUNT' });
    const last = view().log.at(-1)?.seq as number;
    observation.watch(key);
    observation.unwatch(key);
    expect(view().log).toHaveLength(3);
    observation.unwatch(key);
    actor.send({ type: 'COUNT' });
    observation.watch(key);
    actor.send({ type: 'COUNT' });
    const again = view(last);
    expect(again.log[0]?.seq).toBe(last + 2);
    expect(again).toMatchObject({ base: { count: 2 }, context: { count: 3 }, dropped: 0 });
    observation.close();
    observation.open();
    observation.watch(key);
    actor.send({ type: 'COUNT' });
    expect(view(last).log[0]?.seq).toBe(last + 6);
  });

  it('[INS-7] a view that is asked for between two deltas keeps nobody from hearing what changed before it', () => {
    const { actor, observation, view } = watchedCounter();
    const first = view();
    actor.send({ type: 'NOTE', text: 'passing' });
    const between = view();
    actor.send({ type: 'NOTE', text: '' });
    const { actors } = observation.take();
    for (const begun of [first, between]) {
      const mine = actors.reduce(applied, begun);
      expect(mine.context).toEqual({ count: 0, note: '' });
      expect(mine.log.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    }
    expect(withChange({ a: 1, b: 2 }, { set: { a: 3 }, removed: ['b'] })).toEqual({ a: 3 });
  });
});
