import { describe, expect, it } from 'vitest';
import type { SessionManager } from '../../../src/services/session-manager.ts';
import { managed, rejectionOf, SECOND } from '../../support/managed.ts';

describe('callers', () => {
  it('[SES-20] a session that is ended inside onSessionReady rejects its start', async () => {
    let manager: SessionManager | undefined;
    const t = await managed({ hooks: { onSessionReady: ({ sessionId }) => manager?.endSession(sessionId) } });
    manager = t.manager;
    const start = rejectionOf(manager.startSession());
    await t.clock.advance(SECOND);
    expect((await start).code).toBe('SESSION_ENDED');
    expect(manager.getAllSessions()).toEqual([]);
    expect(t.events.filter(({ channel }) => channel === 'ended')).toHaveLength(1);
    expect(t.provider.outstanding).toEqual([]);
    await t.close();
  });

  it.each(['banana', 'crashed', 'disposed', null, 7])('[SES-23] an end for a reason that is none: %s', async reason => {
    const t = await managed();
    const { sessionId } = await t.manager.startSession();
    const failure = await rejectionOf(t.manager.endSession(sessionId, reason as never));
    expect(failure).toMatchObject({ code: 'INVALID_CONFIG', details: { field: 'reason' } });
    expect(t.manager.isSessionActive(sessionId)).toBe(true);
    await t.close();
  });

  it.each([
    [undefined, 'report'],
    [null, 'report'],
    ['connected', 'report'],
    [{}, 'state'],
    [{ state: 'open' }, 'state'],
    [{ state: 'connected', expiresAt: Number.NaN }, 'expiresAt'],
    [{ state: 'connected', expiresAt: 'soon' }, 'expiresAt'],
  ])('[SES-23] a transport report that is none: %j', async (report, field) => {
    const t = await managed();
    const { sessionId } = await t.manager.startSession();
    for (const id of [sessionId, 'unknown']) {
      expect(() => t.manager.reportTransport(id, report as never)).toThrowError(
        expect.objectContaining({ code: 'INVALID_CONFIG', details: expect.objectContaining({ field }) }),
      );
    }
    expect(t.manager.getSessionInfo(sessionId)?.connectionInfo.webrtcState).toBe('disconnected');
    await t.close();
  });
});
