import { EventEmitter } from 'node:events';
import { createMachine as createMachine4, inspect, interpret } from 'sessionchart-inspect-conformance';
import { afterEach, expect, it } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { xstate4Endpoint } from '../../../src/integration/inspect/xstate4-endpoint.ts';
import { type Frame, Lab, Viewer } from './lab.ts';

const INSPECTING = '{"type":"xstate.inspecting"}';
const chart = {
  id: 'light',
  initial: 'red' as const,
  states: { red: { on: { NEXT: 'green' } }, green: { on: { NEXT: 'off' } }, off: { type: 'final' as const } },
};

afterEach(() => {
  delete (globalThis as { __xstate__?: unknown }).__xstate__;
});

/** What the server of @xstate/inspect itself tells of that chart. Its sockets are replaced, nothing else. */
function theirs(): Frame[] {
  const frames: Frame[] = [];
  const client = Object.assign(new EventEmitter(), {
    OPEN: 1,
    readyState: 1,
    send: (text: string) => void frames.push(JSON.parse(text)),
  });
  const server = Object.assign(new EventEmitter(), { clients: new Set([client]), close() {} });
  const inspector = inspect({ server: server as never });
  server.emit('connection', client);
  client.emit('message', INSPECTING, false);
  const machine = createMachine4({ ...chart, predictableActionArguments: true });
  const service = interpret(machine, { devTools: true }).start();
  service.send({ type: 'NEXT' });
  service.send({ type: 'NEXT' });
  inspector.disconnect();
  // The first state, which is in the registration, it tells twice more, once without the state.
  const isFirst = ({ state }: Frame) => state === undefined || JSON.parse(state)._event.name === 'xstate.init';
  return frames.filter(frame => frame.type !== 'service.state' || !isFirst(frame));
}

function ours(): Frame[] {
  const actor = createActor(createMachine(chart), { id: 'light' });
  const viewer = new Viewer(xstate4Endpoint(new Lab([actor]).parts));
  actor.start();
  viewer.says(INSPECTING);
  actor.send({ type: 'NEXT' });
  actor.send({ type: 'NEXT' });
  return viewer.take();
}

/** The kind of each field. */
const kinds = (value: object) => Object.fromEntries(Object.entries(value).map(([key, each]) => [key, typeof each]));

it('[INS-51] messages are those of the server of @xstate/inspect itself: same order, same fields, same kinds of values', () => {
  const [own, stock] = [ours(), theirs()];
  expect(own.map(({ type }) => type)).toEqual(stock.map(({ type }) => type));
  own.forEach((frame, i) => {
    const other = stock[i];
    expect(kinds(frame)).toEqual(kinds(other));
    if (frame.type === 'service.event') {
      const [event, theirEvent] = [JSON.parse(frame.event), JSON.parse(other.event)];
      expect(kinds(event)).toEqual(kinds(theirEvent));
      // Nobody knows the first event of one that lives already: both have the same word for it.
      expect(event).toEqual(theirEvent);
    }
    if (frame.type === 'service.state' || frame.type === 'service.register') {
      const [state, theirState] = [JSON.parse(frame.state), JSON.parse(other.state)];
      // What a receiver drops, or has no use for without the machine in its hands.
      const { history, historyValue, activities, ...needed } = theirState;
      expect(kinds(state)).toMatchObject({
        ...kinds(needed),
        context: 'object',
        changed: 'boolean',
        _sessionid: 'string',
      });
      expect([state.value, state.done]).toEqual([theirState.value, theirState.done]);
    }
    if (frame.type === 'service.register') {
      const [machine, theirMachine] = [JSON.parse(frame.machine), JSON.parse(other.machine)];
      expect([machine.id, Object.keys(machine.states)]).toEqual([theirMachine.id, Object.keys(theirMachine.states)]);
    }
  });
});
