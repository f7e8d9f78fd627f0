import { describe, expect, it } from 'vitest';
import { assign, createActor, createMachine, fromPromise } from 'xstate';
import type { SessionchartError } from '../../../../src/actors/errors.ts';
import { answers, hangs } from '../../../../src/integration/testing/provider-behaviours.ts';
import { managed, rejectionOf, SECOND } from '../../../support/managed.ts';
import { looking, lookingAt } from './support.ts';

async function managedSession() {
  const t = await managed();
  const { observation, key } = looking(t.manager.inspection());
  const { sessionId } = await t.manager.startSession();
  await t.clock.advance(SECOND);
  const actor = key(sessionId);
  observation.watch(actor);
  return {
    ...t,
    observation,
    sessionId,
    actor,
    coordinator: key('coordinator'),
    send: (type: string, fields: object = {}) => observation.send(actor, { type, ...fields }),
    state: () => t.manager.getSessionInfo(sessionId)?.state,
    accepts: () =>
      Object.fromEntries(
        observation
          .view(actor)
          ?.accepts.map(({ type, kind, because }) => [type, because === undefined ? kind : `${kind}: ${because}`]) ??
          [],
      ),
  };
}

const refused = async (promise: Promise<void>) => (await rejectionOf(promise)) as SessionchartError;

