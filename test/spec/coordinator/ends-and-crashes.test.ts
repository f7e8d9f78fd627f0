import { describe, expect, it } from 'vitest';
import { answers } from '../../../src/integration/testing/provider-behaviours.ts';
import { MINUTE, rejectionOf, SECOND } from '../../support/managed.ts';
import { breakable } from './support.ts';

const endsOf = (told: readonly string[]): readonly string[] => told.filter(each => each.startsWith('ended'));

describe('ends that meet crashes', () => {
  it('[COO-14] an end that is asked for when the crash is told is not lost', async () => {
    const t = await breakable();
    const { manager, clock } = t;
    const ends: Promise<void>[] = [];
    manager.onSessionError(({ sessionId, error }) => {
      if (error.code === 'SESSION_CRASHED') ends.push(manager.endSession(sessionId, 'provider-ended'));
    });
    const { sessionId } = await manager.startSession();
    t.crash(sessionId);
    await clock.advance(2 * SECOND);
    await Promise.all(ends);
    expect(ends).toHaveLength(1);
    await clock.advance(MINUTE);
    expect(manager.getSessionInfo(sessionId)).toBeUndefined();
    expect(endsOf(t.toldOf(sessionId))).toEqual(['ended: provider-ended']);
    expect(t.provider.minted).toHaveLength(1);
    await t.close();
  });

  it('[COO-14] nor is one of a start: it is rejected', async () => {
    const t = await breakable();
    const { manager, clock } = t;
    let end: Promise<void> | undefined;
    manager.onSessionError(({ sessionId }) => {
      end ??= manager.endSession(sessionId);
    });
    manager.onSessionStateChanged(({ sessionId, newState }) => {
      if (newState === 'starting' && end === undefined) t.crash(sessionId);
    });
    const start = rejectionOf(manager.startSession());
    await clock.advance(2 * SECOND);
    expect((await start).code).toBe('SESSION_ENDED');
    await end;
    expect(end).toBeDefined();
    expect(manager.getAllSessions()).toEqual([]);
    await t.close();
  });

  it('[COO-14] nor is one that waits in the mailbox of the actor that throws', async () => {
    const t = await breakable();
    const { manager, clock } = t;
    let end: Promise<void> | undefined;
    const { sessionId } = await manager.startSession();
    manager.onSessionStateChanged(({ newState }) => {
      if (newState !== 'paused' || end !== undefined) return;
      t.crash(sessionId);
      end = manager.endSession(sessionId, 'connection-lost');
    });
    await manager.pauseSession(sessionId);
    await clock.advance(2 * SECOND);
    await end;
    await clock.advance(MINUTE);
    expect(manager.getSessionInfo(sessionId)).toBeUndefined();
    expect(endsOf(t.toldOf(sessionId))).toEqual(['ended: connection-lost']);
    await t.close();
  });

  it('[COO-14] nor is one that comes before the coordinator has heard of the crash', async () => {
    const t = await breakable();
    const { manager, clock } = t;
    let end: Promise<void> | undefined;
    const { sessionId } = await manager.startSession();
    // While another session is let in the coordinator is busy.
    manager.onSessionStateChanged(() => {
      if (end !== undefined) return;
      t.crash(sessionId);
      end = manager.endSession(sessionId, 'recovery');
    });
    await manager.startSession();
    await clock.advance(2 * SECOND);
    await end;
    expect(manager.getSessionInfo(sessionId)).toBeUndefined();
    expect(endsOf(t.toldOf(sessionId))).toEqual(['ended: recovery']);
    expect(t.counts.at(-1)).toMatchObject({ live: 1, sessions: 1 });
    await t.close();
  });

  it('[COO-14] nor is one that is under way: it ends with its reason, and the call settles', async () => {
    const t = await breakable({ hooks: { onSessionEnding: () => new Promise(() => undefined) } });
    const { manager, clock } = t;
    const { sessionId } = await manager.startSession();
    const end = manager.endSession(sessionId);
    await clock.advance(499);
    clock.isBroken = true; // the deadline of the hook is the next to ask for the time
    await clock.advance(2 * SECOND);
    await end;
    expect(t.toldOf(sessionId)).toContain('SESSION_CRASHED');
    expect(endsOf(t.toldOf(sessionId))).toEqual(['ended: user']);
    await t.close();
  });

  it('[COO-15] a crash is told before the end that follows, and nothing follows that', async () => {
    const t = await breakable({ restarts: { max: 0 } });
    const { sessionId } = await t.manager.startSession();
    await t.clock.advance(SECOND);
    t.crash(sessionId);
    await t.clock.advance(MINUTE);
    expect(t.toldOf(sessionId).slice(-3)).toEqual(['SESSION_CRASHED', 'active → ended', 'ended: crashed']);
    await t.close();
    expect(t.toldOf(sessionId).at(-1)).toBe('ended: crashed');
  });

  it('[COO-15] so it is with one that failed and waits to be renewed', async () => {
    const t = await breakable();
    const { sessionId } = await t.manager.startSession();
    await t.clock.advance(SECOND);
    t.provider.next(answers(401));
    void t.manager.renewSession(sessionId);
    await t.clock.advance(SECOND);
    expect(t.manager.getSessionInfo(sessionId)?.state).toBe('failed');
    t.crash(sessionId);
    expect(t.toldOf(sessionId).slice(-3)).toEqual(['SESSION_CRASHED', 'failed → ended', 'ended: credential-fatal']);
    await t.close();
    expect(t.toldOf(sessionId).at(-1)).toBe('ended: credential-fatal');
  });
});
