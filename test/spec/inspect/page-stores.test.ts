import { signal } from '@preact/signals';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ConnectionStore, Life } from '../../../inspector/src/store/connection-types.ts';
import { listStore } from '../../../inspector/src/store/list-store.ts';
import { playbackStore } from '../../../inspector/src/store/playback-store.ts';
import { selectionStore } from '../../../inspector/src/store/selection-store.ts';
import type { ActorView, Refused, ServerMessage } from '../../../src/integration/inspect/page-protocol.ts';
import { applied, EMPTY_MIRROR, ended } from '../../../src/integration/inspect/viewer/mirror.ts';
import type { Outcome, Question } from '../../../src/integration/inspect/viewer/requests.ts';
import { NOW, rowOf } from './terminal-support.ts';

const VIEW: ActorView = {
  row: rowOf(),
  active: ['session', 'session.serving'],
  tags: [],
  context: {},
  timers: [{ id: 't', name: 'heartbeat', node: null, at: 99 }],
  accepts: [],
  base: {},
  log: [],
  dropped: 0,
};

const refused = (code: string): Refused => ({ type: 'error', id: 1, code, message: '', remediation: '' });
const watched: Outcome = { type: 'watched', id: 1, now: 0, view: VIEW };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

/** The stores of a page whose inspector the test plays. */
function page() {
  const mirror = signal(EMPTY_MIRROR);
  const life = signal<Life>({ state: 'live', absence: 'lost', retryAt: 0, wasLive: true });
  const asked: Question[] = [];
  const inspector = { watch: watched };
  const take = (message: ServerMessage): void => {
    mirror.value = applied(mirror.value, message);
  };
  const connection: ConnectionStore = {
    mirror,
    life,
    now: () => NOW,
    async ask(question) {
      asked.push(question);
      if (question.type !== 'watch') return { type: 'away' };
      if (inspector.watch.type === 'watched') take(inspector.watch);
      return inspector.watch;
    },
    forget() {},
    markEnded(actor) {
      mirror.value = ended(mirror.value, actor);
    },
    useToken() {},
    retry() {},
  };
  const selection = selectionStore(connection);
  const playback = playbackStore(connection, selection);
  const begin = (): void => {
    take({
      type: 'welcome',
      instance: 'i',
      title: '',
      version: '',
      allowSend: false,
      now: 0,
      sources: [],
      overview: [],
    });
    take({ type: 'list', id: 1, now: 0, total: 1, matched: 1, offset: 0, rows: [rowOf()] });
  };
  const reconnect = (): void => {
    life.value = { ...life.value, state: 'away' };
    life.value = { ...life.value, state: 'live' };
  };
  const count = (type: Question['type']): number => asked.filter(question => question.type === type).length;
  return { connection, selection, playback, inspector, take, begin, reconnect, count };
}

it('[INS-84] a session that ended while the connection was away has ended on the page', async () => {
  const { selection, playback, inspector, begin, reconnect, count } = page();
  begin();
  await vi.advanceTimersByTimeAsync(0);
  expect(playback.moment.value?.timers).toHaveLength(1);
  expect([selection.isPast.value, selection.row.value?.state]).toEqual([false, 'active']);
  inspector.watch = refused('ACTOR_NOT_FOUND');
  reconnect();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([selection.isPast.value, selection.row.value?.state, selection.row.value?.next]).toEqual([
    true,
    'ended',
    null,
  ]);
  expect(playback.moment.value?.timers ?? []).toEqual([]);
  expect(count('watch')).toBe(2);
});

it.each(['RATE_LIMITED', 'UNKNOWN_ERROR'])(
  '[INS-84] a session is not over for %s: it is asked for again',
  async code => {
    const { selection, inspector, begin, count } = page();
    inspector.watch = refused(code);
    begin();
    await vi.advanceTimersByTimeAsync(2_999);
    expect([selection.isPast.value, count('watch')]).toEqual([false, 1]);
    inspector.watch = watched;
    await vi.advanceTimersByTimeAsync(1);
    expect([selection.isPast.value, count('watch'), selection.watched.value?.gone]).toEqual([false, 2, false]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(count('watch')).toBe(2);
  },
);

it('[INS-86] a clock that is set back does not keep the list from being renewed', async () => {
  const { connection, take, begin, count } = page();
  const list = listStore(connection);
  begin();
  await vi.advanceTimersByTimeAsync(2_000);
  list.pointerMoved();
  const before = count('list');
  vi.setSystemTime(NOW - 3 * 3_600_000);
  take({ type: 'delta', now: 0, stale: true });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(count('list')).toBe(before + 1);
});
