import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linkLine } from '../../../src/integration/command/terminal/head-lines.ts';
import type { LinkFacts, Picture, Place, View } from '../../../src/integration/command/terminal/picture.ts';
import { screenOf } from '../../../src/integration/command/terminal/screen.ts';
import { layoutOf } from '../../../src/integration/command/terminal/screen-layout.ts';
import type { ActorRow, LogRecord } from '../../../src/integration/inspect/page-protocol.ts';
import { lineWidth } from '../../../src/integration/terminal/paint.ts';
import { contextOf, listOf, NOW, pictureOf, rowOf, viewOf, watchedOf } from './terminal-support.ts';

const PLACES: readonly Place[] = ['list', 'detail', 'searching', 'story', 'help', 'choosing', 'valuing', 'writing'];
const NO_CHANGE = { set: {}, removed: [] };

const screen = (picture: Picture, view: View, columns = 120, lines = 30): string[] =>
  screenOf(picture, view, { columns, lines }).map(line =>
    line
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  );
const shown = (...args: Parameters<typeof screen>): string => screen(...args).join('\n');

const timer = (name: string, inMs: number) => ({ id: name, name, node: null, at: NOW + inMs });
const transition = (seq: number, change: Partial<Extract<LogRecord, { kind: 'transition' }>> = {}): LogRecord => ({
  seq,
  at: NOW - 1_000 + seq,
  kind: 'transition',
  event: 'PAUSE',
  cause: 'paused',
  edges: [],
  from: 'serving.active',
  to: 'paused',
  active: [],
  changes: NO_CHANGE,
  timers: [],
  ...change,
});
const SESSION = { role: 'session', label: 'session-1' } as const;

const LOG: readonly LogRecord[] = [
  { seq: 1, at: NOW, kind: 'message', from: { role: 'application', label: '' }, to: SESSION, event: 'PAUSE' },
  {
    seq: 2,
    at: NOW,
    kind: 'message',
    from: { role: 'timer', label: 'renewal' },
    to: SESSION,
    event: 'xstate.after.renewal.x',
  },
  { seq: 3, at: NOW, kind: 'message', from: SESSION, to: { role: 'service', label: 'acquire' }, event: 'xstate.init' },
  {
    seq: 4,
    at: NOW,
    kind: 'message',
    from: { role: 'service', label: 'acquire' },
    to: SESSION,
    event: 'xstate.done.actor.acquire',
  },
  transition(5),
  transition(6, {
    cause: '',
    event: 'ACTIVITY',
    to: 'serving.active',
    changes: { set: { idleFrom: NOW }, removed: ['old'] },
  }),
  { seq: 7, at: NOW, kind: 'child', child: { role: 'service', label: 'acquire' }, phase: 'error' },
  { seq: 8, at: NOW, kind: 'status', status: 'active' },
  { seq: 9, at: NOW, kind: 'status', status: 'done' },
];

/** Text as it may come from outside. */
const wild = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('日本語のセッション', '\u001b[31m\u001b[2J', 'x'.repeat(300), '👩‍👩‍👧👩‍👩‍👧'),
);
const wildRow = fc.record({
  id: wild,
  state: wild,
  path: wild,
  error: fc.option(wild),
  reason: fc.option(wild),
  next: fc.option(fc.record({ name: wild, at: fc.integer({ min: NOW - 1e6, max: NOW + 1e12 }) })),
});

