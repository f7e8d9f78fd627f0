import { describe, expect, it } from 'vitest';
import type { SessionDriver } from '../../../src/actors/ports.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createSessionManager } from '../../../src/services/session-manager.ts';
import type { SessionManagerOptions } from '../../../src/services/session-manager-options.ts';
import { MINUTE, managed, rejectionOf, SECOND } from '../../support/managed.ts';

async function without(credentials: Omit<SessionManagerOptions, 'credentials' | 'clock'>) {
  const clock = new VirtualClock();
  const manager = createSessionManager({ clock, ...credentials });
  await manager.initialize();
  const close = async (): Promise<void> => {
    manager.dispose();
    await clock.advance(5 * SECOND);
    expect(clock.pending).toBe(0);
  };
  return { clock, manager, close };
}

const lost = (): Promise<never> => Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNRESET' }));

describe('kinds of session', () => {
  it('[SES-7] a kind that needs nothing from outside is usable at once, idles out and ends', async () => {
    const { clock, manager, close } = await without({});
    const { sessionId, state } = await manager.startSession();
    expect(state).toBe('active');
    expect(manager.credentialFor(sessionId)).toBeUndefined();
    expect(manager.getSessionDiagnostics(sessionId)).toMatchObject({
      credentialStatus: 'valid',
      timerStatus: { heartbeatTimer: { isActive: true } },
    });
    expect(manager.getSessionDiagnostics(sessionId).timerStatus.renewalTimer).toBeUndefined();
    expect(await manager.renewSession(sessionId)).toMatchObject({
      success: false,
      error: { code: 'SESSION_NOT_ACTIVE' },
    });
    await clock.advance(5 * MINUTE);
    expect(manager.explain(sessionId)?.reason).toBe('idle');
    await close();
  });

  it('[SES-8] a channel is opened with the credential, tried again when it fails, and closed at the end', async () => {
    const calls: string[] = [];
    let refusals = 1;
    const driver: SessionDriver = {
      open: async ({ credential }) => {
        calls.push(`open with ${credential?.reveal().slice(0, 3)}`);
        if (refusals-- > 0) await lost();
        return undefined;
      },
      close: async () => {
        calls.push('close');
      },
    };
    const t = await managed({ driver });
    const starting = t.manager.startSession();
    await t.clock.advance(5 * SECOND);
    const { sessionId } = await starting;
    const ending = t.manager.endSession(sessionId);
    await t.settle();
    await ending;
    expect(calls).toEqual(['open with ek_', 'open with ek_', 'close']);
    expect(t.provider.minted).toHaveLength(1);
    expect(t.provider.outstanding).toEqual([]);
    await t.close();
  });

  it('[SES-9] a channel that cannot be opened fails the start with its code, and the credential is given back', async () => {
    const t = await managed({ driver: { open: lost } });
    const failure = rejectionOf(t.manager.startSession());
    await t.clock.advance(MINUTE);
    expect(await failure).toMatchObject({ code: 'SESSION_START_FAILED', cause: { code: 'NETWORK_ERROR' } });
    expect(t.provider.outstanding).toEqual([]);
    await t.close();
  });

  it('[SES-10] a channel that opens too late is closed again', async () => {
    let closed = 0;
    let answer: (() => void) | undefined;
    const { clock, manager, close } = await without({
      driver: {
        open: () => new Promise(resolve => (answer = () => resolve(undefined))),
        close: async () => {
          closed += 1;
        },
      },
    });
    const start = rejectionOf(manager.startSession());
    await clock.advance(SECOND);
    const [session] = manager.getAllSessions();
    manager.endSessionSync(session?.sessionId ?? '');
    expect((await start).code).toBe('SESSION_ENDED');
    await clock.advance(SECOND);
    const before = closed;
    answer?.();
    await clock.advance(SECOND);
    expect(closed).toBe(before + 1);
    await close();
  });

  it('[SES-11] a probe that fails or does not answer within an interval is told, and the next answer mends it', async () => {
    let answer: () => Promise<void> = lost;
    const { clock, manager, close } = await without({
      driver: { probe: () => answer() },
      config: { inactivityTimeoutMinutes: 60 },
    });
    const { sessionId } = await manager.startSession();
    const status = () => manager.getSessionDiagnostics(sessionId).connectionStatus;
    expect(status()).toBe('healthy');
    await clock.advance(30 * SECOND);
    expect(status()).toBe('degraded');
    answer = async () => undefined;
    await clock.advance(30 * SECOND);
    expect(status()).toBe('healthy');
    answer = () => new Promise(() => undefined);
    await clock.advance(30 * SECOND);
    expect(status()).toBe('healthy');
    await clock.advance(30 * SECOND);
    expect(status()).toBe('degraded');
    expect((await manager.testSessionHealth(sessionId)).isHealthy).toBe(false);
    await close();
  });

  it('[SES-12] the cap that the server tells ends the session, whichever of the two is earlier', async () => {
    const clock = new VirtualClock();
    const manager = createSessionManager({
      clock,
      driver: { open: async () => ({ expiresAt: clock.wall() + 10 * MINUTE }) },
      config: { inactivityTimeoutMinutes: 60 },
    });
    await manager.initialize();
    const { sessionId } = await manager.startSession();
    await clock.advance(10 * MINUTE - 1);
    expect(manager.isSessionActive(sessionId)).toBe(true);
    await clock.advance(1);
    expect(manager.explain(sessionId)?.reason).toBe('lifetime');
    manager.dispose();
    await clock.advance(SECOND);
  });
});
