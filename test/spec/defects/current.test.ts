import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers, mints, slowly } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { type Managed, managed, rejectionOf, SECOND } from '../../support/managed.ts';

const LIVE = new Set(['starting', 'active', 'renewing', 'paused', 'ending']);

/** A provider whose first mint for a session is quick, and every later one slow. */
class SlowRenewals extends FakeCredentialProvider {
  constructor(clock: VirtualClock) {
    super(clock, (request, world) => (request.attempt === 1 ? mints() : slowly(SECOND))(request, world));
  }
}

/** A clock that throws once when told to: the only way to make a session actor throw from outside. */
class BrittleClock extends VirtualClock {
  breaks = false;
  override now(): number {
    if (this.breaks) {
      this.breaks = false;
      throw new Error('the clock broke');
    }
    return super.now();
  }
}

/** The rule as written: the live session with the latest activity, ties to the one that started later. */
function expectedCurrent({ manager }: Managed): string | undefined {
  return manager
    .getAllSessions()
    .filter(({ state }) => LIVE.has(state))
    .reduce<{ readonly id: string; readonly at: number } | undefined>((best, { sessionId, lastActivity }) => {
      const at = lastActivity.getTime();
      return best === undefined || at >= best.at ? { id: sessionId, at } : best;
    }, undefined)?.id;
}

describe('[D03] the current session', () => {
  it('[D03] the current session is the one with the latest activity, ties to the later start', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.constant('start' as const),
            fc.record({
              do: fc.constantFrom('touch', 'renew', 'pause', 'resume', 'end'),
              at: fc.nat(5),
              after: fc.integer({ min: 1, max: 3 * SECOND }),
            }),
          ),
          { maxLength: 25 },
        ),
        async steps => {
          const world = await managed({ limit: 6, provider: clock => new SlowRenewals(clock) });
          const { manager, clock } = world;
          for (const step of steps) {
            if (step === 'start') await manager.startSession().catch(() => undefined);
            else {
              // Two activities never share an instant; two starts may.
              await clock.advance(step.after);
              const { sessionId } = manager.getAllSessions()[step.at] ?? { sessionId: 'none' };
              if (step.do === 'touch') await manager.resetInactivityTimer(sessionId);
              else if (step.do === 'renew') void manager.renewSession(sessionId);
              else if (step.do === 'pause') await manager.pauseSession(sessionId).catch(() => undefined);
              else if (step.do === 'resume') await manager.resumeSession(sessionId).catch(() => undefined);
              else void manager.endSession(sessionId);
              await clock.advance(1);
            }
            expect(manager.getCurrentSession()?.sessionId).toBe(expectedCurrent(world));
          }
          await world.close();
        },
      ),
      { numRuns: 100 },
    ));

  it('[D03] of sessions started in the same millisecond the one started last is current, by sequence and not by clock', async () => {
    const world = await managed({ limit: 20 });
    const { manager } = world;
    const infos = await Promise.all(Array.from({ length: 20 }, () => manager.startSession()));
    expect(new Set(infos.map(({ startedAt }) => startedAt.getTime())).size).toBe(1);
    for (const { sessionId } of infos.toReversed()) {
      expect(manager.getCurrentSession()?.sessionId).toBe(sessionId);
      await manager.endSession();
    }
    expect(manager.getCurrentSession()).toBeUndefined();
    expect(manager.isSessionActive()).toBe(false);
    await world.close();
  });

  it('[D03] a wall clock that is set back does not change which session is current', async () => {
    const world = await managed();
    const { manager, clock } = world;
    await manager.startSession();
    clock.setWall(clock.wall() - 3_600 * SECOND);
    await clock.advance(1);
    const { sessionId } = await manager.startSession();
    expect(manager.getCurrentSession()?.sessionId).toBe(sessionId);
    await world.close();
  });

  it.each(['starting', 'active', 'renewing', 'paused'] as const)(
    '[D03] endSession() ends the current session while it is %s',
    async state => {
      const world = await managed();
      const { manager, provider, clock, events } = world;
      if (state === 'starting') provider.next(slowly(SECOND));
      const started = manager.startSession().catch(() => undefined);
      if (state !== 'starting') await started;
      const { sessionId = '' } = manager.getCurrentSession() ?? {};
      if (state === 'renewing') {
        provider.next(slowly(SECOND));
        void manager.renewSession(sessionId);
      } else if (state === 'paused') await manager.pauseSession(sessionId);
      expect(manager.getCurrentSession()).toMatchObject({ sessionId, state });
      await manager.endSession();
      expect(manager.getSessionInfo(sessionId)).toBeUndefined();
      expect(events.filter(({ channel }) => channel === 'ended').map(({ event }) => event.sessionId)).toEqual([
        sessionId,
      ]);
      await clock.advance(SECOND);
      await world.close();
    },
  );

  it('[D03] endSession() of a session that is ending joins that end', async () => {
    const world = await managed();
    const { manager, provider, clock } = world;
    const { sessionId } = await manager.startSession();
    provider.usualRevoke = () => new Promise(() => undefined);
    manager.endSessionSync(sessionId);
    expect(manager.getCurrentSession()).toMatchObject({ sessionId, state: 'ending' });
    const ended = manager.endSession();
    await clock.advance(2 * SECOND);
    await ended;
    expect(provider.revoked).toHaveLength(1);
    await world.close();
  });

  it('[D03] getCurrentSession() and isSessionActive() answer the same before, during and after a renewal, failed attempts included', async () => {
    const world = await managed({ config: { retryBackoffMs: 500 } });
    const { manager, provider, clock } = world;
    const { sessionId: other } = await manager.startSession();
    await clock.advance(1);
    const { sessionId } = await manager.startSession();
    const seen: unknown[] = [];
    const ask = (): void => {
      const current = manager.getCurrentSession()?.sessionId;
      seen.push([
        current,
        manager.isSessionActive(),
        manager.isSessionActive(sessionId),
        manager.isSessionActive(other),
      ]);
    };
    manager.onSessionStateChanged(ask);
    manager.onSessionRenewed(ask);
    provider.next(answers(503), slowly(SECOND));
    ask();
    const renewal = manager.renewSession(sessionId);
    ask();
    await clock.advance(100);
    ask();
    await clock.advance(5 * SECOND);
    expect(await renewal).toMatchObject({ success: true });
    // The renewal of the other one is no activity: it does not become the current one.
    provider.next(slowly(SECOND));
    const second = manager.renewSession(other);
    ask();
    await clock.advance(5 * SECOND);
    expect(await second).toMatchObject({ success: true });
    ask();
    expect(seen.length).toBeGreaterThan(10);
    for (const answer of seen) expect(answer).toEqual([sessionId, true, true, true]);
    await world.close();
  });

  it('[D03] a session that was started again after a crash keeps its place', async () => {
    const clock = new BrittleClock();
    const world = await managed({ clock });
    const { manager } = world;
    const { sessionId: first } = await manager.startSession();
    await clock.advance(1);
    const { sessionId: second } = await manager.startSession();
    for (const id of [second, first]) {
      clock.breaks = true;
      await manager.updateSessionConfig(id, { renewalMarginSeconds: 11 });
      await clock.advance(2 * SECOND);
      expect(manager.getSessionInfo(id)?.state).toBe('active');
      expect(manager.getCurrentSession()?.sessionId).toBe(second);
    }
    await manager.endSession();
    expect(manager.getCurrentSession()?.sessionId).toBe(first);
    manager.dispose();
    await clock.advance(5 * SECOND);
    expect(clock.pending).toBe(0);
    await world.close();
  });
});

