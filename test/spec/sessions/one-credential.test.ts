import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { mints } from '../../../src/integration/testing/provider-behaviours.ts';
import { MINUTE, managed, SECOND } from '../../support/managed.ts';

describe('one credential at a time', () => {
  it('[SES-18] a pause that meets the answer of the provider, however close, leaves no credential behind', async () => {
    const t = await managed({ config: { enableInactivityTimeout: false } });
    const { manager, clock, provider } = t;
    const { sessionId } = await manager.startSession();
    const pauseAfter = async (microtasks: number): Promise<void> => {
      for (let i = 0; i < microtasks; i++) await null;
      await manager.pauseSession(sessionId);
    };
    const met = new Set<string>();
    for (let microtasks = 0; microtasks < 30; microtasks++) {
      await clock.advance(2 * SECOND);
      provider.next(async (request, world) => {
        void pauseAfter(microtasks);
        return mints()(request, world);
      });
      const renewal = manager.renewSession(sessionId);
      await t.settle();
      met.add((await renewal).success ? 'renewed' : 'broken off');
      expect(manager.getSessionInfo(sessionId)?.state).toBe('paused');
      expect(provider.outstanding, `paused ${microtasks} microtasks after the mint`).toHaveLength(1);
      await manager.resumeSession(sessionId);
      await t.settle();
      expect(provider.outstanding).toHaveLength(1);
    }
    expect(met).toEqual(new Set(['renewed', 'broken off']));
    await Promise.all([manager.endSession(sessionId), clock.advance(SECOND)]);
    expect(provider.outstanding).toEqual([]);
    await t.close();
  });

  it('[SES-18] a credential that runs out while the channel is tried again is given back when it is replaced', async () => {
    let losses = 1;
    const open = async (): Promise<undefined> => {
      if (losses-- > 0) throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
      return undefined;
    };
    const t = await managed({
      provider: clock => new FakeCredentialProvider(clock, mints(3 * SECOND)),
      driver: { open },
    });
    const { manager, clock, provider } = t;
    const start = manager.startSession();
    await clock.advance(10);
    await clock.sleep(MINUTE);
    await clock.advance(1);
    await start;
    expect(provider.minted).toHaveLength(2);
    expect(provider.outstanding).toEqual([provider.minted[1]?.secret]);
    expect(manager.getCredentialCounts()).toMatchObject({ minted: 2, released: 1, held: 1 });
    await t.close();
  });
});
