import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../../../../src/integration/inspect/page-protocol.ts';
import { managed } from '../../../support/managed.ts';
import { looking } from './support.ts';

describe('what a manager shows of its sessions', () => {
  it('[INS-14] a key that is not that of a session names none, though a session has such an id', async () => {
    const t = await managed({ createSessionId: () => 'only' });
    await t.manager.startSession();
    const target = t.manager.inspection();
    expect(target.actorOf('session:only')).toMatchObject({ id: 'only' });
    expect(target.explain('session:only')).toMatchObject({ sessionId: 'only' });
    for (const key of ['only', 'Session:only', '']) {
      expect(target.actorOf(key)).toBeUndefined();
      expect(target.explain(key)).toBeUndefined();
      await expect(target.send(key, { type: 'PAUSE' })).rejects.toMatchObject({ code: expect.any(String) });
    }
    expect(t.manager.getSessionInfo('only')?.state).toBe('active');
    await t.close();
  });

  it('[INS-6] the end of a session comes from the coordinator where the manager makes room or is disposed of', async () => {
    const t = await managed({ createSessionId: () => 'only' });
    await t.manager.startSession();
    const target = t.manager.inspection();
    const { observation, key } = looking(target);
    const session = key('only');
    observation.watch(session);
    const disposed = t.manager[Symbol.asyncDispose]();
    const said = (record: LogRecord) => record.kind === 'message' && record.event === 'END';
    expect(observation.view(session)?.log.filter(said)).toMatchObject([
      { from: { role: 'coordinator' }, payload: { reason: 'disposed' } },
    ]);
    await t.settle();
    await disposed;
    const actor = target.root;
    expect(target.speakerOf(actor, { type: 'DRAIN' })).toBeUndefined();
    await t.close();
  });

  it('[INS-3] its times are whole milliseconds, whatever the clocks of the process say', async () => {
    const t = await managed({ createSessionId: () => 'only' });
    await t.manager.startSession();
    const { clock } = t;
    const now = clock.now.bind(clock);
    Object.assign(clock, { now: () => now() + 0.4 });
    const { observation, key } = looking(t.manager.inspection());
    const { startedAt, activeAt, next } = observation.row(key('only')) ?? {};
    for (const time of [startedAt, activeAt, next?.at]) expect(Number.isInteger(time)).toBe(true);
    Object.assign(clock, { now });
    await t.close();
  });
});
