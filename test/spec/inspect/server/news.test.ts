import { describe, expect, it } from 'vitest';
import type { Connection, ViewerSide } from '../../../../src/integration/inspect/endpoint.ts';
import type { Changes, Observation } from '../../../../src/integration/inspect/observation.ts';
import { pageEndpoint } from '../../../../src/integration/inspect/page-endpoint.ts';
import type {
  ActorRow,
  ActorView,
  ChartDefinition,
  Delta,
  LogRecord,
} from '../../../../src/integration/inspect/page-protocol.ts';

const rowOf = (actor: string, state = 'active'): ActorRow => ({
  actor,
  id: actor,
  source: 0,
  role: 'session',
  chart: null,
  state,
  path: state,
  status: 'active',
  since: 0,
  startedAt: 0,
  activeAt: 0,
  next: null,
  renewals: 0,
  error: null,
  reason: null,
});
const record = (seq: number): LogRecord => ({ seq, at: 0, kind: 'status', status: 'active' });
const viewOf = (actor: string, log: readonly LogRecord[] = []): ActorView => ({
  row: rowOf(actor),
  active: [],
  tags: [],
  context: {},
  timers: [],
  accepts: [],
  base: {},
  log,
  dropped: 0,
});
const NOTHING: Changes = { overview: undefined, rows: new Map(), stale: false, actors: [], gone: [] };

/** A page endpoint over an observation that says what a test says, on a clock that each frame moves on by `sendMs`. */
function desk({ sendMs = 0, listMs = 0, observed = {} as Partial<Observation> } = {}) {
  let now = 0;
  let news = NOTHING;
  const clock = { now: () => now, wall: () => now, setTimeout: () => 0, clearTimeout() {} };
  const counts = new Map<string, number>();
  const count = (actor: string, by: number) => void counts.set(actor, (counts.get(actor) ?? 0) + by);
  const observation = {
    sources: [],
    overview: () => [],
    list: () => {
      now += listMs;
      return { total: 2, matched: 2, rows: [rowOf('a'), rowOf('b')] };
    },
    row: rowOf,
    chartOf: () => undefined,
    followRow: (actor: string) => count(`row ${actor}`, 1),
    unfollowRow: (actor: string) => count(`row ${actor}`, -1),
    watch: (actor: string) => {
      count(actor, 1);
      return true;
    },
    unwatch: (actor: string) => count(actor, -1),
    view: (actor: string) => viewOf(actor),
    explain: () => undefined,
    take: () => news,
    ...observed,
  } as unknown as Observation;
  const faults: string[] = [];
  const onFault = (error: unknown): void => void faults.push((error as Error).message);
  const parts = { observation, clock, allowSend: false, redact: (data: unknown) => data, onFault };
  const page = pageEndpoint(parts, { instance: 'i', title: 't', version: '0' });
  const enter = () => {
    const frames: Delta[] = [];
    const state = { stalled: false, closedFor: '' };
    const connection: Connection = {
      send(text, droppable) {
        if (state.stalled && droppable !== undefined) return false;
        frames.push(JSON.parse(String(text)));
        now += sendMs;
        return true;
      },
      greet() {},
      garbled() {},
      close(cause) {
        state.closedFor = cause;
      },
    };
    const side: ViewerSide = page.accept(connection, new URLSearchParams());
    side.receive('{"type":"hello"}');
    return { side, frames, state, deltas: () => frames.filter(({ type }) => type === 'delta') };
  };
  const tell = (changes: Changes): Promise<number> => {
    news = changes;
    return page.tell();
  };
  const held = () => [...counts].filter(([, users]) => users !== 0).map(([name]) => name);
  return { tell, enter, held, faults };
}

const watch = ({ side }: { side: ViewerSide }, actor: string) =>
  side.receive(JSON.stringify({ type: 'watch', id: 1, actor }));

