import { describe, expect, it } from 'vitest';
import { assign, createActor, setup } from 'xstate';
import type { InspectorOptions } from '../../../../src/integration/inspect/index.ts';
import type { ActorRow, Delta, ServerMessage } from '../../../../src/integration/inspect/page-protocol.ts';
import { type Managed, managed } from '../../../support/managed.ts';
import { errorFrom, inspectors, RawViewer, until, welcomed } from './support.ts';

const started = inspectors();
const ALL = { type: 'list', query: { offset: 0, limit: 500 } } as const;

/** A manager with sessions, seen through an inspector on the same clock. */
async function seen(sessions: number, options: InspectorOptions = {}) {
  const world = await managed({ limit: 200 });
  const { clock, manager } = world;
  const running = await started({ clock, ...options });
  const attachment = running.inspector.attach(manager, 'voice');
  const ids: string[] = [];
  for (let n = 0; n < sessions; n++) ids.push((await clock.runUntil(manager.startSession())).sessionId);
  return { ...world, ...running, clock, log: running.log, attachment, ids };
}

const keyOf = (rows: readonly ActorRow[], id: string): string => rows.find(row => row.id === id)?.actor ?? '';

/** Moves on, and lets what was sent arrive. */
async function tick({ clock }: Pick<Managed, 'clock'>, viewer: RawViewer, ms = 50): Promise<void> {
  await clock.advance(ms);
  await viewer.ask({ type: 'explain', actor: 'nobody' }, 'explanation');
}

const deltasOf = (frames: readonly string[]): Delta[] =>
  frames.map(frame => JSON.parse(frame) as ServerMessage).filter(message => message.type === 'delta');

