import { describe, expect, it } from 'vitest';
import type { CredentialProvider, MintedCredential, MintRequest } from '../../src/actors/ports.ts';
import { credentialProviderContract } from '../../src/integration/testing/provider-contract.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import { expectBroken, expectReportKept, GoodProvider, judged } from './support.ts';

const refusal = (more: object) => ({
  failing: () => ({ mint: () => Promise.reject(Object.assign(new Error('refused'), more)) }),
});
/** Changes what the good provider hands over. */
const handsOver =
  (change: (answer: MintedCredential) => object) =>
  (good: CredentialProvider): Partial<CredentialProvider> => ({
    mint: async request => change(await good.mint(request)) as MintedCredential,
  });

describe('mint()', () => {
  it('[PROV-1] a provider that never settles, not even when its signal aborts, is told to', async () => {
    const report = await judged(() => ({ mint: () => new Promise<never>(() => undefined) }));
    expectBroken(
      report,
      'PROV-1',
      'still pending after 2500 ms, and still so 1000 ms after its signal aborted',
      'hand the signal to all that you wait for',
    );
    expect(report.notJudged.length, 'nothing else is said of it').toBeGreaterThan(10);
    expect(report.broken[0]?.error.message, 'a real one may have met virtual time').toContain(
      'leave the option `clock` out',
    );
  });

  it('[PROV-1] one that gives up only when its signal aborts is late all the same', async () => {
    const mint = ({ signal }: MintRequest) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    expectBroken(
      await judged(() => ({ mint })),
      'PROV-1',
      /still pending after 2500 ms\. Settle.* raise deadlineMs\.$/,
    );
  });

  it('[PROV-1] one that settles the first time only is told', async () => {
    const report = await judged(good => ({
      mint: request => (request.attempt === 2 ? new Promise(() => undefined) : good.mint(request)),
    }));
    expectBroken(report, 'PROV-1', 'still pending after 2500 ms');
  });

  it('[PROV-2] a provider that throws from the call is told to be async', async () => {
    const mint = () => {
      throw new TypeError('no');
    };
    expectBroken(await judged(() => ({ mint })), 'PROV-2', 'threw instead of returning a promise', 'async function');
    const plain = () => ({ secret: 'secret-1', expiresAt: new Date() }) as unknown as Promise<MintedCredential>;
    expectBroken(await judged(() => ({ mint: plain })), 'PROV-2', 'returned no promise');
  });

  it.each([
    ['text', 'sorry'],
    ['undefined', undefined],
    ['an object', { status: 503 }],
    ['null', null],
  ])('[PROV-3] a provider that rejects with %s is told to reject with an Error', async (words, value) => {
    const always = await judged(() => ({ mint: () => Promise.reject(value) }));
    expectBroken(always, 'PROV-3', `it rejected with ${words}, which is no Error`, 'Reject with an Error');
    const once = await judged(
      () => ({}),
      () => ({ failing: () => ({ mint: () => Promise.reject(value) }) }),
    );
    expectBroken(once, 'PROV-3', 'mint() of the failing provider');
  });

  it('[PROV-3] what is rejected with on an abort counts too', async () => {
    const report = await judged(good => ({
      mint: request => good.mint(request).catch(() => Promise.reject('aborted')),
    }));
    expectBroken(report, 'PROV-3', 'mint() beside others, aborted: it rejected with text');
  });

  it('[PROV-4] a provider that is refused is told what it rejected with', async () => {
    const mint = () => Promise.reject(Object.assign(new Error('no'), { status: 401 }));
    expectBroken(await judged(() => ({ mint })), 'PROV-4', 'rejected with INVALID_CREDENTIALS (status 401)');
  });

  it('[PROV-4] a mint that never settles has not resolved, and not settled once', async () => {
    const report = await judged(() => ({ mint: () => new Promise<never>(() => undefined) }));
    expect(report.held).not.toEqual(expect.arrayContaining(['PROV-4']));
    expect(report.notJudged).toContainEqual({ rule: 'PROV-4', why: 'mint() did not settle (PROV-1)' });
    expect(report.notJudged).toContainEqual({ rule: 'PROV-5', why: 'mint() did not settle (PROV-1, PROV-2)' });
    const plain = await judged(() => ({ mint: (() => ({})) as never }));
    expect(plain.notJudged).toContainEqual({ rule: 'PROV-4', why: 'there is no promise (PROV-2)' });
  });

  it('[PROV-5] a provider whose promise settles twice is told to settle once', async () => {
    const twice = (good: CredentialProvider) => ({
      mint: (request: MintRequest) =>
        ({
          // biome-ignore lint/suspicious/noThenProperty: that is what is wrong with it.
          then: (resolve: (answer: MintedCredential) => void, reject: () => void) => {
            good.mint(request).then(answer => {
              resolve(answer);
              resolve({ ...answer, secret: `${answer.secret}-again` });
            }, reject);
          },
        }) as unknown as Promise<MintedCredential>,
    });
    expectBroken(await judged(twice), 'PROV-5', 'came 2 times', 'never revoked');
  });

  it('[PROV-10] a provider that puts another secret into what it handed over is told to leave it', async () => {
    const report = await judged((good, clock) => ({
      async mint(request) {
        const answer = { ...(await good.mint(request)) };
        clock.setTimeout(() => Object.assign(answer, { secret: 'another' }), 10);
        return answer;
      },
    }));
    expectBroken(report, 'PROV-10', 'changed after it was handed over');
    const getter = handsOver(answer => {
      let reads = 0;
      return {
        ...answer,
        get secret() {
          return `${answer.secret}-${reads++}`;
        },
      };
    });
    expectBroken(await judged(getter), 'PROV-10');
  });

  it('[PROV-11] a provider that hands the same credential to two is told to ask each time', async () => {
    const report = await judged((good, clock) => {
      const cached = { secret: 'the-only-one', expiresAt: clock.wall() + 60_000 };
      return { mint: async request => ({ ...(await good.mint(request)), ...cached }) };
    });
    expectBroken(report, 'PROV-11', 'the same secret', 'Ask the service each time');
  });

  it('[PROV-12] a provider that shares a request in flight is told to keep calls apart', async () => {
    const report = await judged(good => {
      let inFlight: Promise<MintedCredential> | undefined;
      return {
        mint(request) {
          inFlight ??= good.mint(request).finally(() => {
            inFlight = undefined;
          });
          return inFlight;
        },
      };
    });
    expectBroken(report, 'PROV-12', 'two at once brought the same secret', 'share neither signal nor request');
  });

  it('[PROV-12] a provider that aborts one with the other is told so too', async () => {
    const report = await judged(good => {
      let latest: AbortController | undefined;
      return {
        mint({ signal, ...ids }) {
          const shared = latest ?? new AbortController();
          latest = shared;
          signal.addEventListener('abort', () => shared.abort());
          return good.mint({ ...ids, signal: AbortSignal.any([signal, shared.signal]) }).finally(() => {
            if (latest === shared) latest = undefined;
          });
        },
      };
    });
    expectBroken(report, 'PROV-12', 'mint() beside one that was aborted rejected with OPERATION_ABORTED');
  });

  it('[PROV-13] a provider that waits for an abort that has been is told to look first', async () => {
    const report = await judged(good => ({
      mint: request => (request.signal.aborted ? new Promise(() => undefined) : good.mint(request)),
    }));
    expectBroken(report, 'PROV-13', '1000 ms after it was called with an aborted signal');
  });

  it('[PROV-14] a provider that is deaf to an abort is told to listen', async () => {
    const report = await judged((good, clock) => ({
      async mint(request) {
        const unheard = { ...request, signal: new AbortController().signal };
        if (request.signal.aborted) throw request.signal.reason;
        const answer = await good.mint(unheard);
        if (request.signal.aborted) await new Promise<void>(resolve => clock.setTimeout(resolve, 60_000));
        return answer;
      },
    }));
    expectBroken(report, 'PROV-14', 'still pending 1000 ms after its signal aborted');
  });

  it('[PROV-15] a provider that writes to its request is told to copy it', async () => {
    const adds = await judged(good => ({
      mint: request => good.mint(Object.assign(request, { startedAt: 1 })),
    }));
    expectBroken(adds, 'PROV-15', 'changed its request', 'frozen');
    const changes = await judged(good => ({ mint: request => good.mint(Object.assign(request, { attempt: 9 })) }));
    expectBroken(changes, 'PROV-15');
  });

  it('[PROV-19] a provider that mints by itself is told to wait until it is asked', async () => {
    class Eager extends GoodProvider {
      override async mint(request: MintRequest): Promise<MintedCredential> {
        const answer = await super.mint(request);
        if (request.attempt < 9)
          this.clock.setTimeout(() => this.mint({ ...request, attempt: 9 }).catch(() => undefined), 10);
        return answer;
      }
    }
    const report = await judged((_, clock) => {
      const eager = new Eager(clock);
      return { mint: Eager.prototype.mint, revoke: eager.revoke };
    });
    expectBroken(report, 'PROV-19', 'called itself', 'business of the session');
  });

  it('[PROV-20] a provider that leaves a timer is told to clear it', async () => {
    const report = await judged((good, clock) => ({
      async mint(request) {
        clock.setTimeout(() => undefined, 30_000);
        return good.mint(request);
      },
    }));
    expectBroken(report, 'PROV-20', '2 timers are armed after the answer');
  });
});

