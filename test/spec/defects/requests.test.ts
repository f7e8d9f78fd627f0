import { describe, expect, it } from 'vitest';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { createEphemeralKeyService } from '../../../src/services/ephemeral-key-service.ts';
import { KEY_CONTRACTS } from '../../../src/services/key-contracts.ts';
import { createSessionManager } from '../../../src/services/session-manager.ts';
import { MINUTE, managed, SECOND } from '../../support/managed.ts';

/** A key service whose provider answers every POST with a key of an hour, and all that was asked of it. */
function keysOf(contract: (typeof KEY_CONTRACTS)[number]) {
  const clock = new VirtualClock();
  const requests: string[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(String(input));
    requests.push(`${init?.method ?? 'GET'} ${url.pathname}`);
    const expires_at = Math.trunc(clock.wall() / 1_000) + 3_600;
    const value = `ek_${requests.length}`;
    return Response.json({ value, expires_at, id: 'sess_1', client_secret: { value, expires_at } });
  };
  const endpoint = contract === 'openai' ? {} : { endpoint: 'https://resource.openai.azure.com', model: 'deployed' };
  const keys = createEphemeralKeyService({ contract, apiKey: 'k', clock, fetch, ...endpoint });
  return { clock, requests, keys };
}

describe('D45', () => {
  it.each(KEY_CONTRACTS)('[D45] initialize() of key service and manager sends no request (%s)', async contract => {
    const { clock, requests, keys } = keysOf(contract);
    await keys.initialize();
    const manager = createSessionManager({ clock, credentials: keys });
    await manager.initialize();
    await clock.advance(10 * MINUTE);
    expect(requests).toEqual([]);
    await manager[Symbol.asyncDispose]();
    keys.dispose();
    expect([requests, clock.pending]).toEqual([[], 0]);
  });

  it.each(KEY_CONTRACTS)(
    '[D45] a whole life sends the documented POST for each mint and nothing else; its end sends nothing (%s)',
    async contract => {
      const { clock, requests, keys } = keysOf(contract);
      await keys.initialize();
      const manager = createSessionManager({ clock, credentials: keys });
      await manager.initialize();
      const { sessionId } = await manager.startSession({ enableInactivityTimeout: false });
      await clock.advance(60 * MINUTE);
      expect(requests).toHaveLength(2);
      expect(new Set(requests).size).toBe(1);
      expect(requests[0]).toMatch(/^POST .*\/realtime(api)?\/(client_secrets|sessions)$/);
      await manager.endSession(sessionId);
      await manager.startSession();
      await manager[Symbol.asyncDispose]();
      expect(requests).toHaveLength(3);
      keys.dispose();
      await clock.advance(60 * MINUTE);
      expect([requests.length, clock.pending]).toEqual([3, 0]);
    },
  );

  it.each(KEY_CONTRACTS)(
    '[D45] a test of the authentication is explicit, mints at most once for all who ask at once, and keeps nothing (%s)',
    async contract => {
      const { clock, requests, keys } = keysOf(contract);
      await keys.initialize();
      const results = await Promise.all([keys.testAuthentication(), keys.testAuthentication()]);
      expect(results.map(({ success }) => success)).toEqual([true, true]);
      expect(requests).toHaveLength(1);
      expect(keys.getCurrentKey()).toBeUndefined();
      expect(keys.isKeyValid()).toBe(false);
      expect(clock.pending).toBe(0);
      keys.dispose();
    },
  );

  it('[D45] a test that fails mints at most once as well', async () => {
    let requests = 0;
    const fetch: typeof globalThis.fetch = async () => {
      requests++;
      return Response.json({ error: { code: 'x' } }, { status: 503 });
    };
    const clock = new VirtualClock();
    const keys = createEphemeralKeyService({ contract: 'openai', apiKey: 'k', clock, fetch });
    await keys.initialize();
    expect((await keys.testAuthentication()).success).toBe(false);
    expect([requests, clock.pending]).toEqual([1, 0]);
    keys.dispose();
  });

  it('[D45] a release drops the secret and closes the channel; a provider without revoke is asked nothing', async () => {
    const clock = new VirtualClock();
    const provider = new FakeCredentialProvider(clock);
    const calls: string[] = [];
    const mint = (request: Parameters<FakeCredentialProvider['mint']>[0]) => {
      calls.push('mint');
      return provider.mint(request);
    };
    const driver = { open: async () => undefined, close: async () => void calls.push('close') };
    const world = await managed({ clock, credentials: { mint }, driver, provider: () => provider });
    const { sessionId } = await world.manager.startSession();
    expect(world.manager.credentialFor(sessionId)).toBeDefined();
    await world.manager.endSession(sessionId);
    expect(world.manager.credentialFor(sessionId)).toBeUndefined();
    expect(calls).toEqual(['mint', 'close']);
    expect(world.events.at(-1)?.event.unfinished).toEqual([]);
    await world.manager[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });

  it('[D45] a provider with revoke is asked once for each credential', async () => {
    const world = await managed();
    const { sessionId } = await world.manager.startSession();
    await world.clock.advance(SECOND);
    await world.manager.renewSession(sessionId);
    await world.manager.endSession(sessionId);
    expect(world.provider.revoked.map(({ attempt }) => attempt)).toEqual([1, 2]);
    await world.close();
  });
});
