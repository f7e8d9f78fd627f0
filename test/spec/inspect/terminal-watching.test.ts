import { expect, it } from 'vitest';
import { createActor } from 'xstate';
import type { InspectorClient } from '../../../src/integration/command/terminal/inspector-client.ts';
import { viewMachine } from '../../../src/integration/command/terminal/view-chart.ts';
import { Watching } from '../../../src/integration/command/terminal/watching.ts';
import type { ServerMessage } from '../../../src/integration/inspect/page-protocol.ts';
import type { Outcome, Question } from '../../../src/integration/inspect/viewer/requests.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { listOf, NOW, rowOf, watchedOf } from './terminal-support.ts';

const welcome: ServerMessage = {
  type: 'welcome',
  instance: 'i',
  title: '',
  version: '',
  allowSend: false,
  now: 0,
  sources: [],
  overview: [],
};
const list: ServerMessage = { type: 'list', now: 0, ...listOf([rowOf()]) };
const view = { ...watchedOf(), log: [], timers: [{ id: 't', name: 'renewal', node: null, at: NOW }] };
const watched = { type: 'watched', id: 1, now: 0, view } as const;
const refused = (code: string): Outcome => ({ type: 'error', id: 1, code, message: '', remediation: '' });

/** What is watched of an inspector that the test plays. */
function watching(first: Outcome) {
  const clock = new VirtualClock();
  const asked: Question[] = [];
  const inspector = { watch: first };
  const client: Pick<InspectorClient, 'ask' | 'now' | 'facts'> = {
    facts: { state: 'live', absence: 'lost', retryInMs: 0 },
    now: () => NOW,
    async ask(question) {
      asked.push(question);
      if (question.type !== 'watch') return { type: 'away' };
      if (inspector.watch.type === 'watched') it.take(inspector.watch);
      return inspector.watch;
    },
  };
  const chart = createActor(viewMachine, { clock, input: { room: { list: 9, log: 9, story: 9 } } }).start();
  const it = new Watching(client as InspectorClient, chart, clock);
  it.take(welcome);
  it.take(list);
  const watches = (): number => asked.filter(({ type }) => type === 'watch').length;
  return { it, clock, inspector, watches };
}

it('[INS-99] a session that ended while the connection was away has ended in the view', async () => {
  const { it, clock, inspector, watches } = watching(watched);
  await clock.advance(1_000);
  expect(it.picture()).toMatchObject({ row: { state: 'active' }, watched: { gone: false, timers: [{ id: 't' }] } });
  inspector.watch = refused('ACTOR_NOT_FOUND');
  it.goOn();
  await clock.advance(60_000);
  expect(it.picture()).toMatchObject({ row: { state: 'ended', next: null }, watched: { gone: true, timers: [] } });
  expect(watches()).toBe(2);
  it.stop();
});

it.each(['RATE_LIMITED', 'UNKNOWN_ERROR'])(
  '[INS-99] what could not be watched for %s is asked for again',
  async code => {
    const { it, clock, inspector, watches } = watching(refused(code));
    await clock.advance(2_000);
    const before = watches();
    inspector.watch = watched;
    await clock.advance(2_000);
    expect([before, watches(), it.picture().watched?.gone]).toEqual([1, 2, false]);
    await clock.advance(60_000);
    expect(watches()).toBe(2);
    it.stop();
    expect(clock.pending).toBe(0);
  },
);