describe('what is handed over', () => {
  it('[PROV-6] a secret that is none is told', async () => {
    expectBroken(await judged(handsOver(a => ({ ...a, secret: '' }))), 'PROV-6', 'secret is empty');
    expectBroken(await judged(handsOver(a => ({ ...a, secret: ' ' }))), 'PROV-6', 'secret is blank');
    expectBroken(await judged(handsOver(() => ({ expiresAt: Date.UTC(2026, 0, 2) }))), 'PROV-6', 'secret is undefined');
    expectBroken(await judged(handsOver(a => ({ ...a, secret: `${a.secret}\n` }))), 'PROV-6', 'white space', 'Trim it');
    const lines = await judged(handsOver(a => ({ ...a, secret: a.secret.replace('-', '\n') })));
    expectBroken(lines, 'PROV-6', 'secret has a line break in it', 'one line');
  });

  it.each<[string, string, (answer: MintedCredential) => object]>([
    ['PROV-6', 'secret is empty', () => ({ secret: '' })],
    ['PROV-7', 'multiply it by 1000', ({ expiresAt }) => ({ expiresAt: Math.floor(Number(expiresAt) / 1_000) })],
    ['PROV-8', 'it lives for 500 ms', ({ expiresAt }) => ({ expiresAt: Number(expiresAt) - 59_500 })],
    ['PROV-9', 'id contains the secret', ({ secret }) => ({ id: secret })],
  ])('[%s] the second mint is judged as the first is: %s', async (rule, words, change) => {
    const report = await judged(good => ({
      async mint(request) {
        const answer = await good.mint(request);
        return { ...answer, ...(request.attempt === 2 && change(answer)) };
      },
    }));
    expectBroken(report, rule, `[${rule}] a second mint(): `, words);
  });

  it('[PROV-7] seconds, lives, text and nonsense are told apart', async () => {
    const report = (expiresAt: unknown) => judged(handsOver(answer => ({ ...answer, expiresAt })));
    expectBroken(await report(1_767_225_700), 'PROV-7', 'expiresAt is 1767225700', 'seconds', 'multiply it by 1000');
    expectBroken(await report(60), 'PROV-7', 'looks like a life', 'expires_in * 1000');
    expectBroken(await report('2026-01-01T00:01:00Z'), 'PROV-7', 'expiresAt is text', 'new Date(text)');
    const unread = { rule: 'PROV-8', why: 'expiresAt cannot be read (PROV-7)' };
    expect((await report('soon')).notJudged).toContainEqual(unread);
    expectBroken(await report(new Date('soon')), 'PROV-7', 'an invalid Date');
    expectBroken(await report(Number.NaN), 'PROV-7', 'expiresAt is NaN');
    expectBroken(await report(undefined), 'PROV-7', 'expiresAt is undefined');
  });

  it('[PROV-7] other units are told from a Date too, and what is finer than milliseconds', async () => {
    const report = (expiresAt: unknown) => judged(handsOver(answer => ({ ...answer, expiresAt })));
    expectBroken(await report(new Date(1_767_225_700)), 'PROV-7', 'new Date(1767225700)', 'looks like seconds');
    expectBroken(await report(new Date(60)), 'PROV-7', 'new Date(60)', 'looks like a life');
    expectBroken(await report(1_767_225_700_000_000), 'PROV-7', 'looks like microseconds or nanoseconds');
    expectBroken(await report(new Date(1_767_225_700_000_000)), 'PROV-7', 'looks like microseconds');
    expectBroken(await report(2 * Date.UTC(2026, 0, 1)), 'PROV-7', 'more than ten years ahead', 'added to another');
    expectReportKept(await report(Date.UTC(2035, 0, 1)), ['PROV-16']);
    expectBroken(await report(new Date('0001-01-01T00:00:00Z')), 'PROV-8', 'it expired');
  });

  it('[PROV-8] a life of less than 2 s is told, one of 2 s is enough', async () => {
    const report = (lifeMs: number) =>
      judged((good, clock) => ({
        mint: async request => ({ ...(await good.mint(request)), expiresAt: new Date(clock.wall() + lifeMs) }),
      }));
    expectBroken(await report(1_999), 'PROV-8', 'it lives for 1999 ms', 'at least 2000 ms');
    expectBroken(await report(-5_000), 'PROV-8', 'it expired 5000 ms ago', 'mend the clock');
    expectReportKept(await report(2_000), ['PROV-16']);
  });

  it('[PROV-9] an id that is secret, or no text, is told', async () => {
    const secret = await judged(handsOver(a => ({ ...a, id: `key ${a.secret}` })));
    expectBroken(secret, 'PROV-9', 'id contains the secret', 'Ids are logged');
    expect(secret.broken[0]?.error.message).not.toContain('secret-1');
    expectBroken(await judged(handsOver(a => ({ ...a, id: 7 }))), 'PROV-9', 'id is 7');
    let pins = 50;
    const short = await judged(handsOver(a => ({ ...a, secret: String(++pins), id: `id-${pins}` })));
    expectReportKept(short, ['PROV-16']);
  });
});

