import { expect, it } from 'vitest';
import { LeaseVault } from '../../../src/actors/lease-vault.ts';
import type { SessionDriver } from '../../../src/actors/ports.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { silentLogger } from '../../../src/services/logger.ts';

it('[D05] a credential that is given back while another one is, is given back once', async () => {
  const clock = new VirtualClock();
  const vault = new LeaseVault(clock, silentLogger);
  const revoked: number[] = [];
  const driver: SessionDriver = {
    mint: async ({ attempt }) => ({ secret: `ek_${attempt}`, expiresAt: clock.wall() + 60_000 }),
    revoke: async ({ attempt }) => {
      revoked.push(attempt);
      vault.keepOnly(driver, 's1', []); // as a provider that ends the session meanwhile
    },
  };
  const { signal } = new AbortController();
  for (const attempt of [1, 2, 3]) await vault.mint(driver, 's1', attempt, signal);
  vault.keepOnly(driver, 's1', [3]);
  await vault.settled();
  expect(revoked.sort()).toEqual([1, 2, 3]);
  expect(await vault.release(driver, 's1', 3)).toBeUndefined();
  expect(vault.counts).toEqual({ minted: 3, released: 3, unreleased: 0, held: 0 });
});