describe('screens', () => {
  it('[INS-95] have as many lines as the terminal, each as wide as it, whatever is shown', () => {
    const every = fc.property(
      fc.record({
        columns: fc.integer({ min: 20, max: 200 }),
        lines: fc.integer({ min: 5, max: 70 }),
        place: fc.constantFrom(...PLACES),
        rows: fc.array(wildRow, { maxLength: 30 }),
        known: fc.boolean(),
        texts: fc.array(wild, { minLength: 6, maxLength: 6 }),
        notice: fc.option(wild),
        top: fc.nat(40),
      }),
      ({ columns, lines, place, rows, known, texts, notice, top }) => {
        const [title = '', search = '', line = '', event = '', value = '', cause = ''] = texts;
        const list = rows.map((row, index) => rowOf({ ...row, actor: `a${index}` }));
        const watched = watchedOf({
          row: list[0] ?? rowOf(),
          context: { [event]: value },
          timers: [timer(event, 5_000), timer(value, -5)],
          log: [
            ...LOG,
            transition(10, { cause, event, from: value, to: title, changes: { set: { [event]: value }, removed: [] } }),
          ],
        });
        const picture = pictureOf({
          title,
          list: listOf(list),
          row: list[0],
          watched: known ? watched : undefined,
          overview: [
            {
              source: 0,
              counts: { [title]: 3, active: 5 },
              total: 8,
              slots: { taken: 8, limit: 9, waiting: 1 },
              events: 0,
            },
          ],
          story: {
            sessionId: title,
            state: value,
            transitions: [{ at: NOW, from: value, to: event, cause }],
            omitted: 1,
            unfinished: [cause],
          },
        });
        const context = contextOf({
          room: layoutOf(picture, { columns, lines }).room,
          facts: { ...contextOf().facts, accepts: [{ type: event, kind: 'refused', because: cause }] },
          asked: { type: event, field: value, choices: [cause, title] },
          chosen: 'a0',
          top,
          search,
          line,
          notice: notice === null ? null : { text: notice, tone: 'bad' },
        });
        const drawn = screenOf(picture, { place, paused: known, context }, { columns, lines });
        expect(drawn).toHaveLength(lines);
        for (const each of drawn) {
          expect(lineWidth(each)).toBe(columns);
          expect(each.map(({ text }) => text).join('')).not.toMatch(/\p{Cc}/u);
        }
      },
    );
    fc.assert(every, { numRuns: 300 });
  });

  it('[INS-95] a wide terminal shows list and details beside each other, a narrow one one of them', () => {
    const picture = pictureOf({ list: listOf([rowOf()]), row: rowOf(), watched: watchedOf() });
    const wide = shown(picture, viewOf('list', { chosen: 'a1' }), 100);
    expect(wide).toContain('▌ session-1');
    expect(wide).toContain('│  session-1');
    const narrow = shown(picture, viewOf('list', { chosen: 'a1' }), 60);
    expect(narrow).toContain('▌ session-1');
    expect(narrow).not.toContain('│');
    expect(narrow).not.toContain('Log');
    const details = shown(picture, viewOf('detail', { chosen: 'a1' }), 60);
    expect(details).toContain('Log');
    expect(details).not.toContain('▌');
  });

  it('[INS-95] the head tells the title, the connection, the counts, the slots and what the list was asked for', () => {
    const overview = [
      {
        source: 0,
        counts: { paused: 1, active: 1_200, other: 2, ended: 0 },
        total: 3,
        slots: { taken: 3, limit: 8, waiting: 2 },
        events: 9,
      },
      { source: 1, counts: { active: 34 }, total: 34, slots: null, events: 1 },
    ];
    const list = { ...listOf([rowOf()]), total: 12_000, matched: 3_000 };
    const view = viewOf('list', { search: 'abc', state: 'active', top: 1_999, sort: 'next', descending: true });
    const [who, counts, query] = screen(pictureOf({ overview, list }), view);
    expect(who).toMatch(/^ Voice gateway {2}● live 127\.0\.0\.1:4747 +12 events\/s$/);
    expect(counts).toBe(' 1,234 active  1 paused  2 other  slots 3/8, 2 waiting');
    expect(query).toBe(' 2,000–2,019 of 3,000 (all: 12,000)  by next ↓  only active  /abc');
    expect(screen(pictureOf({ overview, list }), { ...view, paused: true })[0]).toContain('PAUSED');
  });

  it('[INS-95] a row tells its state, what is next, and its renewals; an end or an error comes before the timer', () => {
    const rows = [
      rowOf(),
      rowOf({ actor: 'a2', id: 'session-2', state: 'failed', error: 'RATE_LIMITED' }),
      rowOf({ actor: 'a3', id: 'session-3', state: 'ended', next: null, reason: 'user', renewals: null }),
    ];
    const lines = screen(pictureOf({ list: { ...listOf(rows), matched: 5 } }), viewOf('list', { chosen: 'a2' }), 60);
    expect(lines.slice(4, 8)).toEqual([
      expect.stringMatching(/^ {2}session-1 +● active +renewal 30s +3$/),
      expect.stringMatching(/^▌ session-2 +● failed +RATE_LIMITED +3$/),
      expect.stringMatching(/^ {2}session-3 +● ended +user$/),
      '  …',
    ]);
  });

  it('[INS-95] what the list is without is said', () => {
    expect(shown(pictureOf(), viewOf('list'))).toContain('Nothing is known yet.');
    expect(shown(pictureOf({ list: listOf([]) }), viewOf('list'))).toContain('No sessions yet');
    expect(shown(pictureOf({ list: listOf([]) }), viewOf('list', { search: 'x' }))).toContain('Nothing matches. Esc');
    expect(shown(pictureOf({ list: listOf([]) }), viewOf('list', { state: 'paused' }))).toContain(
      'Nothing matches. Esc',
    );
    const refused: LinkFacts = { state: 'refused', absence: 'lost', retryInMs: 0 };
    expect(shown(pictureOf({ link: refused }), viewOf('list'))).toContain('without the token');
    expect(shown(pictureOf(), viewOf('detail'), 60)).toContain('Choose a session');
  });

  it.each([
    ['asking', /^○ connecting to 127/],
    ['greeting', /^○ connecting to/],
    ['live', /^● live 127/],
    ['away', /^○ away: the connection was lost; again in 2\.5s \(r: now\)$/],
    ['full', /^○ as many viewers as it allows; again in 2\.5s/],
    ['refused', /^✗ it does not take the token/],
    ['dismissed', /^✗ it closed the connection/],
  ] as const)('[INS-95] the connection, %s, is told', (state, told) => {
    const link: LinkFacts = { state, absence: 'lost', retryInMs: 2_500 };
    const text = linkLine({ link, place: '127.0.0.1:4747' })
      .map(each => each.text)
      .join('');
    expect(text).toMatch(told);
  });
});

