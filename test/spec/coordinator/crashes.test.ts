import { describe, expect, it } from 'vitest';
import type { AnyActorRef } from 'xstate';
import type { SessionDriver } from '../../../src/actors/ports.ts';
import { answers } from '../../../src/integration/testing/provider-behaviours.ts';
import type { FragileClock } from '../../support/fragile-clock.ts';
import { HOUR, MINUTE, rejectionOf, SECOND } from '../../support/managed.ts';
import { breakable } from './support.ts';

/** A driver that knows its channels by the attempts that opened them. */
class Channels implements SessionDriver {
  readonly channels = new Set<number>();
  opens = 0;

  async open({ attempt }: { readonly attempt: number }): Promise<undefined> {
    this.opens += 1;
    this.channels.add(attempt);
  }

  async close({ attempt }: { readonly attempt: number | undefined }): Promise<void> {
    if (attempt === undefined) this.channels.clear();
    else this.channels.delete(attempt);
  }
}

describe('sessions that throw', () => {
  it.each([0, 3])(
    '[COO-16] one that throws while it is admitted again gives its slot back (%i restarts)',
    async max => {
      let clock: FragileClock | undefined;
      const t = await breakable({
        limit: 1,
        restarts: { max },
        inspect: event => {
          if (event.type !== '@xstate.event' || event.event.type !== 'REVIVE') return;
          if ((event.actorRef as AnyActorRef).id !== 'coordinator' && clock !== undefined) clock.isBroken = true;
        },
      });
      const { manager } = t;
      t.provider.next(answers(401));
      const start = rejectionOf(manager.startSession());
      await t.clock.advance(2 * SECOND);
      await start;
      const sessionId = manager.getAllSessions()[0]?.sessionId ?? '';
      clock = t.clock;
      const renewal = manager.renewSession(sessionId);
      clock = undefined;
      expect(t.toldOf(sessionId)).toContain('SESSION_CRASHED');
      await t.clock.advance(2 * SECOND);
      expect((await renewal).success).toBe(max > 0);
      expect(manager.getSessionInfo(sessionId)?.state).toBe(max > 0 ? 'active' : undefined);
      if (max > 0) expect((await rejectionOf(manager.startSession())).code).toBe('SESSION_LIMIT_REACHED');
      await Promise.all([manager.endSession(sessionId), t.clock.advance(SECOND)]);
      expect(t.counts.at(-1)).toMatchObject({ live: 0, sessions: 0 });
      await expect(manager.startSession()).resolves.toMatchObject({ state: 'active' });
      await t.close();
    },
  );

  it('[COO-19] one that was paused stays paused, with what was left of its lifetime', async () => {
    const t = await breakable({ config: { maxDurationMinutes: 60, enableInactivityTimeout: false } });
    const { manager, clock } = t;
    const { sessionId } = await manager.startSession();
    await clock.advance(2 * MINUTE);
    await manager.pauseSession(sessionId);
    const left = () => manager.getSessionDiagnostics(sessionId).timerStatus.lifetimeTimer;
    for (let crash = 0; crash < 2; crash++) {
      await clock.advance(HOUR);
      t.crash(sessionId);
      await clock.advance(MINUTE);
      expect(manager.getSessionInfo(sessionId)?.state).toBe('paused');
      expect(left()).toMatchObject({ isActive: false, timeRemainingMs: 58 * MINUTE });
    }
    expect(t.provider.requests).toHaveLength(3);
    await manager.resumeSession(sessionId);
    await clock.advance(57 * MINUTE);
    expect(manager.isSessionActive(sessionId)).toBe(true);
    await clock.advance(MINUTE);
    expect(manager.explain(sessionId)?.reason).toBe('lifetime');
    await t.close();
  });

  it.each([
    [0, 1],
    [3, 2],
  ])('[COO-20] its channel is closed (%i restarts)', async (max, opened) => {
    const driver = new Channels();
    const t = await breakable({ restarts: { max }, driver });
    const { sessionId } = await t.manager.startSession();
    await t.clock.advance(SECOND);
    t.crash(sessionId);
    await t.clock.advance(2 * SECOND);
    expect(driver.opens).toBe(opened);
    expect(driver.channels.size).toBe(opened - 1);
    expect(t.manager.isSessionActive(sessionId)).toBe(max > 0);
    await t.close();
    expect(driver.channels.size).toBe(0);
  });

  // Fails as long as the close names the latest attempt, which was to renew the credential, and not that of the channel.
  it('[COO-20] so is one that was opened before the credential was renewed', async () => {
    const driver = new Channels();
    const t = await breakable({ restarts: { max: 0 }, driver });
    const { sessionId } = await t.manager.startSession();
    await t.clock.advance(51 * SECOND);
    expect(t.provider.minted).toHaveLength(2);
    t.crash(sessionId);
    await t.close();
    expect(driver.channels.size).toBe(0);
  });

  it('[SES-14] one that is started again after a crash does not keep the cap of the channel that is gone', async () => {
    let opens = 0;
    const t = await breakable({
      driver: {
        open: async () => {
          opens += 1;
          return opens === 1 ? { expiresAt: t.clock.wall() + 30 * SECOND } : undefined;
        },
      },
      config: { enableInactivityTimeout: false },
    });
    const { sessionId } = await t.manager.startSession();
    await t.clock.advance(2 * SECOND);
    t.crash(sessionId);
    await t.clock.advance(60 * SECOND);
    expect(opens).toBe(2);
    expect(t.manager.getSessionInfo(sessionId)?.state).toBe('active');
    await t.close();
  });
});