describe('what a viewer says to a session', () => {
  it('[INS-13] is done by the operations of the manager, with their answers, records and hooks', async () => {
    const t = await managedSession();
    const { manager, clock, send, state, sessionId } = t;
    await send('PAUSE');
    expect(state()).toBe('paused');
    await send('RESUME');
    expect(state()).toBe('active');
    await send('RENEW');
    expect(manager.getSessionInfo(sessionId)?.statistics.renewalCount).toBe(1);
    await clock.advance(SECOND);
    await send('ACTIVITY');
    expect(manager.getSessionInfo(sessionId)?.lastActivity.getTime()).toBe(clock.wall());
    await send('CONFIGURE', { config: { inactivityTimeoutMinutes: 7 } });
    expect(manager.getSessionConfig(sessionId)?.inactivityTimeoutMinutes).toBe(7);
    await send('TRANSPORT', { state: 'connected', expiresAt: clock.wall() + 90 * SECOND });
    expect(manager.getSessionInfo(sessionId)?.connectionInfo.webrtcState).toBe('connected');
    expect(manager.getSessionDiagnostics(sessionId).timerStatus.lifetimeTimer?.timeRemainingMs).toBe(90 * SECOND);
    await clock.advance(2 * SECOND);
    await send('REFUSED');
    await clock.advance(0);
    expect(manager.explain(sessionId)?.transitions.map(({ cause }) => cause)).toContain(
      'credential refused by the service',
    );
    expect(manager.getSessionInfo(sessionId)?.statistics.renewalCount).toBe(2);
    await send('END', { reason: 'provider-ended' });
    expect(state()).toBe('ending');
    await clock.advance(2 * SECOND);
    expect(manager.explain(sessionId)?.reason).toBe('provider-ended');
    await t.close();
  });

  it('[INS-13] a failed session is renewed, and a renewal that fails is answered with its error', async () => {
    const t = await managedSession();
    t.provider.next(answers(403), answers(403));
    expect(await refused(t.send('RENEW'))).toMatchObject({ code: 'RENEWAL_FAILED' });
    expect(t.state()).toBe('failed');
    expect(t.accepts()).toMatchObject({ RENEW: 'postponed: it must be admitted again first: REVIVE' });
    await t.clock.advance(2 * SECOND);
    expect(await refused(t.send('RENEW'))).toMatchObject({ code: 'RENEWAL_FAILED' });
    await t.clock.advance(2 * SECOND);
    await t.send('RENEW');
    expect(t.state()).toBe('active');
    await t.send('END');
    await t.clock.advance(2 * SECOND);
    expect(t.observation.explain(t.actor)).toEqual({
      sessionId: t.sessionId,
      state: 'ended',
      reason: 'user',
      omitted: 0,
      unfinished: [],
      transitions: t.manager.explain(t.sessionId)?.transitions.map(step => ({ ...step, at: step.at.getTime() })),
    });
    expect(t.observation.explain('0/session:nobody')).toBeUndefined();
    expect(t.observation.explain('9/session:nobody')).toBeUndefined();
    await t.close();
  });

  it('[INS-14] is refused with a code, the field and what is allowed, and then nothing has happened', async () => {
    const t = await managedSession();
    const { send, observation, manager, sessionId } = t;
    const story = () => JSON.stringify([manager.explain(sessionId), manager.getSessionInfo(sessionId)]);
    const before = story();
    const all = 'END, PAUSE, RESUME, RENEW, ACTIVITY, CONFIGURE, TRANSPORT, REFUSED';
    const no = async (promise: Promise<void>, field: string | undefined, more: object = {}) => {
      const error = await refused(promise);
      expect(error).toMatchObject({ code: 'INVALID_CONFIG', ...more });
      expect(error.details.field).toBe(field);
      expect(story()).toBe(before);
    };
    await no(send('BOOM'), 'type', { details: { field: 'type', allowed: all } });
    await no(send('toString'), 'type');
    await no(send('xstate.stop'), 'type');
    await no(observation.send(t.actor, { type: 7 as never }), 'type');
    await no(send('REVIVE'), 'type', { remediation: 'Send RENEW.' });
    await no(send('PAUSE', { at: 5 }), 'at', { message: 'at is no field of PAUSE; allowed: no field' });
    await no(send('END', { reason: 'disposed' }), 'reason');
    await no(send('END', { reason: 'user', why: 'x'.repeat(90) }), 'why');
    await no(send('END', { ['x'.repeat(90)]: 1 }), `${'x'.repeat(40)}…`);
    await no(send('CONFIGURE'), 'config');
    await no(send('CONFIGURE', { config: { inactivityTimeoutMinutes: 0 } }), 'inactivityTimeoutMinutes');
    await no(send('CONFIGURE', { config: { colour: 1 } }), 'colour');
    await no(send('TRANSPORT', { state: 'gone' }), 'state');
    await no(send('TRANSPORT', { state: 'failed', expiresAt: 'soon' }), 'expiresAt');
    await no(observation.send(t.coordinator, { type: 'DRAIN' }), 'actor', { remediation: 'Send to a session.' });
    expect(await refused(observation.send('0/session:nobody', { type: 'END' }))).toMatchObject({
      code: 'SESSION_NOT_FOUND',
    });
    expect(await refused(observation.send('nonsense', { type: 'END' }))).toMatchObject({ code: 'ACTOR_NOT_FOUND' });
    t.provider.next(hangs());
    const renewal = send('RENEW').catch(error => error);
    await send('PAUSE');
    expect(await renewal).toMatchObject({ code: 'OPERATION_ABORTED' });
    expect(await refused(send('RENEW'))).toMatchObject({ code: 'SESSION_NOT_ACTIVE' });
    await send('END');
    expect(await refused(send('PAUSE'))).toMatchObject({ code: 'SESSION_NOT_ACTIVE' });
    await t.close();
    expect(await refused(send('ACTIVITY'))).toMatchObject({ code: 'MANAGER_NOT_READY' });
  });

  it('[INS-18] what a session would make of each event is told by its chart, with the reason', async () => {
    const t = await managedSession();
    expect(t.accepts()).toEqual({
      END: 'taken',
      PAUSE: 'taken',
      RESUME: 'ignored: it is not paused',
      RENEW: 'taken',
      ACTIVITY: 'taken',
      CONFIGURE: 'taken',
      TRANSPORT: 'taken',
      REFUSED: 'taken',
    });
    await t.send('PAUSE');
    expect(t.accepts()).toMatchObject({ PAUSE: 'ignored: it is paused already', RENEW: 'refused: SESSION_NOT_ACTIVE' });
    await t.close();
    expect(t.accepts()).toEqual({});
  });
});

