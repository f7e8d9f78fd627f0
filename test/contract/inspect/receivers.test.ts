import { createWebSocketReceiver as createStatelyReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { createWebSocketReceiver, type ParsedReceiverEvent } from 'sessionchart-inspect-conformance';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createActor, createMachine, setup } from 'xstate';
import { createInspector, type Inspector } from '../../../src/integration/inspect/index.ts';
import { type Managed, MINUTE, managed } from '../../support/managed.ts';

/** The receivers of both packages as they are, against our server, with live sessions of a manager. */
let world: Managed;
const inspectors: Inspector[] = [];

beforeEach(async () => {
  world = await managed();
});
afterEach(async () => {
  // Receivers know no way to stop: their sockets end with the server.
  for (const inspector of inspectors.splice(0)) await inspector.close();
  await world.close();
});

async function inspected(allowSend = false): Promise<Inspector> {
  const inspector = await createInspector({ allowSend });
  inspectors.push(inspector);
  inspector.attach(world.manager, 'voice');
  return inspector;
}

/** Sockets are real: it takes as long as it takes. */
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 15_000, interval: 10 });

const address = (inspector: Inspector, path: string, query = '') =>
  `127.0.0.1:${inspector.port}/${path}?token=${inspector.token}${query}`;

function receiverOf(inspector: Inspector, query = '') {
  const receiver = createWebSocketReceiver({ server: address(inspector, 'xstate', query), serialize: undefined });
  const heard: ParsedReceiverEvent[] = [];
  receiver.subscribe(event => void heard.push(event));
  const of = <T extends ParsedReceiverEvent['type']>(type: T, sessionId?: string) =>
    heard.filter(
      (event): event is Extract<ParsedReceiverEvent, { type: T }> =>
        event.type === type && (sessionId === undefined || event.sessionId === sessionId),
    );
  /** What the v4 objects say: the id of each actor that is registered, its parent and its state. */
  const registered = (id: string) => of('service.register').findLast(event => event.id === id);
  const latest = (id: string) => of('service.state', registered(id)?.sessionId).at(-1)?.state;
  return { receiver, heard, of, registered, latest };
}

it('[INS-62] the receiver of @xstate/inspect builds charts and states of XState 4 from a manager and its sessions', async () => {
  const inspector = await inspected();
  const first = await world.manager.startSession();
  const early = receiverOf(inspector);
  await until(() => expect(early.registered(first.sessionId)).toBeDefined());

  const coordinator = early.registered('coordinator');
  const session = early.registered(first.sessionId);
  expect(coordinator?.parent).toBeUndefined();
  expect(session?.parent).toBe(coordinator?.sessionId);
  expect(session?.machine.id).toBe('session');
  expect(session?.machine.stateIds).toContain('session.paused');
  expect(session?.state.matches('serving.active')).toBe(true);
  expect(session?.state.tags.has('live')).toBe(true);
  expect(session?.machine.resolveState(session.state as never).configuration.map(({ id }) => id)).toContain(
    'session.serving.active',
  );
  expect(early.of('service.event', session?.sessionId)[0]?.event).toMatchObject({
    name: 'xstate.init',
    $$type: 'scxml',
  });

  // Live: one that starts, one that renews, one that ends.
  const second = await world.manager.startSession();
  await until(() => expect(early.latest(second.sessionId)?.matches('serving.active')).toBe(true));
  const renewal = world.manager.renewSession(first.sessionId);
  await world.clock.advance(MINUTE);
  await renewal;
  await until(() =>
    expect(
      early.of('service.state', session?.sessionId).map(({ state }) => state.matches('serving.renewing')),
    ).toContain(true),
  );
  const ended = early.registered(second.sessionId)?.sessionId;
  await world.manager.endSession(second.sessionId);
  await until(() => expect(early.of('service.stop', ended)).toHaveLength(1));
  expect(early.of('service.state', ended).at(-1)?.state).toMatchObject({ done: true, value: 'ended' });
  expect(early.of('service.event', ended).map(({ event }) => event.name)).toContain('END');

  // Who comes late sees what lives, and nobody else is told of it again.
  const before = early.heard.length;
  const late = receiverOf(inspector);
  await until(() => expect(late.registered(first.sessionId)).toBeDefined());
  expect(late.of('service.register').map(({ id }) => id)).toEqual(['coordinator', first.sessionId]);
  expect(early.heard).toHaveLength(before);

  // To one session alone.
  const third = await world.manager.startSession();
  const narrow = receiverOf(inspector, `&session=${third.sessionId}`);
  await until(() => expect(narrow.registered(third.sessionId)).toBeDefined());
  expect(narrow.of('service.register').map(({ id }) => id)).toEqual(['coordinator', third.sessionId]);
});