describe('details', () => {
  const detail = (watched: ReturnType<typeof watchedOf>, row: ActorRow = watched.row, change = {}) =>
    screen(
      pictureOf({ row, watched, list: listOf([row]) }),
      viewOf('detail', { room: { list: 20, log: 10, story: 20 }, ...change }),
      80,
      40,
    );

  it('[INS-95] deadlines are sorted by time, with a bar of what is left since they were armed', () => {
    const armed = timer('renewal', 15_000);
    const timers = [timer('lifetime', 3_600_000), armed, timer('inactivity', 5_000)];
    const log = [
      transition(1, { timers: [] }),
      transition(2, { at: NOW - 15_000, timers: [armed] }),
      transition(3, { at: NOW - 1, timers: [armed] }),
    ];
    const row = rowOf({ since: NOW - 15_000 });
    const lines = detail(watchedOf({ row, timers, log }));
    const at = lines.indexOf(' Deadlines');
    expect(lines.slice(at + 1, at + 4)).toEqual([
      expect.stringMatching(/^ inactivity +█+░* +5\.0s {2}\d\d:\d\d:\d\d$/),
      expect.stringMatching(/^ renewal +█{12}░{12} +15s {2}\d\d:\d\d:\d\d$/),
      expect.stringMatching(/^ lifetime +█{24} {1,4}1h00m {2}\d\d:\d\d:\d\d$/),
    ]);
    expect(detail(watchedOf({ timers: [timer('renewal', -5)] })).join('\n')).toMatch(/renewal +░{24} +0s/);
  });

  it('[INS-95] who, what, since when and why', () => {
    const text = detail(watchedOf({ row: rowOf({ error: 'AUTH_ERROR', reason: 'expired', role: 'actor' }) })).join(
      '\n',
    );
    expect(text).toMatch(/● active for 5\.0s · serving\.active · actor · started \d\d:\d\d:\d\d · 3 renewals/);
    expect(text).toContain('ended: expired · error AUTH_ERROR');
    const ended = rowOf({
      status: 'done',
      state: 'ended',
      path: 'ended',
      since: null,
      startedAt: null,
      renewals: null,
    });
    expect(shown(pictureOf({ row: ended }), viewOf('detail'), 60)).toContain('It has ended. e tells its story.');
    expect(shown(pictureOf({ row: rowOf() }), viewOf('detail'), 60)).toContain('One moment');
  });

  it('[INS-95] what changed last, with times of these days as times of day', () => {
    const log = [
      transition(1, { changes: { set: { a: 1 }, removed: ['gone'] } }),
      transition(2, { changes: { set: { idleFrom: NOW, list: [1] }, removed: [] } }),
    ];
    const lines = detail(watchedOf({ context: { a: 1, idleFrom: NOW, list: [1] }, log }));
    const at = lines.indexOf(' Changed last');
    expect(lines.slice(at + 1, at + 5)).toEqual([
      expect.stringMatching(/^ idleFrom +\d\d:\d\d:\d\d\.000$/),
      expect.stringMatching(/^ list +\[1\]$/),
      expect.stringMatching(/^ a +1$/),
      expect.stringMatching(/^ gone +gone$/),
    ]);
  });

  it('[INS-95] the log tells who spoke, why it went where, and what changed', () => {
    const lines = detail(watchedOf({ log: LOG })).map(line => line.replace(/^ \d\d:\d\d:\d\d\.\d{3} /, ''));
    const at = lines.findIndex(line => line.startsWith(' Log'));
    expect(lines.slice(at + 1, at + 10)).toEqual([
      '← application PAUSE',
      '← renewal',
      '→ acquire xstate.init',
      '← acquire done',
      '► paused  serving.active → paused',
      '· ACTIVITY  idleFrom, old',
      '✗ acquire error',
      '○ watched from here',
      '■ done',
    ]);
  });

  it('[INS-95] the log can be scrolled, and tells what is missing', () => {
    const log = Array.from({ length: 50 }, (_, index) => transition(index + 4, { cause: `cause ${index}` }));
    const at = (logUp: number) => detail(watchedOf({ log, dropped: 3 }), rowOf(), { logUp }).join('\n');
    expect(at(0)).toContain('cause 49');
    expect(at(0)).not.toContain('newer');
    expect(at(10)).toContain('10 newer below');
    expect(at(10)).not.toContain('cause 40 ');
    expect(at(10)).toContain('cause 39 ');
    expect(at(45)).toContain('3 before these are not kept');
    const missed = detail({
      ...watchedOf({ log }),
      log: [{ kind: 'gap', seq: 9, at: NOW, missed: 7, base: {} }],
      gone: true,
    });
    expect(missed.join('\n')).toContain('7 records are missing');
    expect(missed.join('\n')).toContain('it is gone');
  });
});

