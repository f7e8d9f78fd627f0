import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { KeyDecoder } from '../../../src/integration/command/terminal/key-decoder.ts';
import { viewMachine } from '../../../src/integration/command/terminal/view-chart.ts';
import { type Facts, keyEvent, queryOf, type ViewWish } from '../../../src/integration/command/terminal/view-types.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';

const UP = '\u001b[A';
const DOWN = '\u001b[B';
const PAGE_UP = '\u001b[5~';
const PAGE_DOWN = '\u001b[6~';
const HOME = '\u001b[H';
const END = '\u001b[F';
const ESC = '\u001b';
const ENTER = '\r';
const ROOM = { list: 10, log: 5, story: 5 };
const FACTS: Facts = {
  allowSend: true,
  role: 'session',
  accepts: [
    { type: 'END', kind: 'taken' },
    { type: 'PAUSE', kind: 'taken' },
    { type: 'RESUME', kind: 'ignored', because: 'it is not paused' },
    { type: 'CONFIGURE', kind: 'taken' },
  ],
  states: ['active', 'paused'],
  logLines: 20,
  storyLines: 12,
};

/** The chart with a list of so many rows, all of which are at hand. */
const started = (rows = 100, facts: Partial<Facts> = {}) => {
  const clock = new VirtualClock();
  const wishes: ViewWish[] = [];
  const actor = createActor(viewMachine, { input: { room: ROOM }, clock });
  actor.on('*', wish => wishes.push(wish));
  actor.start();
  const list = (matched: number, offset = 0, names = Array.from({ length: matched }, (_, i) => `a${i}`)) =>
    actor.send({ type: 'LISTED', list: { matched, offset, actors: names } });
  if (rows > 0) list(rows);
  actor.send({ type: 'FACTS', facts: { ...FACTS, ...facts } });
  return {
    clock,
    wishes,
    actor,
    list,
    press(...typed: readonly string[]) {
      for (const keys of typed) {
        const decoder = new KeyDecoder();
        for (const key of [...decoder.feed(keys), ...decoder.flush()]) actor.send(keyEvent(key));
      }
    },
    get place() {
      return actor.getSnapshot().value.place;
    },
    get flow() {
      return actor.getSnapshot().value.flow;
    },
    get at() {
      return actor.getSnapshot().context;
    },
  };
};

