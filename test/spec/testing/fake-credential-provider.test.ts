import { describe, expect, it } from 'vitest';
import type { CredentialProvider, RevokeRequest } from '../../../src/actors/ports.ts';
import { Secret } from '../../../src/actors/secret.ts';
import { FakeCredentialProvider } from '../../../src/integration/testing/fake-credential-provider.ts';
import {
  answers,
  answersAfterAbort,
  hangs,
  hangsUntilAborted,
  mints,
  rejects,
  rejectsWith,
  returns,
  sequence,
  slowly,
  throwsSynchronously,
  times,
} from '../../../src/integration/testing/provider-behaviours.ts';
import { VirtualClock } from '../../../src/integration/testing/virtual-clock.ts';
import { rejectionOf } from '../../support/managed.ts';

const START = 1_000_000_000_000;

function world(usual = mints()) {
  const clock = new VirtualClock(START);
  const provider = new FakeCredentialProvider(clock, usual);
  let attempt = 0;
  const controller = new AbortController();
  const mint = () => provider.mint({ sessionId: 's', attempt: ++attempt, signal: controller.signal });
  const revoke = (which: number) => {
    const secret = new Secret(provider.minted[which]?.secret ?? '');
    const request: RevokeRequest = {
      sessionId: 's',
      attempt: provider.minted[which]?.attempt ?? 0,
      id: undefined,
      secret,
      signal: controller.signal,
    };
    return provider.revoke(request);
  };
  return { clock, provider, mint, revoke, controller };
}

describe('fake credential provider', () => {
  it('[TST-4] mints do as they were told, in order, then as usual', async () => {
    const { provider, mint } = world(mints(5_000));
    provider.next(answers(503), rejects({ code: 'ECONNRESET' })).next(mints(9_000, { id: 'nine' }));
    expect(await rejectionOf(mint())).toMatchObject({ status: 503 });
    expect(await rejectionOf(mint())).toMatchObject({ code: 'ECONNRESET' });
    expect(await mint()).toMatchObject({ expiresAt: START + 9_000, id: 'nine' });
    expect(await mint()).toMatchObject({ expiresAt: START + 5_000 });
    expect(await mint()).toMatchObject({ expiresAt: START + 5_000 });
  });

  it('[TST-4] revokes have orders of their own', async () => {
    const { provider, mint, revoke } = world();
    await mint();
    provider.nextRevoke(answers(500));
    await mint();
    expect(await rejectionOf(revoke(0))).toMatchObject({ status: 500 });
    await revoke(1);
    provider.usualRevoke = rejects();
    expect((await rejectionOf(revoke(0))).message).toBe('refused by the provider');
  });

  it('[TST-5] each behaviour does what its name says', async () => {
    const { clock, provider, mint, controller } = world();
    provider.next(returns(7), rejectsWith('text'), throwsSynchronously(new TypeError('at once')));
    expect(await mint()).toBe(7);
    await expect(mint()).rejects.toBe('text');
    expect(() => mint()).toThrow('at once');
    provider.next(answers(429, { retryAfterMs: 3_000 }));
    expect(await rejectionOf(mint())).toMatchObject({ status: 429, retryAfterMs: 3_000 });

    provider.next(hangs(), hangsUntilAborted(), answersAfterAbort(500), slowly(300, mints(1_000)));
    const settled: string[] = [];
    const watch = (name: string) =>
      mint().then(
        () => settled.push(`${name} answered at ${clock.now() - START}`),
        () => settled.push(`${name} rejected at ${clock.now() - START}`),
      );
    for (const name of ['hanging', 'waiting', 'late', 'slow']) void watch(name);
    await clock.advance(400);
    expect(settled).toEqual(['slow answered at 300']);
    controller.abort();
    await clock.advance(10_000);
    expect(settled).toEqual(['slow answered at 300', 'waiting rejected at 400', 'late answered at 900']);
  });

  it('[TST-5] behaviours are put together', async () => {
    const { clock, provider, mint } = world(sequence(answers(503), mints(1_000), mints(2_000)));
    provider.next(...times(2, answers(429)), ...times(0, hangs()));
    const lives: unknown[] = [];
    for (let i = 0; i < 6; i++) {
      lives.push(
        await mint().then(
          ({ expiresAt }) => Number(expiresAt) - START,
          ({ status }) => status,
        ),
      );
    }
    expect(lives).toEqual([429, 429, 503, 1_000, 2_000, 2_000]);
    provider.next(slowly(50, answers(500)));
    expect(await rejectionOf(clock.runUntil(mint()))).toMatchObject({ status: 500 });
    expect(clock.now()).toBe(START + 50);
  });

  it('[TST-5] a time that is none is refused where the behaviour is made', () => {
    const invalid = expect.objectContaining({ code: 'INVALID_CONFIG' });
    for (const ms of ['60', Number.NaN, Number.POSITIVE_INFINITY] as number[]) {
      expect(() => mints(ms)).toThrow(invalid);
      expect(() => slowly(ms)).toThrow(invalid);
      expect(() => answersAfterAbort(ms)).toThrow(invalid);
    }
    expect(() => mints('60' as never)).toThrow('lifeMs is "60"; allowed: a finite number (milliseconds)');
    expect(() => slowly(-1)).toThrow('ms is -1; allowed: 0 or more (milliseconds)');
  });

  it('[TST-5] a count that is none, and what is no behaviour, are refused', () => {
    for (const count of [Number.NaN, -1, 1.5, '2']) {
      expect(() => times(count as number, hangs())).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
    }
    expect(() => times(Number.NaN, hangs())).toThrow('count is NaN; allowed: a whole number from 0');
    expect(() => (sequence as () => unknown)()).toThrow('behaviour 1 is undefined; allowed: a behaviour');
    expect(() => sequence(hangs(), 503 as never)).toThrow('behaviour 2 is 503');
  });

  it('[TST-6] it knows what was asked, handed over, taken back and is outstanding', async () => {
    const { provider, mint, revoke } = world();
    provider.next(mints(), answers(401), returns({ secret: ' ' }), mints());
    await mint();
    await mint().catch(() => undefined);
    await mint();
    await mint();
    expect(provider.requests).toHaveLength(4);
    expect(
      provider.minted.map(({ attempt }) => attempt),
      'a blank secret is none',
    ).toEqual([1, 4]);
    expect(new Set(provider.minted.map(({ secret }) => secret)).size).toBe(2);
    expect(provider.outstanding).toEqual(provider.minted.map(({ secret }) => secret));
    provider.nextRevoke(answers(500));
    await revoke(0).catch(() => undefined);
    expect(provider.revoked).toEqual([provider.minted[0]]);
    expect(provider.outstandingCredentials, 'asked is enough').toEqual([provider.minted[1]]);
    const port: CredentialProvider = provider;
    expect(port).toBe(provider);
  });
});