describe('errors', () => {
  it('[PROV-16] an error by which nobody can tell what failed is told what to carry', async () => {
    const bare = await judged(
      () => ({}),
      () => refusal({}),
    );
    expectBroken(bare, 'PROV-16', 'neither an HTTP status nor a code', 'Set error.status');
    const text = await judged(
      () => ({}),
      () => refusal({ status: '429' }),
    );
    expectBroken(text, 'PROV-16', 'status is text');
    expectReportKept(
      await judged(
        () => ({}),
        () => refusal({ status: 429, retryAfterMs: 5 }),
      ),
    );
    expectReportKept(
      await judged(
        () => ({}),
        () => refusal({ code: 'ECONNREFUSED' }),
      ),
    );
    const mints = await judged(
      () => ({}),
      clock => ({ failing: () => new GoodProvider(clock) }),
    );
    expectBroken(mints, 'PROV-16', 'resolved', 'whose service refuses it');
  });

  it('[PROV-17] a hint that nobody reads, or in another unit, is told', async () => {
    const seconds = await judged(
      () => ({}),
      () => refusal({ status: 429, retryAfter: 3 }),
    );
    expectBroken(seconds, 'PROV-17', 'retryAfter, which nobody reads', 'error.retryAfterMs');
    const text = await judged(
      () => ({}),
      () => refusal({ status: 429, retryAfterMs: '3000' }),
    );
    expectBroken(text, 'PROV-17', 'retryAfterMs is text');
    expectBroken(
      await judged(
        () => ({}),
        () => refusal({ status: 429, retryAfterMs: -1 }),
      ),
      'PROV-17',
      'is -1',
    );
  });

  it('[PROV-18] an error that shows a secret is told, and the message does not repeat it', async () => {
    const secrets = ['sk-test-4711'];
    const places: object[] = [
      { message: 'cannot use sk-test-4711' },
      { request: { headers: { authorization: 'Bearer sk-test-4711' } } },
      { cause: new Error('inner', { cause: { key: 'sk-test-4711' } }) },
    ];
    for (const place of places) {
      const report = await judged(
        () => ({}),
        () => ({ ...refusal({ status: 401, ...place }), secrets }),
      );
      expectBroken(report, 'PROV-18', 'the error shows a secret');
      expect(report.broken[0]?.error.message).not.toContain('4711');
    }
    expectReportKept(
      await judged(
        () => ({}),
        () => ({ ...refusal({ status: 401 }), secrets }),
      ),
    );
  });

  it('[PROV-18] what an error hides from a glance is looked at too', async () => {
    const error = Object.assign(new Error('refused'), { status: 401 });
    Object.defineProperty(error, 'config', { value: { key: 'sk-test-4711' }, enumerable: false });
    const report = await judged(
      () => ({}),
      () => ({ failing: () => ({ mint: () => Promise.reject(error) }), secrets: ['sk-test-4711'] }),
    );
    expectBroken(report, 'PROV-18', 'something that hangs on it');
  });

  it('[PROV-18] a credential in the error of a revoke is found too', async () => {
    const report = await judged(() => ({
      revoke: async ({ secret, attempt }) => {
        if (attempt === 1) throw Object.assign(new Error(`cannot revoke ${secret.reveal()}`), { status: 500 });
      },
    }));
    expect(report.broken.map(({ rule }) => rule)).toEqual(['PROV-21', 'PROV-18']);
  });
});