describe('places', () => {
  const LIST = { browsing: 'list' };
  const DETAIL = { browsing: 'detail' };
  it.each([
    [ENTER, DETAIL],
    ['l', DETAIL],
    ['\u001b[C', DETAIL],
    ['\t', DETAIL],
    [`${ENTER}h`, LIST],
    [`${ENTER}\u001b[D`, LIST],
    [`${ENTER}\t`, LIST],
    [`${ENTER}\u007f`, LIST],
    ['/', 'searching'],
    ['/jk q?', 'searching'],
    ['?', 'help'],
    ['?q', LIST],
    ['?j', LIST],
    ['?\u000c', 'help'],
    ['e', 'story'],
    ['ejkq', LIST],
    ['ee', LIST],
    [`${ENTER}ee`, DETAIL],
    [`${ENTER}??`, DETAIL],
    ['s', { sending: 'choosing' }],
    ['ss', LIST],
    ['sq', LIST],
    [`${ENTER}ss`, DETAIL],
    [`s${ENTER}`, { sending: 'valuing' }],
    [`s${ENTER}q`, LIST],
    [`sjjj${ENTER}`, { sending: 'writing' }],
    [`sjjj${ENTER}q?/ e`, { sending: 'writing' }],
  ])('[INS-96] %j leads to %j', (keys, place) => {
    const view = started();
    view.press(keys);
    expect(view.place).toEqual(place);
    expect(view.wishes.filter(({ type }) => type === 'quit' || type === 'send')).toEqual([]);
  });

  it.each([
    ['\u001b in the details', ENTER, LIST],
    ['\u001b in the story', 'e', LIST],
    ['\u001b in the search', '/', LIST],
    ['\u001b in the help', '?', LIST],
    ['\u001b in the menu', 's', LIST],
    ['\u001b in the values', `s${ENTER}`, { sending: 'choosing' }],
    ['\u001b in the line', `sjjj${ENTER}`, { sending: 'choosing' }],
  ])('[INS-96] %j goes one back', (_, keys, place) => {
    const view = started();
    view.press(keys, ESC);
    expect(view.place).toEqual(place);
  });

  it.each(['', ENTER, '/', '?', 'e', 's', `s${ENTER}`, `sjjj${ENTER}`])('[INS-96] Ctrl-C after %j leaves', keys => {
    const view = started();
    view.press(keys, '\u0003', '\u001a', '\u000c');
    expect(view.wishes.slice(-3)).toEqual([{ type: 'quit' }, { type: 'suspend' }, { type: 'redraw' }]);
  });

  it('[INS-96] q leaves, and r asks for a connection now', () => {
    const view = started();
    view.press('r', 'q', ENTER, 'q');
    expect(view.wishes).toEqual([{ type: 'retry' }, { type: 'quit' }, { type: 'quit' }]);
  });

  it('[INS-96] with nothing chosen there are no details, no story and nothing to send', () => {
    const view = started(0);
    for (const keys of [ENTER, 'l', '\t', 'e', 's']) view.press(keys);
    expect(view.place).toEqual(LIST);
    expect(view.wishes).toEqual([]);
  });

  it('[INS-96] space lets the view stand still, but not where it is a letter', () => {
    const view = started();
    view.press('/', ' ', ENTER);
    expect(view.flow).toBe('following');
    view.press(' ');
    expect(view.flow).toBe('paused');
    view.press(ENTER, ' ');
    expect(view.flow).toBe('following');
  });

  it('[INS-96] a process that was started again is seen from the beginning', () => {
    const view = started();
    view.press(' ', 'jj', 'e');
    view.actor.send({ type: 'AFRESH' });
    expect([view.place, view.flow]).toEqual([LIST, 'following']);
    expect(view.at).toMatchObject({ chosen: null, cursor: 0, top: 0, list: { matched: 0 } });
  });
});

