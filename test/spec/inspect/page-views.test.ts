import fc from 'fast-check';
import { expect, it } from 'vitest';
import { commandFor, KEY_HELP } from '../../../inspector/src/keys/keymap.ts';
import { needsMore, partAround, revealed, visibleRows } from '../../../inspector/src/list/list-window.ts';
import { eventName } from '../../../inspector/src/log/event-name.ts';
import { matches } from '../../../inspector/src/log/search.ts';
import { count, duration, passed, plural, took } from '../../../inspector/src/model/format.ts';
import { stateOfPath, toneOf } from '../../../inspector/src/model/state-tone.ts';
import { indexOf, paused, placeAt, stepped } from '../../../inspector/src/scrub/steps.ts';
import { bandPaths, bandsOf, entryAt, placeOf, spanOf, tickPath, ticksOf } from '../../../inspector/src/scrub/track.ts';
import { LONGEST_SEQUENCE, sequenceOf } from '../../../inspector/src/sequence/lanes.ts';
import { deadlineRows, legible, scaleFor } from '../../../inspector/src/timeline/scale.ts';
import { LONGEST_PAGE, type Party } from '../../../src/integration/inspect/page-protocol.ts';
import { NO_RATE, rated, recentRate } from '../../../src/integration/inspect/viewer/rate.ts';
import { drafted, draftedJson, fieldsOf } from '../../../src/integration/inspect/viewer/send-fields.ts';
import { shortId } from '../../../src/integration/inspect/viewer/short-id.ts';
import type { LogEntry } from '../../../src/integration/inspect/viewer/watched.ts';
import { END_REASONS, TRANSPORT_STATES } from '../../../src/machines/session-types.ts';
import { SESSION_CONFIG_FIELDS } from '../../../src/services/session-config.ts';

const party = (role: Party['role'], label: string = role): Party => ({ role, label });

const message = (seq: number, from: Party, to: Party, event = 'E'): LogEntry => ({
  kind: 'message',
  seq,
  at: seq * 100,
  from,
  to,
  event,
});

const move = (seq: number, from: string, to: string): LogEntry => ({
  kind: 'transition',
  seq,
  at: seq * 100,
  event: 'E',
  cause: 'because',
  edges: [],
  from,
  to,
  active: [],
  changes: { set: {}, removed: [] },
  timers: [],
});

it('[INS-86] the part that is asked for covers what is seen, with a margin, in pages that the protocol allows', () => {
  fc.assert(
    fc.property(fc.nat(1e7), fc.integer({ min: 1, max: 17_000 }), fc.nat(200_000), (scrollTop, height, matched) => {
      const seen = visibleRows(scrollTop, height, 48, matched);
      expect(seen.limit).toBeLessThanOrEqual(Math.ceil(height / 48) + 1);
      const part = partAround(seen);
      expect(part.limit).toBeLessThanOrEqual(LONGEST_PAGE);
      expect(part.limit).toBeGreaterThan(0);
      expect(part.offset).toBeLessThanOrEqual(seen.offset);
      expect(part.offset + part.limit).toBeGreaterThanOrEqual(seen.offset + seen.limit);
      expect(needsMore(seen, part, matched)).toBe(false);
    }),
  );
  const seen = visibleRows(48 * 300, 480, 48, 10_000);
  expect(seen).toEqual({ offset: 300, limit: 11 });
  expect(needsMore(seen, { offset: 260, limit: 91 }, 10_000)).toBe(false);
  expect(needsMore(seen, { offset: 261, limit: 91 }, 10_000)).toBe(true);
  expect(needsMore(seen, { offset: 260, limit: 90 }, 10_000)).toBe(true);
});

it('[INS-86] a row is scrolled to no farther than it takes to see it', () => {
  expect(revealed(100, 400, 48, 3)).toBe(100);
  expect(revealed(200, 400, 48, 3)).toBe(144);
  expect(revealed(0, 400, 48, 20)).toBe(21 * 48 - 400);
});