const dial = createMachine({
  id: 'dial',
  context: { text: '' },
  initial: 'open',
  states: {
    open: {
      on: {
        TYPE: { guard: ({ event }) => event.text.length > 0, actions: assign({ text: ({ event }) => event.text }) },
        CLOSE: 'closed',
        'mouse.*': { actions: () => undefined },
      },
      invoke: { id: 'wait', src: fromPromise(() => new Promise(() => undefined)) },
      after: { 5000: 'closed' },
    },
    closed: { on: { OPEN: 'open' } },
  },
});

describe('what a viewer says to any other actor', () => {
  it('[INS-16] is an event that its chart knows, and nothing that XState says itself', async () => {
    const actor = createActor(dial, { id: 'dial' }).start();
    const { observation, key } = lookingAt(actor);
    const send = (type: string, fields: object = {}) => observation.send(key('dial'), { type, ...fields });
    await send('TYPE', { text: 'hello' });
    expect(actor.getSnapshot().context.text).toBe('hello');
    for (const type of ['mouse', 'mouse.over.left', 'CLOSE', 'OPEN']) await send(type);
    for (const type of ['BOOM', 'mousetrap', '*', 'xstate.stop', 'xstate.after.5000.dial.open', '']) {
      const error = await refused(send(type));
      expect(error).toMatchObject({ code: 'INVALID_CONFIG', details: { field: 'type' } });
      expect(error.details.allowed).toContain('TYPE');
    }
    expect(await refused(observation.send(key('wait'), { type: 'CLOSE' }))).toMatchObject({
      code: 'INVALID_CONFIG',
      details: { field: 'actor' },
    });
    expect(await refused(observation.send('0/x:nobody', { type: 'CLOSE' }))).toMatchObject({ code: 'ACTOR_NOT_FOUND' });
    actor.stop();
    expect(await refused(send('CLOSE'))).toMatchObject({ code: 'ACTOR_NOT_FOUND', message: 'The actor is over.' });
  });

  it('[INS-16] whatever a chart takes that takes everything, and of many events the first twenty are named', async () => {
    const any = createActor(createMachine({ id: 'any', on: { '*': { actions: () => undefined } } }), {
      id: 'any',
    }).start();
    const { observation, key } = lookingAt(any);
    await observation.send(key('any'), { type: 'BOOM' });
    for (const type of ['*', 'xstate.stop']) {
      expect(await refused(observation.send(key('any'), { type }))).toMatchObject({ code: 'INVALID_CONFIG' });
    }
    const on = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`E${i}`, { actions: () => undefined }]));
    const many = createActor(createMachine({ id: 'many', on }), { id: 'many' }).start();
    const eyes = lookingAt(many);
    const { details } = await refused(eyes.observation.send(eyes.key('many'), { type: 'X' }));
    expect(details.allowed).toMatch(/^E0, .*, E19, and 5 more$/);
    const deaf = createActor(createMachine({ id: 'deaf' }), { id: 'deaf' }).start();
    const last = lookingAt(deaf);
    expect(await refused(last.observation.send(last.key('deaf'), { type: 'X' }))).toMatchObject({
      details: { allowed: 'no event' },
    });
  });

  it('[INS-18] what it would make of each is found out without sending; a condition that cannot be tried counts as met', () => {
    const actor = createActor(dial, { id: 'dial' }).start();
    const { observation, key } = lookingAt(actor);
    observation.watch(key('dial'));
    observation.watch(key('wait'));
    expect(observation.view(key('dial'))?.accepts).toEqual([
      { type: 'TYPE', kind: 'taken', because: 'it depends on what the event carries' },
      { type: 'CLOSE', kind: 'taken' },
      { type: 'OPEN', kind: 'ignored' },
    ]);
    expect(observation.view(key('wait'))?.accepts).toEqual([]);
    actor.send({ type: 'CLOSE' });
    expect(observation.view(key('dial'))?.accepts.at(-1)).toEqual({ type: 'OPEN', kind: 'taken' });
    expect(actor.getSnapshot().context.text).toBe('');
  });
});
