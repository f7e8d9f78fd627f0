import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { answers } from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createSessionManager } from '../../../src/services/session-manager.ts';
import { rejectionOf, SECOND } from '../../support/managed.ts';
import { breakable } from './support.ts';

/** Fails once, at the look after so many more; the first who looks during a start is the coordinator, the next the session. */
class FailingClock extends VirtualClock {
  looksLeft = Number.POSITIVE_INFINITY;

  override now(): number {
    if (this.looksLeft-- > 0) return super.now();
    this.looksLeft = Number.POSITIVE_INFINITY;
    throw new Error('the clock is broken');
  }
}

async function failing(maxRestarts: number) {
  const clock = new FailingClock();
  const provider = new FakeCredentialProvider(clock);
  const restarts = { max: maxRestarts };
  const manager = createSessionManager({ clock, credentials: provider, limit: 1, restarts });
  await manager.initialize();
  const close = async (): Promise<void> => {
    manager.dispose();
    await clock.advance(5 * SECOND);
    expect(clock.pending).toBe(0);
    expect(provider.outstanding).toEqual([]);
  };
  return { clock, manager, close };
}

describe('the first steps', () => {
  it('[COO-21] a session that throws before it has a state is started again', async () => {
    const { clock, manager, close } = await failing(3);
    clock.looksLeft = 1;
    await expect(manager.startSession()).resolves.toMatchObject({ state: 'active' });
    expect((await rejectionOf(manager.startSession())).code).toBe('SESSION_LIMIT_REACHED');
    await close();
  });

  it('[COO-21] or its start is refused, beyond the budget, and its slot is free', async () => {
    const { clock, manager, close } = await failing(0);
    clock.looksLeft = 1;
    expect((await rejectionOf(manager.startSession())).code).toBe('SESSION_ENDED');
    expect(manager.getAllSessions()).toEqual([]);
    await expect(manager.startSession()).resolves.toMatchObject({ state: 'active' });
    await close();
  });

  it('[COO-22] when the coordinator throws every session ends as crashed, and every start is refused', async () => {
    const { clock, manager, close } = await failing(3);
    const { sessionId } = await manager.startSession();
    clock.looksLeft = 0;
    expect((await rejectionOf(manager.startSession())).code).toBe('SESSION_ENDED');
    expect(manager.explain(sessionId)).toMatchObject({ state: 'ended', reason: 'crashed' });
    expect((await rejectionOf(manager.startSession())).code).toBe('MANAGER_NOT_READY');
    await close();
  });

  it('[COO-17] a renewal that is asked for while a failed session crashes is answered', async () => {
    const t = await breakable({ restarts: { max: 3 } });
    t.provider.next(answers(401));
    await rejectionOf(t.manager.startSession());
    await t.clock.advance(2 * SECOND);
    const [info] = t.manager.getAllSessions();
    expect(info?.state).toBe('failed');
    const renewals: unknown[] = [];
    t.manager.onSessionError(async ({ sessionId, error }) => {
      if (error.code === 'SESSION_CRASHED') renewals.push(await t.manager.renewSession(sessionId));
    });
    t.crash(info?.sessionId ?? '');
    await t.clock.advance(SECOND);
    expect(renewals).toMatchObject([{ success: false, error: { code: 'OPERATION_ABORTED' } }]);
    await t.close();
  });
});