it('[INS-62] an event that a receiver sends back moves its session, and is not doubled', async () => {
  const inspector = await inspected(true);
  const { sessionId } = await world.manager.startSession();
  const { receiver, of, registered, latest } = receiverOf(inspector);
  await until(() => expect(registered(sessionId)).toBeDefined());
  const service = registered(sessionId)?.sessionId as string;
  const say = (data: { type: string }) =>
    receiver.send({
      type: 'xstate.event',
      event: JSON.stringify({ name: data.type, data, $$type: 'scxml', type: 'external', origin: service }),
      service,
    });
  say({ type: 'PAUSE' });
  await until(() => expect(latest(sessionId)?.matches('paused')).toBe(true));
  expect(world.manager.getSessionInfo(sessionId)?.state).toBe('paused');
  say({ type: 'RESUME' });
  await until(() => expect(latest(sessionId)?.matches('serving.active')).toBe(true));
  expect(
    of('service.event', service)
      .map(({ event }) => event.name)
      .filter(name => !name.startsWith('xstate.')),
  ).toEqual(['PAUSE', 'RESUME']);
});

it('[INS-62] where sending is not allowed an event that is sent back does nothing', async () => {
  const inspector = await inspected();
  const { sessionId } = await world.manager.startSession();
  const { receiver, registered, heard } = receiverOf(inspector);
  await until(() => expect(registered(sessionId)).toBeDefined());
  const service = registered(sessionId)?.sessionId as string;
  const before = heard.length;
  receiver.send({ type: 'xstate.event', event: JSON.stringify({ data: { type: 'PAUSE' }, origin: service }), service });
  // Answered in order: what comes next is after it.
  receiver.send({ type: 'xstate.inspecting' });
  await until(() => expect(heard.length).toBeGreaterThan(before + 3));
  expect(world.manager.getSessionInfo(sessionId)?.state).toBe('active');
});

it('[INS-58] a frame that is no message closes its sender with 1007, the others go on', async () => {
  const inspector = await inspected();
  const { sessionId } = await world.manager.startSession();
  const good = receiverOf(inspector);
  await until(() => expect(good.registered(sessionId)).toBeDefined());
  for (const text of ['not json', 'null', '{"type":"xstate.event","event":"not json"}']) {
    const bad = new WebSocket(`ws://${address(inspector, 'xstate')}`);
    const closed = new Promise(resolve => bad.on('close', resolve));
    bad.on('open', () => bad.send(text));
    expect(await closed).toBe(1007);
  }
  await world.manager.pauseSession(sessionId);
  await until(() => expect(good.latest(sessionId)?.matches('paused')).toBe(true));
});

it('[INS-52] a viewer that reads is told all, however much it is', async () => {
  const CHILDREN = 180;
  // Some 100 kB each, 18 MB in all.
  const heavy = createMachine({
    id: 'heavy',
    context: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`field${i}`, 'word '.repeat(399)])),
  });
  const root = createActor(
    setup({ actors: { heavy } }).createMachine({
      invoke: Array.from({ length: CHILDREN }, (_, i) => ({ id: `heavy${i}`, src: 'heavy' as const })),
    }),
  ).start();
  const inspector = await inspected();
  inspector.attach(root, 'heavy');
  for (const path of ['xstate', 'stately']) {
    const viewer = new WebSocket(`ws://${address(inspector, path)}`);
    const told: string[] = [];
    let closed: number | undefined;
    viewer.on('open', () => viewer.send('{"type":"xstate.inspecting"}'));
    viewer.on('message', data => {
      const { type, id, name } = JSON.parse(String(data));
      if (type === 'service.register' || type === '@xstate.actor') told.push(id ?? name);
    });
    viewer.on('close', code => {
      closed = code;
    });
    await until(() => expect(told.filter(id => id.startsWith('heavy'))).toHaveLength(CHILDREN));
    expect(closed).toBeUndefined();
  }
  root.stop();
});

it('[INS-63] the receiver of @statelyai/inspect gets every actor, then what happens', async () => {
  const inspector = await inspected();
  const { sessionId } = await world.manager.startSession();
  const heard: StatelyInspectionEvent[] = [];
  createStatelyReceiver({ server: `ws://${address(inspector, 'stately')}` }).subscribe(event => void heard.push(event));
  await until(() => expect(heard.map(event => 'name' in event && event.name)).toContain(sessionId));
  const [coordinator, session] = heard.filter(event => event.type === '@xstate.actor');
  expect(coordinator).toMatchObject({ name: 'coordinator', rootId: coordinator?.sessionId });
  expect(session).toMatchObject({
    name: sessionId,
    parentId: coordinator?.sessionId,
    snapshot: { value: { serving: 'active' } },
  });
  expect(JSON.parse(session?.definition ?? '')).toMatchObject({ id: 'session', initial: 'starting' });

  await world.clock.advance(MINUTE);
  await world.manager.pauseSession(sessionId);
  await until(() => expect(heard.at(-1)).toMatchObject({ type: '@xstate.snapshot', snapshot: { value: 'paused' } }));
  expect(heard.filter(event => event.type === '@xstate.event').map(({ event }) => event.type)).toContain('PAUSE');
});
