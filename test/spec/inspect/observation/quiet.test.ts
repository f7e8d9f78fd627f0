import { describe, expect, it } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { actorTarget } from '../../../../src/integration/inspect/actor-target.ts';
import { Observation } from '../../../../src/integration/inspect/observation.ts';
import { managed } from '../../../support/managed.ts';
import { looking, lookingAt } from './support.ts';

const lamp = createMachine({
  id: 'lamp',
  initial: 'off',
  states: { off: { on: { SWITCH: 'on' } }, on: { on: { SWITCH: 'off' } } },
});

/** An actor whose system counts who listens to it. */
function counted() {
  const actor = createActor(lamp);
  const inspect = actor.system.inspect;
  let listening = 0;
  actor.system.inspect = observer => {
    const subscription = inspect(observer);
    listening += 1;
    return {
      unsubscribe() {
        listening -= 1;
        subscription.unsubscribe();
      },
    };
  };
  return { actor: actor.start(), listening: () => listening };
}

describe('an observation that nobody needs', () => {
  it('[INS-1] is attached to nothing before it is opened and after it is closed, and forgets what it knew', () => {
    const { actor, listening } = counted();
    const { observation, key } = lookingAt(actor);
    expect([observation.isOpen, listening()]).toEqual([true, 1]);
    observation.open();
    const detach = observation.attach(actorTarget(actor), 'again');
    expect(listening()).toBe(1);
    detach();
    detach();
    expect(listening()).toBe(1);
    const lampKey = key(actor.id);
    expect(observation.watch(lampKey)).toBe(true);
    observation.followRow(lampKey);
    actor.send({ type: 'SWITCH' });
    observation.close();
    expect([observation.isOpen, listening()]).toEqual([false, 0]);
    expect(observation.take()).toEqual({ overview: undefined, rows: new Map(), stale: false, actors: [], gone: [] });
    expect(observation.view(lampKey)).toBeUndefined();
    expect(observation.watch(lampKey)).toBe(false);
    actor.send({ type: 'SWITCH' });
    observation.open();
    expect(observation.overview()).toEqual([{ source: 0, counts: { off: 1 }, total: 1, slots: null, events: 0 }]);
    actor.send({ type: 'SWITCH' });
    expect(observation.take().rows.size).toBe(0);
    observation.close();
    observation.close();
    expect(listening()).toBe(0);
  });

  it('[INS-1] answers from the actors themselves while it is closed', async () => {
    const t = await managed();
    const { observation, key } = looking(t.manager.inspection());
    const { sessionId } = await t.manager.startSession();
    observation.close();
    expect(observation.overview()[0]).toMatchObject({ counts: { accepting: 1, active: 1 }, total: 2, events: 0 });
    expect(observation.row(key(sessionId))).toMatchObject({ id: sessionId, state: 'active' });
    await observation.send(key(sessionId), { type: 'PAUSE' });
    expect(t.manager.getSessionInfo(sessionId)?.state).toBe('paused');
    await t.close();
  });

  it('[INS-1] what is detached is told as gone, and no longer listened to', () => {
    const { actor, listening } = counted();
    const other = createActor(lamp, { id: 'other' }).start();
    const observation = new Observation({ redact: data => data, onChange: () => undefined, onFault: () => undefined });
    const detach = observation.attach(actorTarget(actor), 'one');
    observation.attach(actorTarget(other), 'two');
    observation.open();
    const [first, second] = observation.sources.map(({ root }) => root);
    expect(observation.watch(first as string)).toBe(true);
    detach();
    expect(listening()).toBe(0);
    expect(observation.sources).toEqual([{ name: 'two', kind: 'actor', root: second }]);
    expect(observation.view(first as string)).toBeUndefined();
    const changes = observation.take();
    expect(changes).toMatchObject({ stale: true, actors: [], gone: [first] });
    expect(changes.overview).toHaveLength(1);
    expect(observation.row(second as string)).toMatchObject({ source: 0, id: 'other' });
    expect(observation.row(first as string)).toBeUndefined();
    observation.unwatch(first as string);
    observation.close();
  });
});

describe('what goes wrong while one looks', () => {
  it('[INS-2] a listener, a redactor and an owner that throw are told of, and no actor notices', async () => {
    const actor = createActor(lamp, { id: 'lamp' }).start();
    const faults: string[] = [];
    const observation = new Observation({
      redact: () => {
        throw new Error('redactor');
      },
      onChange: () => {
        throw new Error('told');
      },
      onFault: error => {
        faults.push((error as Error).message);
        throw new Error('owner');
      },
    });
    observation.attach(actorTarget(actor), 'lamp');
    observation.open();
    const key = observation.keyOf(actor) as string;
    observation.watch(key);
    observation.take();
    const heard: string[] = [];
    const unfeed = observation.feed(() => {
      throw new Error('listener');
    });
    observation.feed(({ type }) => heard.push(type));
    actor.send({ type: 'SWITCH' });
    expect(actor.getSnapshot().value).toBe('on');
    expect(heard).toEqual(['@xstate.event', '@xstate.microstep', '@xstate.snapshot']);
    expect(faults).toEqual(['told', 'listener', 'listener', 'listener']);
    expect(observation.view(key)?.log.map(({ kind }) => kind)).toEqual(['status', 'message', 'transition']);
    unfeed();
    actor.send({ type: 'SWITCH' });
    expect(faults).toHaveLength(4);
    observation.close();
    actor.send({ type: 'SWITCH' });
    expect(heard).toHaveLength(6);
  });

  it('[INS-2] a context that cannot be read, and a redactor that answers with what is no data, hide what they hide', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const context = {
      plain: 1,
      cycle,
      get broken(): never {
        throw new Error('no');
      },
    };
    const faults: unknown[] = [];
    const actor = createActor(createMachine({ id: 'odd', context, on: { GO: {} } })).start();
    const observation = new Observation({
      redact: data => (typeof data === 'object' ? data : undefined),
      onChange: () => undefined,
      onFault: error => faults.push(error),
    });
    observation.attach(actorTarget(actor), 'odd');
    observation.open();
    const key = observation.keyOf(actor) as string;
    observation.watch(key);
    actor.send({ type: 'GO', loop: cycle } as never);
    const view = observation.view(key);
    expect(view?.context).toEqual({ plain: 1, cycle: '[unreadable]', broken: '[unreadable]' });
    expect(view?.log.slice(1)).toMatchObject([
      { event: '[redacted]', payload: '[unreadable]' },
      { cause: '[redacted]' },
    ]);
    expect(faults).toEqual([]);
  });

  it('[INS-2] the first change is announced once, and again after it was taken', () => {
    const actor = createActor(lamp).start();
    const { observation, announced } = lookingAt(actor);
    expect(announced()).toBe(0);
    actor.send({ type: 'SWITCH' });
    actor.send({ type: 'SWITCH' });
    expect(announced()).toBe(1);
    expect(observation.take()).toMatchObject({ stale: true, overview: [{ events: 2 }] });
    expect(observation.take()).toEqual({ overview: undefined, rows: new Map(), stale: false, actors: [], gone: [] });
    actor.send({ type: 'SWITCH' });
    expect(announced()).toBe(2);
  });
});