it('[INS-86] a long id keeps its ends and the place that was searched for', () => {
  const text = (id: string, search = ''): string =>
    shortId(id, search, 12)
      .map(piece => piece.text)
      .join('');
  const hit = (id: string, search: string): string =>
    shortId(id, search, 12)
      .filter(piece => piece.hit)
      .map(piece => piece.text)
      .join('');
  expect(text('short')).toBe('short');
  expect(text('session_0123456789_abcdef')).toBe('sess…_abcdef');
  expect(hit('Session-1', 'ESS')).toBe('ess');
  expect(hit('session_0123456789_abcdef', '456')).toBe('456');
  expect(text('session_0123456789_abcdef', '456')).toContain('456');
  expect(hit('session_0123456789_abcdef', 'n_0123456789_a')).toContain('n_01');
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 60 }), fc.nat(50), fc.nat(10), (id, from, length) => {
      const search = id.slice(from, from + length);
      const pieces = shortId(id, search, 20);
      expect(pieces.map(piece => piece.text).join('').length).toBeLessThanOrEqual(Math.max(20, 21));
      const found = search !== '' && id.toLowerCase().includes(search.toLowerCase());
      expect(pieces.some(piece => piece.hit)).toBe(found);
    }),
  );
});

it('[INS-87] one steps through the records, to both ends, and back to where one paused', () => {
  const log = [1, 2, 3].map(n => move(n, 'a', 'b'));
  const now = 1_000;
  expect(stepped(log, null, 'previous', now)).toEqual({ seq: 2, at: 200 });
  const pause = paused(log, now);
  expect(pause).toEqual({ seq: 3, at: 1_000 });
  expect(stepped(log, pause, 'previous', now)).toEqual({ seq: 3, at: 300 });
  expect(stepped(log, { seq: 3, at: 300 }, 'previous', now)).toEqual({ seq: 2, at: 200 });
  expect(stepped(log, { seq: 1, at: 100 }, 'previous', now)).toEqual({ seq: 1, at: 100 });
  expect(stepped(log, { seq: 1, at: 100 }, 'next', now)).toEqual({ seq: 2, at: 200 });
  expect(stepped(log, pause, 'next', now)).toBe(pause);
  expect(stepped(log, null, 'next', now)).toBeNull();
  expect(stepped(log, null, 'first', now)).toEqual({ seq: 1, at: 100 });
  expect(stepped(log, { seq: 1, at: 100 }, 'last', now)).toEqual(pause);
  expect(stepped([], null, 'first', now)).toBeNull();
  expect(placeAt([], 0)).toBeNull();
  // While one looks at the past old records are let go: the place moves to the oldest one that is kept.
  expect(indexOf(log.slice(2), { seq: 1, at: 100 })).toBe(-1);
  expect(stepped(log.slice(2), { seq: 1, at: 100 }, 'next', now)).toEqual({ seq: 3, at: 300 });
  expect(paused([], now)).toEqual({ seq: 0, at: now });
});

