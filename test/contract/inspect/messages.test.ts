import { expect, it } from 'vitest';
import { type AnyActorRef, assign, createActor, createMachine, fromPromise, setup } from 'xstate';
import { Secret } from '../../../src/actors/secret.ts';
import { statelyEndpoint } from '../../../src/integration/inspect/stately-endpoint.ts';
import { xstate4Endpoint } from '../../../src/integration/inspect/xstate4-endpoint.ts';
import { Lab, shortly, Viewer } from './lab.ts';

const INSPECTING = { type: 'xstate.inspecting' };
const light = createMachine({
  id: 'light',
  initial: 'red',
  states: { red: { on: { NEXT: 'green' } }, green: { on: { NEXT: 'red' } } },
});

function watched(allowSend: boolean) {
  const actor = createActor(light, { id: 'light' }).start();
  const lab = new Lab([actor], allowSend);
  const viewer = new Viewer(xstate4Endpoint(lab.parts));
  viewer.says(INSPECTING);
  viewer.take();
  return { actor, lab, viewer, names: new Map([[actor.sessionId, 'light']]) };
}

const event = (data: object, origin?: string, service?: string) => ({
  type: 'xstate.event',
  event: JSON.stringify({ name: (data as { type?: string }).type, data, $$type: 'scxml', type: 'external', origin }),
  service,
});

it('[INS-57] an event of a receiver moves its actor once, and is told once', async () => {
  const { actor, lab, viewer, names } = watched(true);
  viewer.says(event({ type: 'NEXT', by: 'hand' }, actor.sessionId));
  expect(lab.sent).toEqual([{ id: 'light', event: { type: 'NEXT', by: 'hand' } }]);
  expect(shortly(viewer.take(), names)).toEqual(['event light NEXT', 'state light "green"']);
  // The target is the origin inside; the service beside it is read where that is missing.
  viewer.says(event({ type: 'NEXT' }, undefined, actor.sessionId));
  expect(actor.getSnapshot().value).toBe('red');
  viewer.says(event({ type: 'NEXT' }, actor.sessionId, 'x:none'));
  expect(actor.getSnapshot().value).toBe('green');
  // Without data there is the name.
  viewer.says({ type: 'xstate.event', event: JSON.stringify({ name: 'NEXT' }), service: actor.sessionId });
  expect(actor.getSnapshot().value).toBe('red');
});

it('[INS-57] an event is refused, and does nothing, if the inspector only lets one look, if it is of XState itself, too deep or to nobody', async () => {
  const { actor, lab, viewer } = watched(true);
  let deep: unknown = 1;
  for (let i = 0; i < 10; i++) deep = { deep };
  const refused: [unknown, string][] = [
    [event({ type: 'xstate.stop' }, actor.sessionId), 'INVALID_MESSAGE'],
    [event({ type: 'NEXT', deep }, actor.sessionId), 'INVALID_MESSAGE'],
    [event(JSON.parse('{"type":"NEXT","__proto__":{}}'), actor.sessionId), 'INVALID_MESSAGE'],
    [event({ type: 'NEXT' }, 'x:none'), 'ACTOR_NOT_FOUND'],
    [event({ type: 'NEXT' }, 'x'.repeat(1_000)), 'ACTOR_NOT_FOUND'],
    [{ type: 'service.state', sessionId: actor.sessionId, state: '{}' }, 'INVALID_MESSAGE'],
    [{ type: 'disconnect' }, 'INVALID_MESSAGE'],
  ];
  for (const [message, code] of refused) {
    viewer.says(message);
    await Promise.resolve();
    const [answer, ...more] = viewer.take();
    expect(answer).toMatchObject({ type: 'xstate.refused', code, message: expect.any(String) });
    expect(JSON.stringify(answer).length).toBeLessThan(400);
    expect(more).toEqual([]);
  }
  const looking = watched(false);
  looking.viewer.says(event({ type: 'NEXT' }, looking.actor.sessionId));
  await Promise.resolve();
  expect(looking.viewer.take()).toMatchObject([
    { type: 'xstate.refused', code: 'SEND_NOT_ALLOWED', service: looking.actor.sessionId },
  ]);
  expect([lab.sent, looking.lab.sent, viewer.closedFor]).toEqual([[], [], undefined]);

  // Why the one who was asked refuses is told too; what is no error of ours is not repeated.
  Object.assign(lab.parts.observation, { send: () => Promise.reject(new Error('with text from outside')) });
  viewer.says(event({ type: 'NEXT' }, actor.sessionId));
  await Promise.resolve();
  await Promise.resolve();
  expect(viewer.take()).toMatchObject([{ code: 'UNKNOWN_ERROR', message: 'An unexpected error occurred.' }]);
});