describe('list', () => {
  it('[INS-97] keys move the cursor within the list, and what is seen with it', () => {
    const view = started();
    const where = () => [view.at.cursor, view.at.top, view.at.chosen];
    expect(where()).toEqual([0, 0, 'a0']);
    const steps: [string, number, number][] = [
      [UP, 0, 0],
      [DOWN, 1, 0],
      ['jj', 3, 0],
      ['k', 2, 0],
      [PAGE_DOWN, 11, 2],
      [PAGE_DOWN, 20, 11],
      [PAGE_UP, 11, 11],
      [END, 99, 90],
      ['j', 99, 90],
      ['k', 98, 90],
      [HOME, 0, 0],
      ['G', 99, 90],
      ['g', 0, 0],
    ];
    for (const [keys, cursor, top] of steps) {
      view.press(keys);
      expect(where(), keys).toEqual([cursor, top, `a${cursor}`]);
    }
  });

  it('[INS-97] the list is asked for in parts around what is seen', () => {
    const view = started(0);
    const asked = () => {
      const { offset, limit } = queryOf(view.at);
      return [offset, limit];
    };
    expect(asked()).toEqual([0, 40]);
    view.list(
      10_000,
      0,
      Array.from({ length: 40 }, (_, i) => `a${i}`),
    );
    view.press(PAGE_DOWN, 'j');
    expect(asked()).toEqual([0, 40]);
    view.press(END);
    expect([view.at.cursor, view.at.chosen, asked()]).toEqual([9_999, null, [9_980, 40]]);
    view.list(
      10_000,
      9_980,
      Array.from({ length: 20 }, (_, i) => `a${9_980 + i}`),
    );
    expect(view.at.chosen).toBe('a9999');
    for (let lines = 1; lines <= 150; lines++) {
      view.actor.send({ type: 'ROOM', room: { ...ROOM, list: lines } });
      const { offset, limit } = queryOf(view.at);
      expect(offset <= view.at.top && offset + limit >= view.at.top + lines && limit <= 500, `${lines}`).toBe(true);
    }
  });

  it('[INS-97] the cursor follows the chosen one to its new place', () => {
    const view = started(30);
    view.press('jjj');
    view.list(30, 0, ['b', 'a3', ...Array.from({ length: 28 }, (_, i) => `c${i}`)]);
    expect([view.at.chosen, view.at.cursor]).toEqual(['a3', 1]);
    view.list(30, 0, [...Array.from({ length: 15 }, (_, i) => `d${i}`), 'a3', ...Array(14).fill('e')]);
    expect([view.at.cursor, view.at.top]).toEqual([15, 14]);
    view.list(2, 0, ['x', 'y']);
    expect([view.at.chosen, view.at.cursor, view.at.top]).toEqual(['a3', 1, 0]);
    view.press('k');
    expect(view.at.chosen).toBe('x');
  });

  it('[INS-97] f goes through the states there are, o through the orders; each begins at the first row', () => {
    const view = started();
    const seen: unknown[] = [];
    for (const key of ['f', 'f', 'f', 'F', 'o', 'O']) {
      view.press('jj', key);
      const { state, sort, descending, cursor, chosen } = view.at;
      seen.push([state, sort, descending, cursor, chosen]);
      view.list(100);
    }
    expect(seen).toEqual([
      ['active', 'started', false, 0, null],
      ['paused', 'started', false, 0, null],
      [null, 'started', false, 0, null],
      ['paused', 'started', false, 0, null],
      ['paused', 'activity', false, 0, null],
      ['paused', 'activity', true, 0, null],
    ]);
    expect(queryOf(view.at)).toMatchObject({ states: ['paused'], sort: 'activity', descending: true });
    view.press(ESC);
    expect(queryOf(view.at)).not.toHaveProperty('states');
  });

  it('[INS-97] the search is asked as it is written; Enter keeps it, ESC undoes it', () => {
    const view = started();
    view.press('/', 'aé', ' ', 'b');
    expect(queryOf(view.at).search).toBe('aé b');
    view.press('\u007f', '\u007f');
    expect(queryOf(view.at).search).toBe('aé');
    view.list(5);
    view.press(DOWN, DOWN, UP);
    expect(view.at.chosen).toBe('a1');
    view.press(ENTER, '/', 'zzz', ESC);
    expect([queryOf(view.at).search, view.place]).toEqual(['aé', { browsing: 'list' }]);
    view.press('/', '\u0015');
    expect(queryOf(view.at)).not.toHaveProperty('search');
    view.press('x'.repeat(300));
    expect(queryOf(view.at).search).toHaveLength(200);
    view.press(ENTER, ESC);
    expect(queryOf(view.at)).not.toHaveProperty('search');
  });

  it('[INS-97] another size keeps the cursor in sight', () => {
    const view = started();
    view.press(END);
    view.actor.send({ type: 'ROOM', room: { ...ROOM, list: 30 } });
    expect(view.at.top).toBe(70);
    view.actor.send({ type: 'ROOM', room: { ...ROOM, list: 3 } });
    expect(view.at.top).toBe(97);
  });
});

describe('log and story', () => {
  it('[INS-96] keys scroll the log, from the newest up to the oldest', () => {
    const view = started();
    view.press(ENTER);
    const seen = ['k', UP, 'j', PAGE_UP, 'g', 'k', PAGE_DOWN, 'G', 'j', HOME, END].map(key => {
      view.press(key);
      return view.at.logUp;
    });
    expect(seen).toEqual([1, 2, 1, 5, 15, 15, 11, 0, 0, 15, 0]);
    view.press('k', ESC, 'j');
    expect(view.at.logUp).toBe(0);
  });

  it('[INS-98] e asks for the story, and keys scroll it', () => {
    const view = started();
    view.press('e');
    expect(view.wishes).toEqual([{ type: 'explain', actor: 'a0' }]);
    const seen = ['j', DOWN, 'k', PAGE_DOWN, 'G', 'j', PAGE_UP, 'g', 'k'].map(key => {
      view.press(key);
      return view.at.storyTop;
    });
    expect(seen).toEqual([1, 2, 1, 5, 7, 7, 3, 0, 0]);
    view.press('jj', ESC, 'e');
    expect(view.at.storyTop).toBe(0);
  });
});