it('[INS-87] the track shows states as bands, marks that do not pile up, and finds the record at a place', () => {
  const log = [
    message(1, party('application'), party('session')),
    move(100, 'starting.x', 'serving.active'),
    move(150, 'serving.active', 'serving.active'),
    move(200, 'serving.active', 'serving.renewing.x'),
  ];
  const span = spanOf(log, 30_100);
  expect(span).toEqual({ from: 100, to: 30_100 });
  const bands = bandsOf(log, span, 'session');
  expect(bands.map(({ state }) => state)).toEqual(['starting', 'active', 'renewing']);
  expect(bands[0]?.from).toBe(0);
  expect(bands[2]).toMatchObject({ from: placeOf(20_000, span), to: 1 });
  expect(bands.slice(1).map(({ from }) => from)).toEqual(bands.slice(0, -1).map(({ to }) => to));
  expect(bandsOf([], span, 'session')).toEqual([]);
  const crowd = Array.from({ length: 5_000 }, (_, i) =>
    i % 7 === 0 ? move(i, 'a', 'b') : message(i, party('timer'), party('session')),
  );
  const ticks = ticksOf(crowd, spanOf(crowd, 500_000), 300);
  expect(ticks.length).toBeLessThanOrEqual(301);
  expect(ticks.every(({ kind }) => kind === 'transition')).toBe(true);
  expect(ticks.at(-1)?.index).toBe(4_998);
  expect(tickPath(ticks, 'other', 300, 0, 5)).toBe('');
  expect(tickPath(ticks, 'transition', 300, 0, 5).split('M')).toHaveLength(ticks.length + 1);
  const flicker = Array.from({ length: 5_000 }, (_, i) => move(i, i % 2 ? 'a' : 'b', i % 2 ? 'b' : 'a'));
  const paths = bandPaths(bandsOf(flicker, spanOf(flicker, 500_000), 'actor'), 300, 0, 5);
  expect([...paths.keys()].sort()).toEqual(['a', 'b']);
  expect([...paths.values()].join('').split('M').length).toBeLessThanOrEqual(301);
  expect(bandPaths([{ from: 0, to: 0.5, state: 'a' }], 100, 1, 2)).toEqual(new Map([['a', 'M0 1H50V3H0Z']]));
  expect(entryAt(log, span, 0)).toBe(0);
  expect(entryAt(log, span, placeOf(20_000, span))).toBe(3);
  expect(entryAt(log, span, placeOf(19_999, span))).toBe(2);
  expect(entryAt(log, { from: 0, to: 10 }, 0)).toBe(-1);
  expect(spanOf([], 50_000)).toEqual({ from: 40_000, to: 50_000 });
});

it('[INS-88] lanes stand from outside to inside; rows come in the order of the log', () => {
  const session = party('session', 's1');
  const log = [
    message(1, party('service', 'acquire'), session, 'xstate.done.actor.acquire'),
    message(2, party('timer'), session),
    move(3, 'a', 'a'),
    move(4, 'a', 'b'),
    { kind: 'gap', seq: 6, at: 600, missed: 2, base: {} } as LogEntry,
    message(7, party('application'), session),
    message(8, session, party('coordinator'), 'ENDED'),
    { kind: 'child', seq: 9, at: 900, child: party('service', 'x'), phase: 'started' } as LogEntry,
  ];
  const { lanes, rows, omitted } = sequenceOf(log, session);
  expect(lanes.map(({ label }) => label)).toEqual(['application', 'timer', 'coordinator', 'session', 'services']);
  expect(rows.map(({ kind, seq }) => `${kind} ${seq}`)).toEqual([
    'arrow 1',
    'arrow 2',
    'state 4',
    'gap 6',
    'arrow 7',
    'arrow 8',
  ]);
  expect(rows[0]).toMatchObject({ from: 4, to: 3, detail: 'acquire' });
  expect(rows[5]).toMatchObject({ from: 3, to: 2, event: 'ENDED', detail: '' });
  expect(omitted).toBe(0);
  const many = Array.from({ length: 500 }, (_, i) =>
    message(i, party('actor', `child ${i % 9}`), party('actor', 'self')),
  );
  const crowd = sequenceOf(many, party('actor', 'self'));
  expect(crowd.rows).toHaveLength(LONGEST_SEQUENCE);
  expect(crowd.omitted).toBe(300);
  expect(crowd.lanes).toHaveLength(6);
  expect(crowd.rows.every(row => row.kind === 'arrow' && row.from < 6 && row.to < 6)).toBe(true);
});

it('[INS-88] the axis of the deadlines never goes back, ends at 1, and holds the farthest', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1_000, max: 400 * 86_400_000 }), { maxLength: 8 }), left => {
      const scale = scaleFor(left);
      expect(scale.reachMs).toBeGreaterThanOrEqual(Math.max(15_000, ...left));
      const places = [...left].sort((a, b) => a - b).map(ms => scale.place(ms));
      expect([...places].sort((a, b) => a - b)).toEqual(places);
      expect(places.every(place => place >= 0 && place <= 1)).toBe(true);
      expect(scale.place(scale.reachMs)).toBe(1);
      expect(scale.ticks.every(tick => tick.place > 0 && tick.place <= 1)).toBe(true);
    }),
  );
  const scale = scaleFor([30 * 86_400_000]);
  expect(scale.place(10_000)).toBeGreaterThan(0.07);
  const marks = legible(scale.ticks, 0.2);
  const places = marks.map(({ place }) => place);
  expect(places.length).toBeGreaterThan(2);
  expect(places.at(-1)).toBe(1);
  expect(places.every((place, i) => place - (places[i - 1] ?? 0) >= 0.2 - 1e-9)).toBe(true);
});