describe('revoke()', () => {
  it('[PROV-21] a revoke that fails or hangs is told', async () => {
    const fails = await judged(() => ({
      revoke: async ({ attempt }) => {
        if (attempt === 1) throw Object.assign(new Error('no'), { status: 503 });
      },
    }));
    expectBroken(fails, 'PROV-21', 'revoke() rejected with SERVICE_UNAVAILABLE (status 503)');
    const hangs = await judged(() => ({
      revoke: ({ attempt }) => (attempt === 1 ? new Promise(() => undefined) : Promise.resolve()),
    }));
    expectBroken(hangs, 'PROV-21', 'still pending after 2500 ms');
  });

  it('[PROV-22] a second revoke that fails is told', async () => {
    const report = await judged(() => {
      const gone = new Set<string>();
      return {
        async revoke({ sessionId, attempt }) {
          const name = `${sessionId}/${attempt}`;
          if (gone.has(name)) throw Object.assign(new Error('gone'), { status: 404 });
          gone.add(name);
        },
      };
    });
    expectBroken(report, 'PROV-22', 'rejected with REQUEST_REJECTED (status 404)', 'gone already');
  });

  it('[PROV-23] a revoke that fails for what it does not know is told', async () => {
    const report = await judged(() => ({
      revoke: async ({ attempt }) => {
        if (attempt === 7) throw Object.assign(new Error('what?'), { status: 404 });
      },
    }));
    expectBroken(report, 'PROV-23', 'nothing to take back');
  });

  it('[PROV-24] a revoke that is deaf to its signal, or waits for an abort that has been, is told', async () => {
    const deaf = await judged((good, clock) => ({
      async revoke(request) {
        await new Promise<void>(resolve => clock.setTimeout(resolve, 2_000));
        return good.revoke?.(request);
      },
    }));
    expectBroken(
      deaf,
      'PROV-24',
      'still pending 1000 ms after it was called with an aborted signal',
      'hand the signal',
    );
    const meanwhile = await judged((good, clock) => ({
      async revoke(request) {
        if (request.signal.aborted) throw request.signal.reason;
        await new Promise<void>(resolve => clock.setTimeout(resolve, 2_000));
        return good.revoke?.(request);
      },
    }));
    expectBroken(meanwhile, 'PROV-24', 'still pending 1000 ms after its signal aborted');
    const rejects = await judged(good => ({
      revoke: async request => {
        if (request.signal.aborted) throw request.signal.reason;
        return good.revoke?.(request);
      },
    }));
    expectReportKept(rejects, ['PROV-16']);
  });
});

describe('the time that a clause takes', () => {
  const hangs = () => new Promise<never>(() => undefined);
  it.each<[string, string, (good: CredentialProvider) => Partial<CredentialProvider>]>([
    ['PROV-1', 'a mint that hangs', () => ({ mint: hangs })],
    ['PROV-1', 'a second one', good => ({ mint: r => (r.attempt === 2 ? hangs() : good.mint(r)) })],
    ['PROV-21', 'a revoke that hangs', () => ({ revoke: hangs })],
    [
      'PROV-24',
      'one that hangs without a signal',
      good => ({
        revoke: r => (r.signal.aborted ? hangs() : (good.revoke as NonNullable<typeof good.revoke>)(r)),
      }),
    ],
  ])('[%s] stays below 4 s for %s', async (rule, _, change) => {
    const clock = new VirtualClock();
    const create = () => Object.assign(new GoodProvider(clock), change(new GoodProvider(clock)));
    const broken: string[] = [];
    for (const { rule: one, run } of credentialProviderContract(create, { clock })) {
      const began = clock.now();
      await clock.runUntil(run()).catch(() => broken.push(one));
      expect(clock.now() - began, one).toBeLessThan(4_000);
    }
    expect(broken).toContain(rule);
  });
});