describe('sending', () => {
  const sent = (...keys: readonly string[]) => {
    const view = started();
    view.press(...keys);
    return { view, events: view.wishes.flatMap(wish => (wish.type === 'send' ? [wish.event] : [])) };
  };

  it('[INS-98] what needs nothing is sent at once', () => {
    const { view, events } = sent('s', DOWN, ENTER);
    expect(events).toEqual([{ type: 'PAUSE' }]);
    expect(view.place).toEqual({ browsing: 'list' });
    expect(view.wishes).toMatchObject([{ actor: 'a0' }]);
  });

  it('[INS-98] END asks for its reason', () => {
    expect(sent('s', ENTER, ENTER).events).toEqual([{ type: 'END', reason: 'user' }]);
    expect(sent('s', ENTER, 'jjjjj', 'k', ENTER).events).toEqual([{ type: 'END', reason: 'connection-lost' }]);
    expect(sent('s', ENTER, UP, ENTER).events).toEqual([{ type: 'END', reason: 'user' }]);
  });

  it('[INS-98] what needs more is written as JSON, and checked before it is sent', () => {
    const { view, events } = sent('s', 'jjj', ENTER, '{"config":[', ENTER);
    expect(events).toEqual([]);
    expect(view.place).toEqual({ sending: 'writing' });
    expect(view.at.notice?.text).toMatch(/^Not JSON/);
    view.press('\u007f', '{"a":1}}', ENTER);
    expect(view.wishes).toEqual([{ type: 'send', actor: 'a0', event: { type: 'CONFIGURE', config: { a: 1 } } }]);
    const again = sent('s', 'jjj', ENTER, 'x', '\u0015', '{"type":"END"}', ENTER);
    expect([again.events, again.view.at.notice?.text]).toEqual([[], expect.stringContaining('CONFIGURE')]);
  });

  it('[INS-98] an event that the state does not take is not sent, and it is said why', () => {
    const { view, events } = sent('s', 'jj', ENTER);
    expect(events).toEqual([]);
    expect(view.at.notice?.text).toBe('RESUME is ignored now: it is not paused');
  });

  it('[INS-98] the cursor of the menu stays on its event, wherever that goes', () => {
    const { view } = sent('s', 'j');
    const accepts = [...FACTS.accepts.slice(1), { type: 'RENEW', kind: 'taken' } as const];
    view.actor.send({ type: 'FACTS', facts: { ...FACTS, accepts } });
    view.press(ENTER);
    expect(view.wishes).toMatchObject([{ event: { type: 'PAUSE' } }]);
  });

  it('[INS-98] read-only is said, and so is an actor that takes nothing', () => {
    const readOnly = started(3, { allowSend: false });
    readOnly.press('s');
    expect(readOnly.place).toEqual({ browsing: 'list' });
    expect(readOnly.at.notice?.text).toContain('read-only');
    const ended = started(3, { accepts: [] });
    ended.press('s');
    expect(ended.at.notice?.text).toContain('Nothing can be sent');
  });

  it('[INS-98] a notice stays for 6 s, and a new one for its own', async () => {
    const view = started();
    const say = (text: string) => view.actor.send({ type: 'NOTICE', notice: { text, tone: 'good' } });
    say('one');
    await view.clock.advance(4_000);
    say('two');
    await view.clock.advance(5_999);
    expect(view.at.notice?.text).toBe('two');
    await view.clock.advance(1);
    expect(view.at.notice).toBeNull();
    view.actor.stop();
  });
});
