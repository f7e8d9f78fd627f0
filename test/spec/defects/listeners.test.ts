import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answers } from '../../../src/integration/testing/provider-behaviours.ts';
import type { SessionManager } from '../../../src/services/session-manager.ts';
import { managed, SECOND } from '../../support/managed.ts';

let unhandled: unknown[];
const note = (reason: unknown) => void unhandled.push(reason);

beforeEach(() => {
  unhandled = [];
  process.on('unhandledRejection', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
  expect(unhandled, 'unhandled rejections').toEqual([]);
});

const CHANNELS = [
  'onSessionStarted',
  'onSessionEnded',
  'onSessionRenewed',
  'onSessionError',
  'onSessionStateChanged',
  'onSessionWarning',
] as const;

type Handler = (event: { readonly type: string; readonly newState?: string }) => Promise<void> | void;

const listenToAll = (manager: SessionManager, handler: Handler) =>
  CHANNELS.map(channel => manager[channel](handler as never));

/** A life that tells something on every channel. */
async function live(manager: SessionManager, world: Awaited<ReturnType<typeof managed>>): Promise<string> {
  const { clock, provider } = world;
  const { sessionId } = await manager.startSession({ maxDurationMinutes: 2, durationWarningSeconds: 60 });
  await clock.advance(70 * SECOND);
  provider.next(answers(401));
  await manager.renewSession(sessionId);
  await manager.endSession(sessionId);
  return sessionId;
}

/** What the last listener sees when `first` was registered before it on every channel. */
async function seenBehind(first: Handler | undefined) {
  const world = await managed();
  const seen: string[] = [];
  if (first !== undefined) listenToAll(world.manager, first);
  listenToAll(world.manager, ({ type, newState }) => void seen.push(newState ?? type));
  const sessionId = await live(world.manager, world);
  await world.settle();
  await world.settle();
  const failures = world.log.lines.filter(({ message }) => message === 'an event listener failed');
  const { transitions } = world.manager.explain(sessionId) ?? expect.fail('no story is kept');
  await world.close();
  return { seen, story: transitions.map(({ to, cause }) => `${to}: ${cause}`), failures };
}

const thenable = (run: () => void) => ({
  // biome-ignore lint/suspicious/noThenProperty: a listener may return any thenable.
  then: run,
});

const BAD_LISTENERS: readonly [string, Handler, boolean][] = [
  [
    'throws',
    () => {
      throw new Error('ek_listener');
    },
    true,
  ],
  ['rejects', async () => Promise.reject(new Error('ek_listener')), true],
  ['rejects with nothing', () => Promise.reject(), true],
  ['rejects later', () => new Promise((_, reject) => setImmediate(reject, new Error('late'))), true],
  ['never settles', () => new Promise<void>(() => undefined), false],
  [
    'returns a thenable that throws',
    () =>
      thenable(() => {
        throw new Error('ek_listener');
      }) as never,
    true,
  ],
];

describe('D35', () => {
  it.each(BAD_LISTENERS)(
    '[D35] a listener that %s harms no other listener and no session; each failure is logged once, and nothing is unhandled',
    async (_, bad, fails) => {
      const [usual, disturbed] = [await seenBehind(undefined), await seenBehind(bad)];
      expect(disturbed.seen).toEqual(usual.seen);
      expect(disturbed.story).toEqual(usual.story);
      expect(disturbed.failures).toHaveLength(fails ? usual.seen.length : 0);
      expect(new Set(usual.seen)).toEqual(
        new Set(
          'starting active started lifetime-warning renewing renewal-started renewal-completed renewal-failed renewal-error failed ended'.split(
            ' ',
          ),
        ),
      );
    },
  );

  it('[D35] the log of a failed listener holds no text of its error', async () => {
    const { failures } = await seenBehind(() => {
      throw new Error('ek_listener');
    });
    expect(JSON.stringify(failures)).not.toContain('ek_listener');
  });

  it('[D35] a listener added while an event is on its way hears the next one; one removed hears none after that', async () => {
    const world = await managed();
    const heard: string[] = [];
    const late: Handler = ({ newState }) => void heard.push(`late ${newState}`);
    const removed = world.manager.onSessionStateChanged(({ newState }) => void heard.push(`removed ${newState}`));
    const adder = world.manager.onSessionStateChanged(() => {
      adder.dispose();
      removed.dispose();
      removed.dispose();
      world.manager.onSessionStateChanged(late);
    });
    await world.manager.startSession();
    expect(heard).toEqual(['removed starting', 'late active']);
    await world.close();
  });

  it('[D35] one handler registered twice is two registrations; disposing one leaves the other', async () => {
    const world = await managed();
    let heard = 0;
    const handler = () => void heard++;
    const first = world.manager.onSessionStarted(handler);
    world.manager.onSessionStarted(handler);
    await world.manager.startSession();
    expect(heard).toBe(2);
    first.dispose();
    first.dispose();
    await world.manager.startSession();
    expect(heard).toBe(3);
    await world.close();
  });

  it('[D35] every listener sees the events in the order in which they came about, also when one of them acts on the manager', async () => {
    const world = await managed();
    const orders: string[][] = [[], []];
    const listen = (order: string[] | undefined) =>
      listenToAll(world.manager, ({ type, newState }) => void order?.push(newState ?? type));
    listen(orders[0]);
    world.manager.onSessionStarted(({ sessionId }) => world.manager.pauseSession(sessionId));
    world.manager.onSessionStateChanged(async ({ sessionId, newState }) => {
      if (newState === 'paused') await world.manager.resumeSession(sessionId);
      else if (newState === 'active' && world.manager.explain(sessionId)?.transitions.length === 4) {
        await world.manager.endSession(sessionId);
      }
    });
    listen(orders[1]);
    await world.manager.startSession();
    await world.clock.advance(SECOND);
    expect(orders[0]).toEqual(['starting', 'active', 'started', 'paused', 'active', 'ending', 'ended', 'ended']);
    expect(orders[1]).toEqual(orders[0]);
    await world.close();
  });

  it('[D35] a listener that starts another session at once does not put its events before the one that is on its way', async () => {
    const world = await managed();
    const heard: string[] = [];
    let first: string | undefined;
    world.manager.onSessionStateChanged(({ sessionId, newState }) => {
      first ??= sessionId;
      if (sessionId === first && newState === 'active') void world.manager.startSession();
    });
    world.manager.onSessionStateChanged(({ sessionId, newState }) => {
      heard.push(`${sessionId === first ? 'first' : 'second'} ${newState}`);
    });
    await world.manager.startSession();
    await world.settle();
    expect(heard).toEqual(['first starting', 'first active', 'second starting', 'second active']);
    await world.close();
  });

  it('[D35] a listener may dispose of the manager in the midst of an event', async () => {
    const world = await managed();
    const ended: string[] = [];
    world.manager.onSessionEnded(event => void (event.type === 'ended' && ended.push(event.reason)));
    world.manager.onSessionStarted(() => world.manager.dispose());
    await world.manager.startSession();
    await world.close();
    expect(ended).toEqual(['disposed']);
  });
});