describe('what a page is told', () => {
  it('[INS-33] it is welcomed, and each message gets exactly one answer with its id', async () => {
    const { inspector, ids, clock } = await seen(2, { title: 'Voice' });
    const viewer = await welcomed(inspector);
    expect(JSON.parse(viewer.frames[0] ?? '')).toMatchObject({
      type: 'welcome',
      title: 'Voice',
      allowSend: false,
      now: clock.wall(),
      sources: [{ name: 'voice', kind: 'manager' }],
      overview: [{ source: 0, counts: { active: 2 }, slots: { taken: 2, limit: 200, waiting: 0 } }],
    });
    const { rows } = await viewer.ask(ALL, 'list');
    const actor = keyOf(rows, ids[0] ?? '');
    viewer.frames.length = 0;
    const messages = [
      { type: 'list', id: 100, query: { offset: 0, limit: 1 } },
      { type: 'watch', id: 101, actor },
      { type: 'watch', id: 102, actor },
      { type: 'unwatch', id: 103, actor },
      { type: 'unwatch', id: 104, actor: 'nobody' },
      { type: 'explain', id: 105, actor },
      { type: 'explain', id: 106, actor: 'nobody' },
      { type: 'watch', id: 107, actor: 'nobody' },
      { type: 'send', id: 108, actor, event: { type: 'PAUSE' } },
      { type: 'list', id: 109 },
      { type: 'hello' },
      { type: 'explain', id: 110, actor },
    ];
    for (const message of messages) viewer.send(message);
    await until(() => viewer.frames.some(frame => frame.includes('"id":110')));
    const answers = viewer.frames
      .map(frame => JSON.parse(frame))
      .filter(({ type }) => !['delta', 'definition'].includes(type));
    expect(answers.map(({ type, id, code }) => [type, id, code])).toEqual([
      ['list', 100, undefined],
      ['watched', 101, undefined],
      ['watched', 102, undefined],
      ['unwatched', 103, undefined],
      ['unwatched', 104, undefined],
      ['explanation', 105, undefined],
      ['explanation', 106, undefined],
      ['error', 107, 'ACTOR_NOT_FOUND'],
      ['error', 108, 'SEND_NOT_ALLOWED'],
      ['error', 109, 'INVALID_MESSAGE'],
      ['error', null, 'INVALID_MESSAGE'],
      ['explanation', 110, undefined],
    ]);
    expect(answers[6].explanation).toBeNull();
    expect(answers.at(-2)).toMatchObject({ field: 'type', allowed: 'hello once', remediation: expect.any(String) });
  });

  it('[INS-29] one that is connected stays, long after the deadline of a request', async () => {
    const { inspector, clock } = await seen(1);
    const viewer = await welcomed(inspector);
    await clock.advance(29_000);
    expect((await viewer.ask(ALL, 'list')).total).toBe(2);
  });

  it('[INS-33] who speaks before hello is told so, and is not counted', async () => {
    const { inspector, clock } = await seen(1);
    const viewer = await welcomed(inspector);
    viewer.socket.close();
    await viewer.closed;
    await clock.advance(10_000);
    const early = new RawViewer(inspector);
    await new Promise(resolve => early.socket.once('open', resolve));
    early.send({ type: 'list', id: 5, query: { offset: 0, limit: 1 } });
    expect(await early.next('error')).toMatchObject({ id: 5, field: 'type', allowed: 'hello first' });
    early.send({ type: 'send', id: 6, actor: 'a', event: { type: 'END' } });
    expect(await early.next('error')).toMatchObject({ id: 6, allowed: 'hello first' });
  });

  it('[INS-33] a message above the rate is answered with its id and RATE_LIMITED', async () => {
    const { inspector } = await seen(1);
    const viewer = await welcomed(inspector);
    for (let id = 1; id < 50; id++) viewer.send({ type: 'explain', id, actor: 'nobody' });
    viewer.send({ type: 'explain', id: 50, actor: 'nobody' });
    viewer.send('{ no');
    expect(await viewer.next('error')).toMatchObject({ id: 50, code: 'RATE_LIMITED' });
    expect(await viewer.next('error')).toMatchObject({ id: null, code: 'RATE_LIMITED' });
  });

  it('[INS-33] at most 16 actors are watched at once', async () => {
    const { inspector, ids } = await seen(17);
    const viewer = await welcomed(inspector);
    const { rows } = await viewer.ask(ALL, 'list');
    for (const id of ids.slice(0, 16)) await viewer.ask({ type: 'watch', actor: keyOf(rows, id) }, 'watched');
    const more = { type: 'watch', actor: keyOf(rows, ids[16] ?? '') } as const;
    expect(await viewer.ask(more, 'error')).toMatchObject({
      code: 'INVALID_MESSAGE',
      field: 'actor',
      remediation: 'Unwatch one first.',
    });
    await viewer.ask({ type: 'watch', actor: keyOf(rows, ids[3] ?? '') }, 'watched');
    await viewer.ask({ type: 'unwatch', actor: keyOf(rows, ids[3] ?? '') }, 'unwatched');
    await viewer.ask(more, 'watched');
  });

  it('[INS-38] each viewer hears of the rows of its own window and of the actors that it watches, in one frame per 50 ms', async () => {
    const world = await seen(6);
    const { inspector, manager, ids, clock } = world;
    const [first, second, idle] = [await welcomed(inspector), await welcomed(inspector), await welcomed(inspector)];
    const { rows } = await first.ask(ALL, 'list');
    await second.ask({ type: 'list', query: { offset: 0, limit: 500, search: ids[5] ?? '' } }, 'list');
    await second.ask({ type: 'watch', actor: keyOf(rows, ids[0] ?? '') }, 'watched');
    await tick(world, first);
    for (const viewer of [first, second, idle]) viewer.frames.length = 0;
    for (const id of [ids[0], ids[5]]) await manager.pauseSession(id ?? '');
    await clock.advance(49);
    await tick(world, first, 0);
    expect(deltasOf(first.frames)).toEqual([]);
    for (const viewer of [first, second, idle]) await tick(world, viewer, viewer === first ? 1 : 0);
    const told = [first, second, idle].map(({ frames }) => deltasOf(frames));
    expect(told.map(({ length }) => length)).toEqual([1, 1, 1]);
    const rowsOf = (delta: Delta | undefined) => delta?.rows?.map(({ id, state }) => [id, state]).sort();
    expect(told.map(([delta]) => rowsOf(delta))).toEqual([
      [
        [ids[0], 'paused'],
        [ids[5], 'paused'],
      ].sort(),
      [[ids[5], 'paused']],
      undefined,
    ]);
    const watched = (delta: Delta | undefined) => delta?.actors?.map(({ row }) => row?.id);
    expect(told.map(([delta]) => watched(delta))).toEqual([undefined, [ids[0]], undefined]);
    expect(told[0]?.[0]).toMatchObject({
      stale: true,
      overview: [{ counts: { active: 4, paused: 2 } }],
      now: clock.wall(),
    });
  });

  it('[INS-38] the definition of a chart comes once, before it is first mentioned', async () => {
    const world = await seen(2);
    const { inspector, ids } = world;
    const viewer = await welcomed(inspector);
    const { rows } = await viewer.ask(ALL, 'list');
    await viewer.ask({ type: 'watch', actor: keyOf(rows, ids[0] ?? '') }, 'watched');
    await viewer.ask(ALL, 'list');
    const defined = new Set<string>();
    for (const message of viewer.frames.map(frame => JSON.parse(frame) as ServerMessage)) {
      if (message.type === 'definition') {
        expect(defined.has(message.definition.key)).toBe(false);
        defined.add(message.definition.key);
      }
      const mentioned = message.type === 'list' ? message.rows : message.type === 'watched' ? [message.view.row] : [];
      for (const { chart } of mentioned) expect(chart === null || defined.has(chart)).toBe(true);
    }
    expect(defined.size).toBe(2);
  });

  it('[INS-38] a viewer that joins in the middle is told no record twice, and misses none', async () => {
    const world = await seen(1);
    const { inspector, manager, ids, clock } = world;
    const [early, late] = [await welcomed(inspector), await welcomed(inspector)];
    const { rows } = await early.ask(ALL, 'list');
    const actor = keyOf(rows, ids[0] ?? '');
    await early.ask({ type: 'watch', actor }, 'watched');
    await clock.advance(50);
    await manager.pauseSession(ids[0] ?? '');
    const { view } = await late.ask({ type: 'watch', actor }, 'watched');
    await manager.resumeSession(ids[0] ?? '');
    await clock.advance(50);
    await tick(world, late, 0);
    const before = view.log.map(({ seq }) => seq);
    const after = deltasOf(late.frames).flatMap(({ actors = [] }) =>
      actors.flatMap(({ log = [] }) => log.map(({ seq }) => seq)),
    );
    const all = [...before, ...after];
    expect(after.length).toBeGreaterThan(0);
    expect(all).toEqual(all.map((_, index) => (all[0] ?? 0) + index));
    expect(deltasOf(late.frames).flatMap(({ actors = [] }) => actors.map(({ dropped }) => dropped ?? 0))).not.toContain(
      1,
    );
  });

  it('[INS-38] an actor that is gone is told, and watched no more', async () => {
    const world = await seen(0);
    const { inspector, clock } = world;
    const child = setup({}).createMachine({
      id: 'once',
      initial: 'on',
      states: { on: { on: { OFF: 'off' } }, off: { type: 'final' } },
    });
    const actor = createActor(child, { id: 'once' }).start();
    const attachment = inspector.attach(actor);
    const viewer = await welcomed(inspector);
    const { rows } = await viewer.ask(ALL, 'list');
    const key = keyOf(rows, 'once');
    await viewer.ask({ type: 'watch', actor: key }, 'watched');
    attachment.dispose();
    await clock.advance(50);
    await until(() => deltasOf(viewer.frames).some(({ gone }) => gone?.includes(key)));
    expect(await viewer.ask({ type: 'watch', actor: key }, 'error')).toMatchObject({ code: 'ACTOR_NOT_FOUND' });
    actor.stop();
  });

  it('[INS-39] who reconnects within 10 s has missed nothing', async () => {
    const world = await seen(1);
    const { inspector, manager, ids, clock } = world;
    const [id = ''] = ids;
    const first = await welcomed(inspector);
    const { rows } = await first.ask(ALL, 'list');
    const actor = keyOf(rows, id);
    const { view } = await first.ask({ type: 'watch', actor }, 'watched');
    const latest = view.log.at(-1)?.seq ?? 0;
    first.socket.terminate();
    await until(() => inspector.viewers === 0);
    await manager.pauseSession(id);
    await manager.resumeSession(id);
    await clock.advance(9_000);
    const again = await welcomed(inspector);
    const { view: later } = await again.ask({ type: 'watch', actor, after: latest }, 'watched');
    expect([later.dropped - view.dropped <= latest, later.log[0]?.seq]).toEqual([true, latest + 1]);
    expect(
      later.log.filter(({ kind }) => kind === 'transition').map(record => 'event' in record && record.event),
    ).toEqual(expect.arrayContaining(['PAUSE', 'RESUME']));
  });

  it('[INS-40] with allowSend events are sent, and a refusal says why', async () => {
    const { inspector, manager, ids } = await seen(2, { allowSend: true });
    const viewer = await welcomed(inspector);
    const { rows } = await viewer.ask(ALL, 'list');
    const [id = ''] = ids;
    const actor = keyOf(rows, id);
    await viewer.ask({ type: 'send', actor, event: { type: 'PAUSE' } }, 'sent');
    expect(manager.getSessionInfo(id)?.state).toBe('paused');
    const refusals = [
      await viewer.ask({ type: 'send', actor, event: { type: 'PAUSE', force: true } }, 'error'),
      await viewer.ask({ type: 'send', actor, event: { type: 'END', reason: 'because' } }, 'error'),
      await viewer.ask({ type: 'send', actor, event: { type: 'xstate.stop' } }, 'error'),
      await viewer.ask({ type: 'send', actor: 'nobody', event: { type: 'PAUSE' } }, 'error'),
      await viewer.ask(
        { type: 'send', actor: rows.find(({ role }) => role === 'coordinator')?.actor ?? '', event: { type: 'DRAIN' } },
        'error',
      ),
    ];
    expect(refusals.map(({ code }) => code)).not.toContain('UNKNOWN_ERROR');
    expect(refusals[0]).toMatchObject({ code: 'INVALID_CONFIG', field: 'force', allowed: 'no field' });
    expect(refusals[1]).toMatchObject({
      code: 'INVALID_CONFIG',
      field: expect.any(String),
      allowed: expect.any(String),
    });
    expect(refusals[3]).toMatchObject({ code: 'ACTOR_NOT_FOUND' });
    expect(
      manager
        .getAllSessions()
        .map(({ state }) => state)
        .sort(),
    ).toEqual(['active', 'paused']);
  });

  it('[INS-41] a manager and any actor can be attached, with a name, and nothing else', async () => {
    const { inspector, manager } = await seen(0);
    const wrong = [undefined, null, 7, {}, 'manager', { inspection: 1 }, []];
    for (const target of wrong) {
      const error = await errorFrom(() => inspector.attach(target as never));
      expect([error.code, (error.details as { field?: string }).field]).toEqual(['INVALID_CONFIG', 'target']);
    }
    for (const name of ['', 'x'.repeat(101), 7]) {
      expect((await errorFrom(() => inspector.attach(manager, name as never))).code).toBe('INVALID_CONFIG');
    }
  });

  it('[INS-41] viewers are welcomed again when something is attached or detached', async () => {
    const { inspector, attachment } = await seen(1);
    const viewer = await welcomed(inspector);
    const toggle = setup({}).createMachine({ id: 'toggle', initial: 'off', states: { off: {} } });
    const actor = createActor(toggle, { id: 'switch' }).start();
    using other = inspector.attach(actor);
    const named = ({ sources }: { sources: readonly { name: string }[] }) => sources.map(({ name }) => name);
    expect(named(await viewer.next('welcome'))).toEqual(['voice', 'switch']);
    attachment.dispose();
    attachment.dispose();
    expect(named(await viewer.next('welcome'))).toEqual(['switch']);
    other.dispose();
    expect(named(await viewer.next('welcome'))).toEqual([]);
    expect(viewer.inbox.filter(({ type }) => type === 'welcome')).toEqual([]);
    actor.stop();
  });

  it('[INS-41] after close nothing can be attached', async () => {
    const { inspector, manager } = await seen(0);
    await inspector.close();
    await inspector.close();
    expect((await errorFrom(() => inspector.attach(manager))).code).toBe('INSPECTOR_UNAVAILABLE');
  });

  it('[INS-44] a redact that throws lets nothing through, and hurts nobody', async () => {
    const counter = setup({ types: { context: {} as { n: number; note: string } } }).createMachine({
      id: 'counter',
      context: { n: 0, note: 'SECRET-NOTE' },
      on: { UP: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
    });
    const { inspector, clock } = await started({
      redact: () => {
        throw new Error('SECRET-FAULT');
      },
    });
    const actor = createActor(counter, { id: 'counter' }).start();
    inspector.attach(actor);
    const viewer = await welcomed(inspector);
    const { rows } = await viewer.ask(ALL, 'list');
    await viewer.ask({ type: 'watch', actor: keyOf(rows, 'counter') }, 'watched');
    actor.send({ type: 'UP' });
    await clock.advance(50);
    await until(() => deltasOf(viewer.frames).some(({ actors }) => actors !== undefined));
    expect(actor.getSnapshot().context.n).toBe(1);
    expect(viewer.frames.join()).not.toContain('SECRET');
    actor.stop();
  });
});
