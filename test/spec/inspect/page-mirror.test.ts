import fc from 'fast-check';
import { expect, it } from 'vitest';
import { activeIn, contextAt, MOST_TAKEN, momentAt, present, takenSince } from '../../../inspector/src/model/moment.ts';
import { chartDefinition } from '../../../src/integration/inspect/chart-definition.ts';
import type {
  ActorDelta,
  ActorRow,
  ActorView,
  ContextChange,
  LogRecord,
  ServerMessage,
  Welcome,
} from '../../../src/integration/inspect/page-protocol.ts';
import { changed, changedKeys } from '../../../src/integration/inspect/viewer/context.ts';
import {
  applied,
  EMPTY_MIRROR,
  ended,
  forgotten,
  type Mirror,
  rowIn,
} from '../../../src/integration/inspect/viewer/mirror.ts';
import { skewAfter } from '../../../src/integration/inspect/viewer/server-clock.ts';
import { gapText, LONGEST_LOG } from '../../../src/integration/inspect/viewer/watched.ts';
import { sessionMachine } from '../../../src/machines/session.ts';

const ROW: ActorRow = {
  actor: 'a1',
  id: 'one',
  source: 0,
  role: 'session',
  chart: 'c',
  state: 'active',
  path: 'serving.active',
  status: 'active',
  since: 0,
  startedAt: 0,
  activeAt: 0,
  next: null,
  renewals: 0,
  error: null,
  reason: null,
};

const VIEW: ActorView = {
  row: ROW,
  active: [],
  tags: [],
  context: { a: 0 },
  timers: [],
  accepts: [],
  base: { a: 0 },
  log: [],
  dropped: 0,
};

const WELCOME: Welcome = {
  type: 'welcome',
  instance: 'i1',
  title: 't',
  version: '1',
  allowSend: false,
  now: 0,
  sources: [],
  overview: [],
};

const transition = (seq: number, changes: ContextChange, path = `s${seq}`): LogRecord => ({
  kind: 'transition',
  seq,
  at: seq * 10,
  event: 'E',
  cause: '',
  edges: [`e${seq}`],
  from: `s${seq - 1}`,
  to: path,
  active: [path],
  changes,
  timers: [{ id: 't', name: 't', node: null, at: seq }],
});

const changeOf: fc.Arbitrary<ContextChange> = fc.record({
  set: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.nat(3), { maxKeys: 3 }),
  removed: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
});

/** What several changes in a row come to. */
function merged(changes: readonly ContextChange[]): ContextChange {
  const set = new Map<string, unknown>();
  const removed = new Set<string>();
  for (const change of changes) {
    for (const name of change.removed) {
      set.delete(name);
      removed.add(name);
    }
    for (const [name, value] of Object.entries(change.set)) {
      set.set(name, value);
      removed.delete(name);
    }
  }
  return { set: Object.fromEntries(set), removed: [...removed] };
}

const run = (messages: readonly ServerMessage[], from: Mirror = EMPTY_MIRROR): Mirror => messages.reduce(applied, from);

const begun = run([WELCOME, { type: 'watched', id: 1, now: 0, view: VIEW }]);

const deltaOf = (actors: readonly ActorDelta[]): ServerMessage => ({ type: 'delta', now: 0, actors });

/** A delta with these records, and all that they bring about. */
function deltaWith(records: readonly LogRecord[]): ServerMessage {
  const last = records.at(-1);
  const changes = records.map(record => (record.kind === 'transition' ? record.changes : { set: {}, removed: [] }));
  return deltaOf([
    {
      actor: 'a1',
      context: merged(changes),
      log: records,
      ...(last?.kind === 'transition' ? { active: last.active, timers: last.timers } : {}),
    },
  ]);
}

const sorted = (context: object): unknown => Object.entries(context).sort(([a], [b]) => a.localeCompare(b));

const watchedIn = (mirror: Mirror) => {
  const watched = mirror.watched.get('a1');
  if (watched === undefined) throw new Error('not watched');
  return watched;
};

