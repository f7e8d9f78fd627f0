import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answers, hangs } from '../../../src/integration/testing/provider-behaviours.ts';
import { createSessionManager } from '../../../src/services/session-manager.ts';
import { MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

describe('admission', () => {
  it('[COO-1] with policy queue a start waits for a slot, in order, up to the bound', async () => {
    const t = await managed({ limit: 1, whenFull: 'queue', queueLimit: 2 });
    const first = await t.manager.startSession();
    const order: number[] = [];
    const queued = async (place: number) => {
      const info = await t.manager.startSession();
      order.push(place);
      return info;
    };
    const second = queued(2);
    const third = queued(3);
    expect((await rejectionOf(t.manager.startSession())).code).toBe('SESSION_QUEUE_FULL');
    await t.settle();
    expect(order).toEqual([]);
    t.manager.endSessionSync(first.sessionId);
    await t.settle();
    expect(order).toEqual([2]);
    t.manager.endSessionSync((await second).sessionId);
    await t.settle();
    expect(order).toEqual([2, 3]);
    await third;
    await t.close();
  });

  it('[COO-2] a start that waits is answered when the manager is disposed of: nothing is left hanging', async () => {
    const t = await managed({ limit: 1, whenFull: 'queue' });
    await t.manager.startSession();
    const waiting = rejectionOf(t.manager.startSession());
    await t.close();
    expect((await waiting).code).toBe('SESSION_ENDED');
  });

  it('[COO-3] with policy evict-idle the longest idle session makes room', async () => {
    const t = await managed({ limit: 2, whenFull: 'evict-idle' });
    const a = await t.manager.startSession();
    await t.clock.advance(SECOND);
    const b = await t.manager.startSession();
    await t.clock.advance(SECOND);
    await t.manager.resetInactivityTimer(a.sessionId);
    const c = t.manager.startSession();
    await t.settle();
    await c;
    expect(t.manager.explain(b.sessionId)?.reason).toBe('evicted');
    expect(t.manager.isSessionActive(a.sessionId)).toBe(true);
    await t.close();
  });

  it('[COO-4] evict-idle refuses where nothing can be evicted, and evicts no more than it needs', async () => {
    const t = await managed({ limit: 2, whenFull: 'evict-idle' });
    t.provider.next(hangs(), hangs());
    const starting = [rejectionOf(t.manager.startSession()), rejectionOf(t.manager.startSession())];
    expect((await rejectionOf(t.manager.startSession())).code).toBe('SESSION_LIMIT_REACHED');
    await t.close();
    await Promise.all(starting);
  });

  it('[COO-5] whatever is called in whatever order, slots in use never exceed the limit and every start is answered', async () => {
    const step = fc.constantFrom('start', 'end', 'renew', 'pause', 'resume', 'fail', 'wait') as fc.Arbitrary<string>;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('reject', 'queue', 'evict-idle'),
        fc.array(fc.tuple(step, fc.nat(5)), { maxLength: 40 }),
        async (whenFull, steps) => {
          const t = await managed({ limit: 2, whenFull: whenFull as 'queue', queueLimit: 3 });
          const calls: Promise<unknown>[] = [];
          const live = (): number =>
            t.manager.getAllSessions().filter(({ state }) => state !== 'failed' && state !== 'ended').length;
          let most = 0;
          t.manager.onSessionStateChanged(async () => {
            most = Math.max(most, live());
          });
          for (const [what, which] of steps) {
            const sessions = t.manager.getAllSessions();
            const id = sessions[which % Math.max(1, sessions.length)]?.sessionId ?? 'none';
            if (what === 'start') calls.push(t.manager.startSession().catch((error: unknown) => error));
            else if (what === 'end') calls.push(t.manager.endSession(id));
            else if (what === 'renew') calls.push(t.manager.renewSession(id));
            else if (what === 'pause') await t.manager.pauseSession(id).catch(() => undefined);
            else if (what === 'resume') await t.manager.resumeSession(id).catch(() => undefined);
            else if (what === 'fail') t.provider.next(answers(401));
            else await t.clock.advance(which * 20 * SECOND);
            expect(live()).toBeLessThanOrEqual(2);
          }
          await t.close();
          await Promise.all(calls);
          expect(most).toBeLessThanOrEqual(2);
          expect(t.provider.outstanding).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('[COO-6] a bad option is refused with its name, its value and what is allowed', () => {
    const cases: [object, string, RegExp][] = [
      [{ limit: 0 }, 'limit', /limit is 0; allowed: a whole number from 1/],
      [{ limit: 2.5 }, 'limit', /limit is 2.5/],
      [{ whenFull: 'drop' }, 'whenFull', /whenFull is "drop"; allowed: "reject", "queue", "evict-idle"/],
      [{ queueLimit: -1 }, 'queueLimit', /queueLimit is -1/],
      [{ restarts: { max: Number.NaN } }, 'restarts.max', /restarts.max is NaN/],
      [{ credentials: {} }, 'credentials.mint', /credentials.mint is undefined; allowed: a function/],
      [{ clock: { now: 1 } }, 'clock.now', /clock.now is 1; allowed: a function/],
      [{ limits: 3 }, 'limits', /limits is not a known setting/],
      [{ config: { renewalMarginSeconds: -1 } }, 'renewalMarginSeconds', /renewalMarginSeconds is -1/],
    ];
    for (const [options, field, message] of cases) {
      expect(() => createSessionManager(options as never)).toThrowError(
        expect.objectContaining({
          code: 'INVALID_CONFIG',
          message: expect.stringMatching(message),
          details: expect.objectContaining({ field }),
        }),
      );
    }
  });

  it('[COO-7] a slot is free when its session is told to have ended', async () => {
    const t = await managed({ limit: 1 });
    const { sessionId } = await t.manager.startSession();
    let next: Promise<unknown> | undefined;
    t.manager.onSessionEnded(async () => {
      next ??= t.manager.startSession();
    });
    t.manager.endSessionSync(sessionId);
    await t.settle();
    await expect(next).resolves.toMatchObject({ state: 'active' });
    await t.clock.advance(MINUTE);
    await t.close();
  });
});