describe('panes', () => {
  const picture = pictureOf({ row: rowOf(), list: listOf([rowOf()]) });

  it('[INS-98] the story of a session, step by step, to its end', () => {
    const story = {
      sessionId: 'session-1',
      state: 'ended',
      transitions: [
        { at: NOW, from: 'idle', to: 'starting', cause: 'admitted' },
        { at: NOW, from: 'starting', to: 'failed', cause: 'refused', error: 'AUTH_ERROR' },
      ],
      omitted: 4,
      reason: 'user',
      unfinished: ['RELEASE_TIMEOUT'],
    };
    const lines = screen({ ...picture, story }, viewOf('story'), 80);
    expect(lines.slice(3, 10).map(line => line.replace(/\d\d:\d\d:\d\d\.\d{3}/, 'T'))).toEqual([
      ' Story of session-1  ended',
      '',
      ' 4 steps before these are not kept',
      ' T starting  admitted  from idle',
      ' T failed    refused  from starting  AUTH_ERROR',
      ' ended: user',
      ' left undone: RELEASE_TIMEOUT',
    ]);
    expect(shown({ ...picture, story }, viewOf('story', { storyTop: 4 }), 80)).not.toContain('admitted');
    expect(shown(picture, viewOf('story'), 80)).toContain('One moment');
    expect(shown({ ...picture, story: null }, viewOf('story'), 80)).toContain('Nothing is known of it.');
  });

  it('[INS-98] the menu tells what is not taken and why, the choices, and what is written', () => {
    const facts = {
      ...contextOf().facts,
      accepts: [
        { type: 'PAUSE', kind: 'taken' },
        { type: 'RESUME', kind: 'ignored', because: 'it is not paused' },
        { type: 'CONFIGURE', kind: 'taken' },
      ] as const,
    };
    const menu = shown(picture, viewOf('choosing', { facts, menu: 'PAUSE' }), 80);
    expect(menu).toMatch(/▸ PAUSE/);
    expect(menu).toMatch(/RESUME +ignored: it is not paused/);
    const asked = { type: 'END', field: 'reason', choices: ['user', 'recovery'] };
    const values = shown(picture, viewOf('valuing', { facts, asked, choice: 1 }), 80);
    expect(values).toMatch(/END: reason\?\n {3}user\n ▸ recovery/);
    const line = shown(picture, viewOf('writing', { facts, menu: 'CONFIGURE', line: `{"a${'x'.repeat(90)}":1}` }), 80);
    expect(line).toMatch(/CONFIGURE: its fields as JSON, such as {"config"/);
    expect(line).toMatch(/ › x+":1}/);
  });

  it('[INS-96] help tells every key, and the last line those that count here, as far as they fit', () => {
    const help = shown(picture, viewOf('help'), 60);
    for (const key of ['j k', 'PgUp', '/', 'f F', 'o O', 'e ', 's ', 'space', 'Ctrl-L', 'q  Ctrl-C'])
      expect(help).toContain(key);
    expect(screen(picture, viewOf('list'), 40).at(-1)).toBe(' ↑↓ move  Enter details  ? help  q quit');
    expect(screen(picture, viewOf('list'), 120).at(-1)).toMatch(/o sort {2}space pause {2}\? help {2}q quit$/);
  });

  it('[INS-98] a notice takes up to three lines at the end', () => {
    const text = 'word '.repeat(100);
    const lines = screen(picture, viewOf('list', { notice: { text, tone: 'good' } }), 60, 12);
    expect(lines.slice(-4).map(line => line.startsWith(' word'))).toEqual([false, true, true, true]);
  });
});