it('[INS-58] a malformed message closes the connection of its sender alone', () => {
  for (const text of [
    'not json',
    'null',
    '[]',
    '"xstate.inspecting"',
    '{"type":1}',
    '{}',
    '{"type":"xstate.event"}',
    '{"type":"xstate.event","event":"not json"}',
    '{"type":"xstate.event","event":"{}","service":"x:0"}',
    '{"type":"xstate.event","event":"{\\"data\\":{\\"type\\":\\"A\\"}}"}',
    '{"type":"xstate.event","event":"{\\"origin\\":\\"x:0\\",\\"data\\":[]}"}',
    '{"type":"xstate.event","event":"{\\"origin\\":\\"x:0\\",\\"data\\":{\\"type\\":1}}"}',
  ]) {
    const { lab } = watched(true);
    const endpoint = xstate4Endpoint(lab.parts);
    const [bad, good] = [new Viewer(endpoint), new Viewer(endpoint)];
    bad.says(text);
    good.says(INSPECTING);
    expect([bad.closedFor, good.closedFor], text).toEqual(['malformed', undefined]);
    expect(good.take()).toHaveLength(2);
  }
});

it('[INS-59] no secret is in any message: of context, events, meta data, inputs, outputs, errors; an actor in data is its id', async () => {
  const leaky = setup({
    actors: {
      work: fromPromise<{ token: string }, { apiKey: string }>(async () => ({ token: 'hunter2-output' })),
      fail: fromPromise(() => Promise.reject(new Error('Bearer hunter2hunter2hunter2'))),
      child: light,
    },
  }).createMachine({
    id: 'leaky',
    context: ({ spawn }) => ({
      password: 'hunter2-context',
      secret: new Secret('hunter2-typed'),
      child: spawn('child', { id: 'kid', syncSnapshot: true }),
      last: undefined as unknown,
    }),
    initial: 'a',
    states: {
      a: {
        meta: { apiKey: 'hunter2-meta' },
        invoke: {
          src: 'work',
          input: { apiKey: 'hunter2-input' },
          onDone: { target: 'b', actions: assign({ last: ({ event }) => event.output }) },
        },
      },
      b: { invoke: { src: 'fail', onError: { target: 'c', actions: assign({ last: ({ event }) => event.error }) } } },
      c: { type: 'final' },
    },
    output: { credentials: 'hunter2-final' },
  });
  const root = createActor(leaky, { id: 'leaky' });
  const lab = new Lab([root]);
  const old = new Viewer(xstate4Endpoint(lab.parts));
  const stately = new Viewer(statelyEndpoint(lab.parts));
  old.says(INSPECTING);
  root.start();
  root.send({ type: 'HELLO', token: 'hunter2-event', plain: 'shown' });
  (root.getSnapshot().context.child as AnyActorRef).send({ type: 'NEXT' });
  await new Promise(resolve => root.subscribe({ complete: () => resolve(undefined) }));

  for (const viewer of [old, stately]) {
    const text = JSON.stringify(viewer.frames);
    expect(text).not.toContain('hunter2');
    expect(text).toContain('[redacted]');
    expect(text).toContain('shown');
    expect(text).toContain('[actor x:');
    for (const frame of viewer.frames) expect(JSON.stringify(frame).length).toBeLessThan(6_000);
  }
  const last = old.frames.filter(({ type }) => type === 'service.state').at(-1);
  expect(JSON.parse(last.state)).toMatchObject({
    done: true,
    output: { credentials: '[redacted]' },
    context: { last: { name: 'Error', message: expect.stringContaining('[redacted]') } },
  });
});

it('[INS-59] what an actor threw is told without secrets', () => {
  const burst = createMachine({
    on: {
      BURST: {
        actions: () => {
          throw new Error('Bearer hunter2hunter2hunter2');
        },
      },
    },
  });
  const root = createActor(
    setup({ actors: { burst } }).createMachine({ invoke: { id: 'burst', src: 'burst', onError: {} } }),
  ).start();
  const viewer = new Viewer(xstate4Endpoint(new Lab([root]).parts));
  viewer.says(INSPECTING);
  root.getSnapshot().children.burst?.send({ type: 'BURST' });
  expect(JSON.stringify(viewer.frames)).not.toContain('hunter2');
  const state = viewer.frames.find(({ type }) => type === 'service.state');
  expect(JSON.parse(state.state)).toMatchObject({
    status: 'error',
    error: { name: 'Error', message: 'Bearer [redacted]' },
  });
});

it('[INS-59] whatever the application makes of data, messages keep their form', () => {
  const { actor, lab } = watched(false);
  const redact = () => '[gone]';
  const old = new Viewer(xstate4Endpoint({ ...lab.parts, redact }));
  old.says(INSPECTING);
  const stately = new Viewer(statelyEndpoint({ ...lab.parts, redact }));
  actor.send({ type: 'NEXT', secret: 'hunter2' });
  const [event, state] = old.frames.slice(-2);
  expect(JSON.parse(event.event)).toMatchObject({ name: 'NEXT', data: { type: 'NEXT' } });
  expect(JSON.parse(state.state)).toMatchObject({ value: 'green', context: '[gone]', event: { type: 'NEXT' } });
  expect(stately.frames.map(({ type }) => type)).toEqual(['@xstate.actor', '@xstate.event', '@xstate.snapshot']);
  expect(stately.frames[2].snapshot).toMatchObject({ value: 'green', status: 'active', context: '[gone]' });
  // Nor is the chart itself data.
  expect(JSON.parse(stately.frames[0].definition)).toEqual(light.config);
});