it('[INS-88] deadlines stand in the order of time; the farthest share the last row', () => {
  const deadline = (name: string, at: number) => ({ name, at });
  const three = [deadline('c', 3), deadline('a', 1), deadline('b', 1)];
  expect(deadlineRows(three, 4).map(row => row.map(({ name }) => name))).toEqual([['a'], ['b'], ['c']]);
  expect(deadlineRows(three, 2).map(row => row.map(({ name }) => name))).toEqual([['a'], ['b', 'c']]);
  expect(deadlineRows([], 2)).toEqual([]);
});

it('[INS-89] the form knows the events of sessions, and the process accepts what it offers', () => {
  const names = (type: string): readonly string[] => (fieldsOf('session', type) ?? []).map(({ name }) => name);
  expect([...names('CONFIGURE')].sort()).toEqual(SESSION_CONFIG_FIELDS.map(({ key }) => key).sort());
  for (const field of fieldsOf('session', 'CONFIGURE') ?? []) {
    const setting = SESSION_CONFIG_FIELDS.find(({ key }) => key === field.name);
    if (field.kind !== 'number' || setting?.kind !== 'number') continue;
    const { min, max, integer, exclusiveMin } = setting;
    expect(field).toMatchObject({ min, max, whole: integer, above: exclusiveMin });
  }
  const choices = (type: string): readonly string[] =>
    (fieldsOf('session', type) ?? []).flatMap(field => (field.kind === 'choice' ? field.choices : []));
  expect(END_REASONS).toEqual(expect.arrayContaining([...choices('END')]));
  expect([...choices('TRANSPORT')].sort()).toEqual([...TRANSPORT_STATES].sort());
  for (const type of ['PAUSE', 'RESUME', 'RENEW', 'ACTIVITY']) expect(fieldsOf('session', type)).toEqual([]);
  expect(fieldsOf('session', 'OTHER')).toBeNull();
  expect(fieldsOf('actor', 'END')).toBeNull();
});

it('[INS-89] what is filled in becomes the event; what cannot be is told before it is sent', () => {
  const end = fieldsOf('session', 'END') ?? [];
  expect(drafted('END', end, { reason: 'recovery' })).toEqual({ event: { type: 'END', reason: 'recovery' } });
  expect(drafted('END', end, {})).toEqual({ problem: 'Reason: choose one' });
  const configure = fieldsOf('session', 'CONFIGURE') ?? [];
  expect(
    drafted('CONFIGURE', configure, { enableHeartbeat: 'false', maxRetryAttempts: ' 3 ', retryBackoffMs: '' }),
  ).toEqual({
    event: { type: 'CONFIGURE', config: { enableHeartbeat: false, maxRetryAttempts: 3 } },
  });
  expect(drafted('CONFIGURE', configure, {})).toEqual({ problem: 'Change at least one setting' });
  expect(drafted('CONFIGURE', configure, { maxRetryAttempts: '2.5' })).toEqual({
    problem: 'Attempts: a whole number, 1 to 8',
  });
  for (const text of ['x', '-1', '3601']) {
    expect(drafted('CONFIGURE', configure, { renewalMarginSeconds: text })).toEqual({
      problem: 'Renewal margin: 0 to 3600',
    });
  }
  expect(drafted('CONFIGURE', configure, { maxDurationMinutes: '0' })).toEqual({
    problem: 'Lifetime: more than 0, at most 525600',
  });
});

