import { describe, expect, it } from 'vitest';
import { LIST_SORTS } from '../../../../src/integration/inspect/page-protocol.ts';
import { answers } from '../../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../../src/integration/testing/virtual-clock.ts';
import { MINUTE, managed, SECOND } from '../../../support/managed.ts';
import { looking } from './support.ts';

/** A manager with sessions a to e in different states, b ended. */
async function several() {
  const names = ['a', 'b', 'c', 'd', 'e-Paused'].values();
  const t = await managed({ limit: 10, createSessionId: () => names.next().value as string });
  for (let i = 0; i < 5; i++) {
    if (i === 3) t.provider.next(answers(403));
    await t.manager.startSession().catch(() => undefined);
    await t.clock.advance(SECOND);
  }
  await t.manager.pauseSession('e-Paused');
  await t.manager.renewSession('c');
  await t.manager.endSession('b');
  return t;
}

describe('the list', () => {
  it('[INS-3] holds the coordinator, the live sessions and those that ended, each with what is known of it', async () => {
    const t = await several();
    const start = t.clock.wall() - 5 * SECOND;
    const { observation, key } = looking(t.manager.inspection());
    expect(observation.sources).toEqual([{ name: 'source 0', kind: 'manager', root: key('coordinator') }]);
    expect(observation.row(key('coordinator'))).toMatchObject({
      role: 'coordinator',
      state: 'accepting',
      path: 'accepting',
      status: 'active',
    });
    expect(observation.row(key('c'))).toEqual({
      actor: key('c'),
      id: 'c',
      source: 0,
      role: 'session',
      chart: expect.stringMatching(/^session-/),
      state: 'active',
      path: 'serving.active',
      status: 'active',
      since: start + 5 * SECOND,
      startedAt: start + 2 * SECOND,
      activeAt: start + 2 * SECOND,
      next: { name: 'heartbeat', at: start + 32 * SECOND },
      renewals: 1,
      error: null,
      reason: null,
    });
    expect(observation.row(key('d'))).toMatchObject({
      state: 'failed',
      path: 'failed.retained',
      error: 'INSUFFICIENT_PERMISSIONS',
      reason: 'start-failed',
      next: null,
    });
    expect(observation.row(key('b'))).toMatchObject({
      role: 'session',
      state: 'ended',
      path: 'ended',
      status: 'done',
      startedAt: start + SECOND,
      since: start + 5 * SECOND,
      reason: 'user',
      chart: observation.row(key('c'))?.chart,
    });
    expect(observation.row('0/session:nobody')).toBeUndefined();
    expect(observation.row('nonsense')).toBeUndefined();
    await t.close();
    observation.close();
  });

  it('[INS-3] is searched, filtered, sorted and cut into pages; what has nothing to sort by comes last', async () => {
    const t = await several();
    const { observation, ids } = looking(t.manager.inspection());
    expect(ids()).toEqual(['a', 'b', 'c', 'd', 'e-Paused', 'coordinator']);
    expect(ids({ descending: true })).toEqual(['e-Paused', 'd', 'c', 'b', 'a', 'coordinator']);
    expect(ids({ sort: 'id', descending: true })[0]).toBe('e-Paused');
    expect(ids({ sort: 'renewals', descending: true }).slice(0, 1)).toEqual(['c']);
    expect(ids({ sort: 'state' })).toEqual(['coordinator', 'a', 'c', 'b', 'd', 'e-Paused']);
    expect(ids({ sort: 'next' }).slice(0, 3)).toEqual(['a', 'c', 'e-Paused']);
    expect(ids({ search: 'PAUSED' })).toEqual(['e-Paused']);
    expect(ids({ states: ['active', 'ended'] })).toEqual(['a', 'b', 'c']);
    expect(ids({ states: [] })).toEqual([]);
    await t.clock.advance(SECOND);
    await t.manager.resetInactivityTimer('a');
    expect(ids({ sort: 'activity' }).slice(-3)).toEqual(['a', 'coordinator', 'b']);
    for (const sort of LIST_SORTS) {
      const all = observation.list({ sort, offset: 0, limit: 500 });
      expect(all).toMatchObject({ total: 6, matched: 6 });
      const pages = [0, 2, 4, 6].flatMap(offset => observation.list({ sort, offset, limit: 2 }).rows);
      expect(pages).toEqual(all.rows);
    }
    expect(observation.list({ states: ['active'], offset: 1, limit: 1 })).toMatchObject({ total: 6, matched: 2 });
    await t.close();
  });

  it('[INS-3] does not hold a start that waits for a slot; the slots tell of it', async () => {
    const names = ['in', 'waits'].values();
    const t = await managed({ limit: 1, whenFull: 'queue', createSessionId: () => names.next().value as string });
    const { observation, ids } = looking(t.manager.inspection());
    await t.manager.startSession();
    const waiting = t.manager.startSession();
    observation.close();
    observation.open();
    expect(ids({ sort: 'id' })).toEqual(['coordinator', 'in']);
    expect(observation.row('0/session:waits')).toBeUndefined();
    expect(observation.overview()[0]).toMatchObject({ total: 2, slots: { taken: 1, limit: 1, waiting: 1 } });
    await t.manager.endSession('in');
    await waiting;
    expect(ids({ sort: 'id' })).toEqual(['coordinator', 'in', 'waits']);
    await t.close();
  });

  it('[INS-4] counts agree with the list through starts, failures, ends and a disposal', async () => {
    const t = await several();
    const { observation } = looking(t.manager.inspection());
    const counts = () => observation.overview()[0]?.counts;
    expect(counts()).toEqual({ accepting: 1, active: 2, failed: 1, paused: 1, ended: 1 });
    expect(observation.overview()[0]).toMatchObject({ total: 6, slots: { taken: 3, limit: 10, waiting: 0 } });
    await t.manager.endSession('a');
    expect(counts()).toEqual({ accepting: 1, active: 1, failed: 1, paused: 1, ended: 2 });
    expect(observation.take()).toMatchObject({ stale: true, overview: [{ counts: { ended: 2 } }] });
    t.manager.dispose();
    await t.clock.advance(5 * SECOND);
    expect(counts()).toEqual({ stopped: 1, ended: 5 });
    expect(observation.list({ offset: 0, limit: 9 }).total).toBe(6);
  });

  it('[INS-5] rows that changed are told of followed actors only, as often as they are followed', async () => {
    const t = await several();
    const { observation, key } = looking(t.manager.inspection());
    observation.followRow(key('a'));
    observation.followRow(key('a'));
    await t.manager.resetInactivityTimer('a');
    await t.manager.resetInactivityTimer('c');
    const changes = observation.take();
    expect([...changes.rows.keys()]).toEqual([key('a')]);
    expect(changes.stale).toBe(false);
    observation.unfollowRow(key('a'));
    await t.manager.endSession('a');
    expect(observation.take().rows.get(key('a'))).toMatchObject({ state: 'ended' });
    observation.unfollowRow(key('a'));
    observation.unfollowRow(key('a'));
    observation.followRow(key('c'));
    observation.unfollowRow(key('c'));
    await t.clock.advance(MINUTE);
    expect(observation.take().rows.size).toBe(0);
    await t.close();
  });

  it('[INS-5] a timer that did not move is not told again, though the two clocks never agree to the millisecond', async () => {
    class Unsteady extends VirtualClock {
      #reads = 0;
      jump = 0;
      override wall(): number {
        this.#reads += 1;
        return super.wall() + (this.#reads % 7) + this.jump;
      }
    }
    const clock = new Unsteady();
    const t = await managed({
      clock,
      credentials: { mint: async () => ({ secret: 'ek_1', expiresAt: Date.UTC(2100) }) },
    });
    const { observation, key } = looking(t.manager.inspection());
    const { sessionId } = await t.manager.startSession();
    observation.watch(key(sessionId));
    for (let i = 0; i < 5; i++) {
      await t.manager.resetInactivityTimer(sessionId);
      expect(observation.take().actors[0]).not.toHaveProperty('timers');
    }
    await t.manager.updateSessionConfig(sessionId, { heartbeatIntervalSeconds: 7 });
    expect(observation.take().actors[0]).toHaveProperty('timers');
    clock.jump = 60_000;
    await t.manager.resetInactivityTimer(sessionId);
    expect(observation.take().actors[0]).toHaveProperty('timers');
    t.manager.dispose();
  });
});