describe('[D23] renewing in the wrong state', () => {
  it('[D23] from starting, paused, ending, after the end and for an unknown id: success:false with a code, 0 mints, 0 events', async () => {
    const world = await managed();
    const { manager, provider, clock, events } = world;
    const refused = async (id: string, code: string): Promise<void> => {
      const before = [provider.requests.length, events.length];
      expect(await manager.renewSession(id)).toMatchObject({
        success: false,
        sessionId: id,
        latencyMs: 0,
        error: { code },
      });
      await world.settle();
      expect([provider.requests.length, events.length]).toEqual(before);
    };
    await refused('nobody', 'SESSION_NOT_FOUND');

    provider.next(slowly(SECOND));
    const starting = manager.startSession();
    const { sessionId = '' } = manager.getCurrentSession() ?? {};
    await refused(sessionId, 'SESSION_NOT_ACTIVE');
    await clock.advance(SECOND);
    await starting;

    await manager.pauseSession(sessionId);
    await refused(sessionId, 'SESSION_NOT_ACTIVE');

    provider.usualRevoke = () => new Promise(() => undefined);
    manager.endSessionSync(sessionId);
    await world.settle();
    expect(manager.getSessionInfo(sessionId)?.state).toBe('ending');
    await refused(sessionId, 'SESSION_NOT_ACTIVE');
    await clock.advance(2 * SECOND);
    await refused(sessionId, 'SESSION_NOT_FOUND');
    await world.close();
  });

  it('[D23] from failed only with a new slot, and previousState is the true one', async () => {
    const world = await managed({ limit: 1 });
    const { manager, provider, clock, events } = world;
    const { sessionId } = await manager.startSession();
    await clock.advance(2 * SECOND);
    provider.next(answers(401));
    expect(await manager.renewSession(sessionId)).toMatchObject({ success: false });
    await world.settle();
    const { sessionId: taker } = await manager.startSession();

    const mints = provider.requests.length;
    const told = events.length;
    expect(await manager.renewSession(sessionId)).toMatchObject({
      success: false,
      error: { code: 'SESSION_LIMIT_REACHED' },
    });
    expect(manager.getSessionInfo(sessionId)?.state).toBe('failed');
    expect([provider.requests.length, events.length]).toEqual([mints, told]);

    await manager.endSession(taker);
    await clock.advance(2 * SECOND);
    const since = events.length;
    expect(await manager.renewSession(sessionId)).toMatchObject({ success: true });
    const changes = events.slice(since).filter(({ channel }) => channel === 'state');
    expect(changes.map(({ event }) => [event.previousState, event.newState])).toEqual([
      ['failed', 'renewing'],
      ['renewing', 'active'],
    ]);
    expect(await rejectionOf(manager.startSession()), 'it holds a slot again').toMatchObject({
      code: 'SESSION_LIMIT_REACHED',
    });
    await world.close();
  });

  it('[D23] a failed session that is ended while it gives back what it held is not renewed', async () => {
    const world = await managed();
    const { manager, provider, clock } = world;
    const { sessionId } = await manager.startSession();
    await clock.advance(2 * SECOND);
    provider.usualRevoke = () => new Promise(() => undefined);
    provider.next(answers(401));
    await manager.renewSession(sessionId);
    const mints = provider.requests.length;
    const early = manager.renewSession(sessionId);
    manager.endSessionSync(sessionId);
    const late = manager.renewSession(sessionId);
    await clock.advance(2 * SECOND);
    for (const result of [await early, await late]) {
      expect(result).toMatchObject({ success: false, error: { code: 'OPERATION_ABORTED' } });
    }
    expect(provider.requests).toHaveLength(mints);
    expect(manager.getAllSessions()).toEqual([]);
    await world.close();
  });
});