it('[INS-89] a payload is JSON, an object, and does not name another type', () => {
  expect(draftedJson('GO', '  ')).toEqual({ event: { type: 'GO' } });
  expect(draftedJson('GO', '{"n":1}')).toEqual({ event: { type: 'GO', n: 1 } });
  expect(draftedJson('GO', '{"type":"GO"}')).toEqual({ event: { type: 'GO' } });
  for (const text of ['{', '1', 'null', '[]', '{"type":"STOP"}'])
    expect(draftedJson('GO', text)).toHaveProperty('problem');
});

it('[INS-89] times and numbers read well', () => {
  const minute = 60_000;
  expect([0, 9_940, 9_960, 42_400, 59_600, 187_000, 3_849_000, 26 * 60 * minute, -5].map(duration)).toEqual([
    '0.0 s',
    '9.9 s',
    '10 s',
    '42 s',
    '1:00',
    '3:07',
    '1:04:09',
    '1 d 2 h',
    '0.0 s',
  ]);
  expect([0, 1_900, 12_000].map(passed)).toEqual(['0 s', '1 s', '12 s']);
  expect([420, 1_400].map(took)).toEqual(['420 ms', '1.4 s']);
  expect([0, 999, 10_000, 1_234_567].map(count)).toEqual(['0', '999', '10\u2009000', '1\u2009234\u2009567']);
  expect(plural(1, 'record')).toBe('1 record');
  expect(plural(2, 'record')).toBe('2 records');
});

it('[INS-89] states have their colours, and events their names', () => {
  expect(stateOfPath('serving.active', 'session')).toBe('active');
  expect(stateOfPath('serving.renewing.acquiring', 'session')).toBe('renewing');
  expect(stateOfPath('failed.retained', 'session')).toBe('failed');
  expect(stateOfPath('serving.renewing', 'actor')).toBe('serving');
  expect(['active', 'accepting', 'whatever'].map(toneOf)).toEqual(['active', 'active', 'other']);
  expect(eventName('xstate.after.renewal.session.serving.active')).toBe('renewal');
  expect(eventName('xstate.done.actor.acquire')).toBe('acquire ✓');
  expect(eventName('xstate.error.actor.acquire')).toBe('acquire ✗');
  expect(eventName('xstate.init')).toBe('begins');
  expect(eventName('PAUSE')).toBe('PAUSE');
});

it('[INS-89] the log is searched by what its lines show, and the rate is that of the last seconds', () => {
  expect(matches(message(1, party('timer'), party('session')), 'TIM')).toBe(true);
  expect(matches(move(1, 'a.b', 'c'), 'because')).toBe(true);
  expect(matches(move(1, 'a.b', 'c'), 'nothing')).toBe(false);
  expect(matches({ kind: 'gap', seq: 1, at: 1, missed: 1, base: {} }, '')).toBe(true);
  let rate = NO_RATE;
  for (const total of [0, 100, 110, 130, 160]) rate = rated(rate, total);
  expect(recentRate(rate)).toBe(20);
  expect(recentRate(rated(rate, 5))).toBe(0);
});

it('[INS-89] every key of the help sheet does something, and none does where text is typed', () => {
  const press = { ctrlKey: false, metaKey: false, altKey: false, inField: false, onControl: false, ownsArrows: false };
  const names: Readonly<Record<string, string>> = {
    Space: ' ',
    Esc: 'Escape',
    '↓': 'ArrowDown',
    '↑': 'ArrowUp',
    '←': 'ArrowLeft',
    '→': 'ArrowRight',
  };
  const keys = KEY_HELP.flatMap(([, rows]) => rows.flatMap(([text]) => text.split(' '))).filter(key => key !== '–');
  for (const name of keys) {
    const key = names[name] ?? name;
    expect(commandFor({ ...press, key }), name).not.toBeNull();
    expect(commandFor({ ...press, key, ctrlKey: true })).toBeNull();
    if (key !== 'Escape') expect(commandFor({ ...press, key, inField: true })).toBeNull();
  }
  expect(commandFor({ ...press, key: ' ', onControl: true })).toBeNull();
  expect(commandFor({ ...press, key: 'ArrowLeft', ownsArrows: true })).toBeNull();
  expect(commandFor({ ...press, key: 'q' })).toBeNull();
});