it('[INS-83] however the same changes are split into deltas, the model comes out the same', () => {
  fc.assert(
    fc.property(
      fc.array(changeOf, { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat(5), { maxLength: 20 }),
      (changes, cuts) => {
        const records = changes.map((change, i) => transition(i + 1, change));
        const whole = watchedIn(run([deltaWith(records)], begun));
        let mirror = begun;
        const rest = [...records];
        for (const cut of cuts) mirror = applied(mirror, deltaWith(rest.splice(0, cut)));
        const parts = watchedIn(applied(mirror, deltaWith(rest)));
        expect(sorted(parts.context)).toEqual(sorted(whole.context));
        expect({ ...parts, context: {} }).toEqual({ ...whole, context: {} });
        expect(parts.log).toHaveLength(records.length);
      },
    ),
  );
});

it('[INS-83] a delta leaves what it does not mention, and actors that are not watched, as they were', () => {
  const before = watchedIn(run([deltaWith([transition(1, { set: { b: 1 }, removed: [] })])], begun));
  const mirror = run(
    [deltaOf([{ actor: 'a1' }, { actor: 'other', log: [transition(1, { set: {}, removed: [] })] }])],
    begun,
  );
  expect(watchedIn(mirror)).toEqual(watchedIn(begun));
  expect(mirror.watched.has('other')).toBe(false);
  const after = run([deltaOf([{ actor: 'a1', tags: ['live'], row: { ...ROW, state: 'paused' } }])], {
    ...begun,
    watched: new Map([['a1', before]]),
  });
  expect(watchedIn(after)).toEqual({ ...before, tags: ['live'], row: { ...ROW, state: 'paused' } });
});

it('[INS-83] rows, overviews and charts are taken up; an answer that was overtaken is not', () => {
  const other = { ...ROW, actor: 'a2' };
  const list = { type: 'list', now: 0, total: 2, matched: 2, offset: 0 } as const;
  const overview = { source: 0, counts: { active: 1 }, total: 1, slots: null, events: 3 };
  const second = { ...overview, source: 1, events: 9 };
  const definition = { ...chartDefinition(sessionMachine), key: 'c' };
  const mirror = run(
    [
      { ...list, id: 5, rows: [ROW, other] },
      { ...list, id: 4, rows: [] },
      { type: 'delta', now: 0, overview: [second] },
      {
        type: 'delta',
        now: 0,
        overview: [overview],
        rows: [
          { ...other, state: 'paused' },
          { ...ROW, actor: 'a9' },
        ],
        stale: true,
      },
      { type: 'definition', definition },
      { type: 'sent', id: 9 },
    ],
    begun,
  );
  expect(mirror.list.rows).toEqual([ROW, { ...other, state: 'paused' }]);
  expect(mirror.overview).toEqual([overview, second]);
  expect(mirror.stale).toBe(1);
  expect(mirror.definitions.get('c')).toBe(definition);
  expect(applied(mirror, { type: 'delta', now: 0, rows: [{ ...ROW, actor: 'a9' }] }).list).toBe(mirror.list);
});

it('[INS-83] an actor that is gone stays as it was last, without timers; one that is let go is forgotten', () => {
  const mirror = run(
    [deltaWith([transition(1, { set: { b: 1 }, removed: [] })]), { type: 'delta', now: 0, gone: ['a1', 'x'] }],
    begun,
  );
  expect(watchedIn(mirror)).toMatchObject({ gone: true, timers: [], context: { a: 0, b: 1 } });
  expect(forgotten(mirror, 'a1').watched.size).toBe(0);
  expect(forgotten(mirror, 'x')).toBe(mirror);
});

it('[INS-84] one that ended while the connection was away does not look alive, and keeps what was known of it', () => {
  const timers = [{ id: 't', name: 't', node: null, at: 9 }];
  const accepts = [{ type: 'END', kind: 'taken' }] as const;
  const row = { ...ROW, next: { name: 't', at: 9 } };
  const before = run([
    WELCOME,
    { type: 'watched', id: 1, now: 0, view: { ...VIEW, row, timers, accepts } },
    deltaWith([transition(1, { set: { b: 1 }, removed: [] })]),
  ]);
  const after = ended(before, 'a1');
  expect(watchedIn(after)).toMatchObject({ gone: true, timers: [], accepts: [], context: { a: 0, b: 1 }, lastSeq: 1 });
  const over = { state: 'ended', path: 'ended', status: 'done', next: null };
  expect(rowIn(after, 'a1')).toMatchObject(over);
  expect(ended(after, 'a1')).toBe(after);
  expect(ended(after, 'x')).toBe(after);
  // A line of before does not bring it back; one that tells of its end knows more.
  const list = (line: ActorRow): ServerMessage => ({
    type: 'list',
    id: 2,
    now: 0,
    total: 1,
    matched: 1,
    offset: 0,
    rows: [line],
  });
  expect(rowIn(applied(after, list(row)), 'a1')).toMatchObject(over);
  expect(rowIn(applied(after, list({ ...row, ...over, status: 'done', reason: 'user' })), 'a1')).toMatchObject({
    reason: 'user',
  });
  expect(rowIn(applied(before, list({ ...row, id: 'other' })), 'a1')).toMatchObject({ id: 'one' });
  expect(rowIn(applied(EMPTY_MIRROR, list(row)), 'a1')).toBe(row);
  expect(rowIn(after, null)).toBeUndefined();
  const actor = { ...VIEW, row: { ...ROW, role: 'actor' as const } };
  const stopped = ended(run([WELCOME, { type: 'watched', id: 1, now: 0, view: actor }]), 'a1');
  expect(rowIn(stopped, 'a1')).toMatchObject({ state: 'stopped', path: '', status: 'stopped' });
});

it('[INS-84] after a reconnect to the same process the log goes on without a gap', () => {
  const mirror = run([deltaWith([transition(1, { set: { b: 1 }, removed: [] })]), WELCOME], begun);
  const again = (log: readonly LogRecord[]): ServerMessage => ({
    type: 'watched',
    id: 2,
    now: 0,
    view: { ...VIEW, context: { a: 0, b: 2 }, base: { a: 0, b: 1 }, log, dropped: 0 },
  });
  const resumed = watchedIn(applied(mirror, again([transition(2, { set: { b: 2 }, removed: [] })])));
  expect(resumed.log.map(({ kind, seq }) => [kind, seq])).toEqual([
    ['transition', 1],
    ['transition', 2],
  ]);
  expect(contextAt(resumed, 0)).toEqual({ a: 0, b: 1 });
  expect(contextAt(resumed, 1)).toEqual({ a: 0, b: 2 });
  expect(watchedIn(applied(mirror, again([]))).log).toHaveLength(1);
});

it('[INS-84] actors come anew after a time in which nothing was read, and their logs go on', () => {
  const mirror = run([deltaWith([transition(1, { set: { b: 1 }, removed: [] })])], begun);
  const view = (seq: number): ActorView => ({
    ...VIEW,
    context: { a: 0, b: 2 },
    base: { a: 0, b: 1 },
    log: [transition(seq, { set: { b: 2 }, removed: [] })],
  });
  const anew = (views: readonly ActorView[]) => applied(mirror, { type: 'delta', now: 0, views });
  expect(watchedIn(anew([view(2)])).log.map(({ kind, seq }) => [kind, seq])).toEqual([
    ['transition', 1],
    ['transition', 2],
  ]);
  expect(watchedIn(anew([view(5)])).log[1]).toMatchObject({ kind: 'gap', missed: 3 });
  expect(watchedIn(anew([view(2)])).context).toEqual({ a: 0, b: 2 });
  expect(anew([{ ...view(2), row: { ...ROW, actor: 'x' } }]).watched.size).toBe(1);
});

it('[INS-84] records that were missed are counted, and the moments behind them are right', () => {
  const mirror = run([deltaWith([transition(1, { set: { b: 1 }, removed: [] })])], begun);
  const resumed = watchedIn(
    applied(mirror, {
      type: 'watched',
      id: 2,
      now: 0,
      view: {
        ...VIEW,
        context: { b: 9, c: 3 },
        base: { b: 8 },
        log: [transition(5, { set: { b: 9, c: 3 }, removed: [] })],
        dropped: 4,
      },
    }),
  );
  expect(resumed.log[1]).toMatchObject({ kind: 'gap', seq: 4, missed: 3 });
  expect([0, 1, 2].map(i => contextAt(resumed, i))).toEqual([{ a: 0, b: 1 }, { b: 8 }, { b: 9, c: 3 }]);
  // Too many at once: some never came.
  const left = { actor: 'a1', dropped: 2, base: { b: 7 }, context: { set: { b: 7, c: 2 }, removed: ['a'] } };
  const flood = run([deltaOf([{ ...left, log: [transition(4, { set: { c: 2 }, removed: [] })] }])], mirror);
  const { log } = watchedIn(flood);
  expect(log[1]).toMatchObject({ kind: 'gap', seq: 3, missed: 2 });
  expect([0, 1, 2].map(i => contextAt(watchedIn(flood), i))).toEqual([{ a: 0, b: 1 }, { b: 7 }, { b: 7, c: 2 }]);
});

it('[INS-84] the records of an actor that was watched before begin at any number: that is no gap', () => {
  const first = watchedIn(run([deltaWith([transition(63, { set: { b: 1 }, removed: [] })])], begun));
  expect(first.log.map(({ kind }) => kind)).toEqual(['transition']);
  const delta: ActorDelta = {
    actor: 'a1',
    dropped: 2,
    base: { b: 0 },
    log: [transition(66, { set: {}, removed: [] })],
  };
  const flooded = watchedIn(run([deltaOf([delta])], begun));
  expect(flooded.log[0]).toMatchObject({ kind: 'gap', missed: 2, base: { b: 0 } });
});

it('[INS-84] what changed while nobody watched is no part of any record, and the moments after it are right', () => {
  const mirror = run([deltaWith([transition(1, { set: { b: 1 }, removed: [] })])], begun);
  const again = (b: number): ServerMessage => ({
    type: 'watched',
    id: 2,
    now: 0,
    view: { ...VIEW, context: { a: 0, b }, base: { a: 0, b } },
  });
  const later = deltaWith([transition(2, { set: { c: 1 }, removed: [] })]);
  const watched = watchedIn(run([again(1), again(5), again(6), later], mirror));
  expect(watched.log.map(({ kind, seq }) => [kind, seq])).toEqual([
    ['transition', 1],
    ['gap', 1],
    ['transition', 2],
  ]);
  expect([0, 2].map(i => contextAt(watched, i))).toEqual([
    { a: 0, b: 1 },
    { a: 0, b: 6, c: 1 },
  ]);
  expect([0, 1, 7].map(missed => gapText({ missed }))).toEqual([
    'nobody watched for a while',
    '1 record is missing',
    '7 records are missing',
  ]);
});

it('[INS-84] records that are there already do not come twice; a log that begins anew replaces the old one', () => {
  const [first, second] = [
    transition(1, { set: { b: 1 }, removed: [] }),
    transition(2, { set: { b: 2 }, removed: [] }),
  ];
  const mirror = run([deltaWith([first, second]), deltaWith([second, transition(3, { set: {}, removed: [] })])], begun);
  expect(watchedIn(mirror).log.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  const anew = applied(mirror, { type: 'watched', id: 2, now: 0, view: { ...VIEW, log: [first] } });
  expect(watchedIn(anew).log).toEqual([first]);
});

it('[INS-84] another process: everything is forgotten, and that is known', () => {
  const mirror = run(
    [deltaWith([transition(1, { set: { b: 1 }, removed: [] })]), { ...WELCOME, instance: 'i2' }],
    begun,
  );
  expect(mirror).toEqual({ ...EMPTY_MIRROR, welcome: { ...WELCOME, instance: 'i2' }, restarts: 1 });
  expect(begun.restarts).toBe(0);
});

it('[INS-85] base and changes give the context of every moment', () => {
  fc.assert(
    fc.property(fc.array(changeOf, { maxLength: 30 }), changes => {
      const records = changes.map((change, i) => transition(i + 1, change));
      const watched = watchedIn(run([deltaWith(records)], begun));
      let context: Record<string, unknown> = { a: 0 };
      expect(contextAt(watched, -1)).toEqual(context);
      changes.forEach((change, i) => {
        context = Object.fromEntries([
          ...Object.entries(context).filter(
            ([name]) => !change.removed.includes(name) && !Object.hasOwn(change.set, name),
          ),
          ...Object.entries(change.set),
        ]);
        expect(sorted(contextAt(watched, i))).toEqual(sorted(context));
      });
      expect(sorted(watched.context)).toEqual(sorted(contextAt(watched, records.length - 1)));
    }),
  );
});

it('[INS-85] the log is bounded; what is let go is counted, and moments stay right', () => {
  const records = Array.from({ length: LONGEST_LOG + 50 }, (_, i) =>
    transition(i + 1, { set: { n: i + 1 }, removed: [] }),
  );
  const half = records.length / 2;
  const watched = watchedIn(run([deltaWith(records.slice(0, half)), deltaWith(records.slice(half))], begun));
  expect(watched.log).toHaveLength(LONGEST_LOG);
  expect(watched.dropped).toBe(50);
  expect(watched.base).toEqual({ a: 0, n: 50 });
  expect(contextAt(watched, 0)).toEqual({ a: 0, n: 51 });
});

it('[INS-85] which keys changed is known, also of values that came anew', () => {
  expect([...changedKeys({ a: 1, b: { c: 1 }, d: 1 }, { a: 2, b: { c: 1 }, e: 1 })].sort()).toEqual(['a', 'd', 'e']);
  const context = { a: 1 };
  expect(changed(context, { set: {}, removed: [] })).toBe(context);
});

it('[INS-87] a moment has the states, timers, edges and context of its record', () => {
  const message: LogRecord = {
    kind: 'message',
    seq: 2,
    at: 20,
    from: { role: 'application', label: 'a' },
    to: { role: 'session', label: 's' },
    event: 'E',
  };
  const records = [
    transition(1, { set: { b: 1 }, removed: [] }),
    message,
    transition(3, { set: { b: 3 }, removed: [] }),
  ];
  const watched = watchedIn(run([deltaWith(records)], begun));
  expect(momentAt(watched, 1)).toEqual({
    active: ['s1'],
    timers: [{ id: 't', name: 't', node: null, at: 1 }],
    context: { a: 0, b: 1 },
    path: 's1',
    taken: [{ seq: 1, edges: ['e1'] }],
  });
  const third = { seq: 3, edges: ['e3'] };
  expect(momentAt(watched, 2)).toMatchObject({ active: ['s3'], taken: [third], context: { a: 0, b: 3 } });
  const now = present(watched);
  expect(now).toMatchObject({ active: ['s3'], context: { a: 0, b: 3 }, path: ROW.path });
  expect(now.taken).toEqual([{ seq: 1, edges: ['e1'] }, third]);
});

it('[INS-87] of transitions that come at once each is told, in order, and no more than can be shown', () => {
  const NONE = { set: {}, removed: [] };
  const records = Array.from({ length: 9 }, (_, i) => transition(i + 1, NONE));
  const first = run([deltaWith(records.slice(0, 2))], begun);
  const seqs = (mirror: Mirror, since: number) =>
    takenSince(present(watchedIn(mirror)).taken, since).map(({ seq }) => seq);
  expect(seqs(first, 0)).toEqual([1, 2]);
  expect(seqs(run([deltaWith(records.slice(2, 5))], first), 2)).toEqual([3, 4, 5]);
  expect(seqs(run([deltaWith(records.slice(2))], first), 2)).toEqual([4, 5, 6, 7, 8, 9]);
  expect(MOST_TAKEN).toBe(6);
  // Going back shows what led to the moment.
  expect(seqs(first, 7)).toEqual([2]);
  expect(takenSince([], 3)).toEqual([]);
});

it('[INS-87] before the first transition that is known, the state is the one that it came from', () => {
  const chart = chartDefinition(sessionMachine);
  const first = { ...transition(2, { set: {}, removed: [] }), from: 'serving.renewing.acquiring' } as LogRecord;
  const status: LogRecord = { kind: 'status', seq: 1, at: 5, status: 'active' };
  const watched = watchedIn(run([deltaWith([status, first])], begun));
  expect(momentAt(watched, 0, chart)).toMatchObject({
    active: ['session', 'session.serving', 'session.serving.renewing', 'session.serving.renewing.acquiring'],
    timers: [],
    path: 'serving.renewing.acquiring',
    taken: [],
  });
  expect(activeIn(chart, 'no.such.state')).toEqual(['session']);
  expect(activeIn(chart, 'serving.nothing.active')).toEqual(['session', 'session.serving']);
  expect(activeIn(chart, 'paused, ended')).toEqual(['session', 'session.paused', 'session.ended']);
});

it('[INS-87] the clock of the process is the message that was delayed least, and follows a jump', () => {
  let skew = skewAfter(null, 1_000, 900);
  expect(skew).toBe(100);
  skew = skewAfter(skew, 2_000, 1_980);
  expect(skew).toBeCloseTo(98.4);
  expect(skewAfter(skew, 3_000, 2_700)).toBe(300);
  expect(skewAfter(skew, 3_000, 9_000)).toBe(-6_000);
});