describe('news', () => {
  it('[INS-46] viewers are told for half a millisecond, then everybody else has a turn', async () => {
    const { tell, enter } = desk({ sendMs: 0.2 });
    const viewers = Array.from({ length: 10 }, enter);
    const told: number[] = [];
    const took = tell({ ...NOTHING, stale: true });
    for (let turn = 0; turn < 6; turn++) {
      told.push(viewers.filter(({ deltas }) => deltas().length === 1).length);
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(told).toEqual([3, 6, 9, 10, 10, 10]);
    expect(await took).toBeCloseTo(2);
  });

  it('[INS-46] lists that were asked for since the last round count as a part of it', async () => {
    const { tell, enter } = desk({ listMs: 30 });
    const viewer = enter();
    for (const limit of [1, 2, 2]) {
      viewer.side.receive(JSON.stringify({ type: 'list', id: limit, query: { offset: 0, limit } }));
    }
    expect(await tell(NOTHING)).toBe(60);
    expect(await tell(NOTHING)).toBe(0);
  });

  it('[INS-38] who asks before its turn has come is told first what happened before', async () => {
    const { tell, enter } = desk({ sendMs: 1 });
    const [, late] = [enter(), enter()];
    const telling = tell({ ...NOTHING, stale: true });
    expect(late.deltas()).toEqual([]);
    late.side.receive('{"type":"explain","id":7,"actor":"a"}');
    expect(late.frames.slice(-2).map(({ type }) => type)).toEqual(['delta', 'explanation']);
    await telling;
    expect(late.deltas().length).toBe(1);
  });

  it('[INS-38] what is nothing to a viewer is not sent', async () => {
    const { tell, enter } = desk();
    const viewer = enter();
    const rows = new Map([['a', rowOf('a')]]);
    await tell({ ...NOTHING, rows, actors: [{ actor: 'a' }], gone: ['a'] });
    await tell(NOTHING);
    expect(viewer.deltas()).toEqual([]);
  });

  it('[INS-38] a log that overlaps with what a viewer has is cut, and what is missing counted', async () => {
    const logs = new Map([['a', [record(3), record(4)]]]);
    const { tell, enter } = desk({ observed: { view: actor => viewOf(actor, logs.get(actor)) } });
    const viewer = enter();
    watch(viewer, 'a');
    const tellLog = (first: number, last: number, dropped?: number) =>
      tell({
        ...NOTHING,
        actors: [
          {
            actor: 'a',
            log: Array.from({ length: last - first + 1 }, (_, index) => record(first + index)),
            ...(dropped !== undefined && { dropped }),
          },
        ],
      });
    await tellLog(2, 6, 1);
    await tellLog(8, 9, 1);
    await tellLog(9, 9);
    const told = viewer.deltas().map(({ actors }) => [actors?.[0]?.log?.map(({ seq }) => seq), actors?.[0]?.dropped]);
    expect(told).toEqual([
      [[5, 6], undefined],
      [[8, 9], 1],
      [undefined, undefined],
    ]);
  });

  it('[INS-34] a viewer that reads again gets its rows, its actors behind the latest record that it has, and who is gone', async () => {
    const asked: (number | undefined)[] = [];
    const { tell, enter, held } = desk({
      observed: {
        view(actor, after) {
          asked.push(after);
          return viewOf(actor, [record(5)]);
        },
      },
    });
    const viewer = enter();
    viewer.side.receive('{"type":"list","id":1,"query":{"offset":0,"limit":2}}');
    watch(viewer, 'a');
    watch(viewer, 'b');
    viewer.state.stalled = true;
    await tell({ ...NOTHING, stale: true, actors: [{ actor: 'a', log: [record(6)] }], gone: ['b', 'c'] });
    expect(viewer.deltas()).toEqual([]);
    viewer.state.stalled = false;
    viewer.side.resync();
    expect(viewer.deltas()).toEqual([
      expect.objectContaining({ overview: [], stale: true, rows: [rowOf('a'), rowOf('b')], gone: ['b'] }),
    ]);
    expect(viewer.deltas()[0]?.views?.map(({ row }) => row.actor)).toEqual(['a', 'b']);
    expect([asked.slice(-2), held()]).toEqual([
      [5, 5],
      ['row a', 'row b', 'a'],
    ]);
    viewer.side.left();
    expect(held()).toEqual(['a']);
    viewer.side.forgotten?.();
    expect(held()).toEqual([]);
  });

  it('[INS-38] until the next news the same page of the list is made once, and its rows are followed as long', async () => {
    let made = 0;
    const rows = ['a', 'b'].map(actor => rowOf(actor));
    const list = () => {
      made += 1;
      return { total: 2, matched: 2, rows };
    };
    const { tell, enter, held } = desk({ observed: { list } });
    const ask = ({ side }: { side: ViewerSide }, id: number, limit: number) =>
      side.receive(JSON.stringify({ type: 'list', id, query: { offset: 0, limit } }));
    const [first, second] = [enter(), enter()];
    ask(first, 1, 2);
    ask(second, 2, 2);
    expect(made).toBe(1);
    expect([first, second].map(({ frames }) => frames.at(-1))).toEqual(
      [1, 2].map(id => ({ type: 'list', id, now: 0, total: 2, matched: 2, offset: 0, rows })),
    );
    ask(second, 3, 1);
    first.side.left();
    second.side.left();
    expect([made, held()]).toEqual([2, []]);
    const third = enter();
    ask(third, 4, 2);
    await tell(NOTHING);
    ask(third, 5, 2);
    expect([made, held()]).toEqual([4, ['row a', 'row b']]);
    third.side.left();
    expect(held()).toEqual([]);
  });

  it('[INS-34] a viewer that reads again is told once of who is gone', async () => {
    const { tell, enter } = desk();
    const viewer = enter();
    watch(viewer, 'a');
    viewer.state.stalled = true;
    await tell({ ...NOTHING, gone: ['a'] });
    viewer.state.stalled = false;
    viewer.side.resync();
    viewer.side.resync();
    expect(viewer.deltas().map(({ gone }) => gone)).toEqual([['a'], []]);
  });

  it('[INS-38] while there are no news, the latest 16 pages of the list are kept', async () => {
    let made = 0;
    const list = ({ offset }: { offset: number }) => {
      made += 1;
      return { total: 100, matched: 100, rows: [rowOf(`actor ${offset}`)] };
    };
    const { enter, held } = desk({ observed: { list } });
    const viewer = enter();
    const ask = (offset: number) =>
      viewer.side.receive(JSON.stringify({ type: 'list', id: 1, query: { offset, limit: 1 } }));
    for (let offset = 0; offset < 40; offset++) ask(offset);
    const kept = Array.from({ length: 16 }, (_, index) => `row actor ${24 + index}`);
    expect([made, held()]).toEqual([40, kept]);
    for (let offset = 24; offset < 40; offset++) ask(offset);
    expect(made).toBe(40);
    viewer.side.left();
    expect(held()).toEqual([]);
  });

  it('[INS-38] of more charts than a viewer can see at once, the definitions of the latest are kept', () => {
    const made: string[] = [];
    const chartOf = (key: string): ChartDefinition => {
      made.push(key);
      return { key } as ChartDefinition;
    };
    const view = (actor: string): ActorView => ({ ...viewOf(actor), row: { ...rowOf(actor), chart: actor } });
    const { enter } = desk({ observed: { chartOf, view } });
    const viewer = enter();
    const look = (chart: number, who = viewer): boolean => {
      const before = who.frames.length;
      watch(who, `${chart}`);
      who.side.receive(JSON.stringify({ type: 'unwatch', id: 2, actor: `${chart}` }));
      return who.frames.slice(before).some(({ type }) => String(type) === 'definition');
    };
    for (let chart = 0; chart < 1_001; chart++) expect(look(chart)).toBe(true);
    expect([look(1), look(1_000), look(0)]).toEqual([false, false, true]);
    made.length = 0;
    const other = enter();
    expect([look(1_000, other), look(2, other), made]).toEqual([true, true, ['2']]);
    viewer.side.left();
    other.side.left();
    expect([look(1_000, enter()), made]).toEqual([true, ['2', '1000']]);
  });

  it('[INS-38] the definition of a chart that was away is sent when it is back', () => {
    let known: ChartDefinition | undefined;
    const view = (actor: string): ActorView => ({ ...viewOf(actor), row: { ...rowOf(actor), chart: 'chart' } });
    const { enter } = desk({ observed: { chartOf: () => known, view } });
    const viewer = enter();
    watch(viewer, 'a');
    known = { key: 'chart' } as ChartDefinition;
    watch(viewer, 'a');
    expect(viewer.frames.slice(1).map(({ type }) => String(type))).toEqual(['watched', 'definition', 'watched']);
  });

  it('[INS-44] a viewer that cannot be told loses its connection, and the others are told', async () => {
    const { tell, enter, faults } = desk();
    const [first, second, third] = [enter(), enter(), enter()];
    watch(second, 'a');
    const unreadable = {
      ...record(1),
      toJSON() {
        throw new Error('no record');
      },
    };
    await tell({ ...NOTHING, stale: true, actors: [{ actor: 'a', log: [unreadable] }] });
    expect([first, second, third].map(({ state }) => state.closedFor)).toEqual(['', 'broken', '']);
    expect([first, second, third].map(({ deltas }) => deltas().length)).toEqual([1, 0, 1]);
    expect(faults).toEqual(['no record']);
  });

  it('[INS-33] a question that the inspector fails at is answered, and nothing is kept of it', () => {
    const fail = (): never => {
      throw new Error('a fault');
    };
    const cyclic: Record<string, unknown> = { ...rowOf('a') };
    cyclic.error = cyclic;
    const list = () => ({ total: 1, matched: 1, rows: [cyclic as unknown as ActorRow] });
    const { enter, held, faults } = desk({ observed: { list, view: fail, explain: fail } });
    const viewer = enter();
    watch(viewer, 'a');
    viewer.side.receive('{"type":"explain","id":2,"actor":"a"}');
    viewer.side.receive('{"type":"list","id":3,"query":{"offset":0,"limit":2}}');
    const answers = viewer.frames.slice(1) as unknown[];
    expect(answers).toEqual([1, 2, 3].map(id => expect.objectContaining({ type: 'error', id, code: 'UNKNOWN_ERROR' })));
    expect([faults.length, viewer.state.closedFor, held()]).toEqual([3, '', []]);
    expect(JSON.stringify(answers)).not.toContain('a fault');
  });

  it('[INS-33] an actor that cannot be seen after all is watched no more', () => {
    const { enter, held } = desk({ observed: { view: () => undefined } });
    const viewer = enter();
    watch(viewer, 'a');
    expect([viewer.frames.at(-1), held()]).toMatchObject([{ type: 'error', code: 'ACTOR_NOT_FOUND' }, []]);
  });
});
