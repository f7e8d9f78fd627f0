import type { CredentialProvider } from '../../actors/ports.ts';
import { SHORTEST_LIFE_MS } from '../../machines/session-deadlines.ts';
import { systemClock } from '../../services/system-clock.ts';
import { type ContractCase, contractCase, contractOf, once } from './contract.ts';
import type { Answer } from './provider-answer.ts';
import { type FirstMints, type MintSeen, ProviderExperiments } from './provider-experiments.ts';
import {
  type Fault,
  faultOfExpiry,
  faultOfFailure,
  faultOfId,
  faultOfLeak,
  faultOfRetryHint,
  faultOfSecret,
  faultOfThrown,
} from './provider-judgements.ts';
import {
  type CredentialProviderContractOptions,
  checkProviderOptions,
  providerGroundwork,
} from './provider-options.ts';
import { wordsOf } from './watch.ts';

const SETTLE =
  'Settle whatever happens: resolve, or reject when the signal aborts; hand the signal to all that you wait for.';
const REAL_WORK = 'Where it needs a socket, a file or a timer of the platform, leave the option `clock` out.';
const LIFE = `Ask the service for a longer life (at least ${SHORTEST_LIFE_MS} ms), or mend the clock that it is measured with.`;

const mintsOf = ({ first, second }: FirstMints): MintSeen[] => [first, second].filter(mint => mint !== undefined);

/**
 * The contract of a {@link CredentialProvider}, rules PROV-0 to PROV-24 of SPEC.md. The suite makes about ten
 * credentials and revokes them. Each clause judges its own matter: where no credential came, what is said of credentials
 * is not judged.
 *
 * @throws SessionchartError `INVALID_CONFIG` for an option that is not allowed.
 *
 * @example
 * ```ts
 * describeContract('my provider', credentialProviderContract(() => myProvider({ apiKey }), {
 *   failing: () => myProvider({ apiKey: 'wrong' }),
 *   secrets: [apiKey, 'wrong'],
 * }), { describe, it });
 * ```
 */
export function credentialProviderContract(
  create: () => CredentialProvider | Promise<CredentialProvider>,
  options: CredentialProviderContractOptions = {},
): ContractCase[] {
  checkProviderOptions(create, options);
  const { clock = systemClock(), deadlineMs = 2_500, abortGraceMs = 1_000, failing, secrets = [], close } = options;
  const settle = options.clock === undefined ? SETTLE : `${SETTLE} ${REAL_WORK}`;
  const lab = new ProviderExperiments(create, { clock, deadlineMs, abortGraceMs, close });
  const mints = once(() => lab.firstMints());
  // What the first mint does not bring the others will not: no deadline is waited for twice.
  const afterMint = <T>(experiment: () => Promise<T>): (() => Promise<T | undefined>) =>
    once(async () => ((await mints()).first.seen.kind === 'resolved' ? experiment() : undefined));
  const before = afterMint(() => lab.abortedMint('before'));
  const during = afterMint(() => lab.abortedMint('during'));
  const beside = afterMint(() => lab.mintsSideBySide());
  // One experiment each: a revoke that hangs takes one deadline, not two.
  const revocations = afterMint(() => lab.revocations());
  const unknownRevoked = afterMint(() => lab.revocationOfUnknown());
  const revokeAborted = afterMint(async () => {
    const once = (await revocations())?.once;
    return once?.kind === 'resolved' ? lab.abortedRevocations() : undefined;
  });
  const failed = once(async () => (failing === undefined ? undefined : lab.failedMint(failing)));
  const rejections = async () => {
    await Promise.all([mints(), failed()]);
    for (const experiment of [before, during, beside, revocations, unknownRevoked, revokeAborted]) await experiment();
    return lab.rejections;
  };

  /** A clause about the credentials that the first two mints brought. */
  const ofAnswer = (rule: string, name: string, judge: (answer: Answer) => Fault | string | undefined) =>
    contractCase(rule, name, async violated => {
      const answers = mintsOf(await mints()).flatMap(({ atFirst }) => atFirst ?? []);
      let whyNot = answers.length === 0 ? 'no credential came' : undefined;
      for (const [index, answer] of answers.entries()) {
        const fault = judge(answer);
        if (typeof fault === 'string') whyNot = fault;
        else if (fault !== undefined) violated(`${index === 0 ? '' : 'a second mint(): '}${fault.seen}`, fault.remedy);
      }
      return whyNot;
    });
  /** A clause about everything that was rejected with. */
  const ofRejections = (rule: string, name: string, judge: (error: unknown) => Fault | undefined) =>
    contractCase(rule, name, async violated => {
      const all = await rejections();
      for (const { when, error } of all) {
        const fault = judge(error);
        if (fault !== undefined) violated(`${when}: ${fault.seen}`, fault.remedy);
      }
      return all.length === 0 ? 'nothing was rejected; give the option `failing`' : undefined;
    });
  const ofAbort = (rule: string, name: string, experiment: typeof before, words: string) =>
    contractCase(rule, name, async violated => {
      const mint = await experiment();
      if (mint === undefined) return 'no credential came';
      if (mint.seen.kind === 'pending') violated(`mint() was still pending ${abortGraceMs} ms after ${words}`, settle);
    });
  const ofRevoke = (rule: string, name: string, which: 'once' | 'again' | 'unknown', remedy: string) =>
    contractCase(rule, name, async violated => {
      const seen = which === 'unknown' ? await unknownRevoked() : (await revocations())?.[which];
      if (seen === undefined) return 'there is no revoke(), or no credential to revoke';
      // Judged once: what fails the first time is no matter of the second.
      if (which === 'again' && (await revocations())?.once.kind !== 'resolved') return 'revoke() does not work at all';
      if (seen.kind !== 'resolved') violated(`revoke() ${wordsOf(seen, deadlineMs)}`, remedy);
    });

  return contractOf(providerGroundwork(create, options, clock), [
    contractCase('PROV-1', 'mint() settles', async violated => {
      for (const { seen, isDeafToAbort } of mintsOf(await mints())) {
        if (seen.kind !== 'pending') continue;
        const after = isDeafToAbort ? `, and still so ${abortGraceMs} ms after its signal aborted` : '';
        const slow = isDeafToAbort ? '' : ' Where it is slow, and needs that long, raise deadlineMs.';
        violated(`mint() was still pending after ${deadlineMs} ms${after}`, `${settle}${slow}`);
      }
    }),
    contractCase('PROV-2', 'mint() returns a promise', async violated => {
      const { seen } = (await mints()).first;
      if (seen.kind === 'threw') violated('mint() threw instead of returning a promise', 'Make it an async function.');
      if (seen.kind === 'no promise') violated('mint() returned no promise', 'Make it an async function.');
    }),
    contractCase('PROV-4', 'mint() resolves where nothing stands in the way', async violated => {
      for (const mint of mintsOf(await mints())) {
        if (mint.seen.kind === 'pending') return 'mint() did not settle (PROV-1)';
        if (mint.seen.kind === 'threw' || mint.seen.kind === 'no promise') return 'there is no promise (PROV-2)';
        if (mint.seen.kind === 'resolved') continue;
        if (!(mint.seen.error instanceof Error)) return 'what it rejected with is no Error (PROV-3)';
        const remedy = 'Make a provider whose service is up and takes its credentials; `failing` is for the others.';
        violated(`mint() ${wordsOf(mint.seen, deadlineMs)}`, remedy);
      }
    }),
    contractCase('PROV-5', 'mint() settles once', async violated => {
      for (const mint of mintsOf(await mints())) {
        if (mint.settlements === 0) return 'mint() did not settle (PROV-1, PROV-2)';
        if (mint.settlements === 1) continue;
        const remedy =
          'Settle once: what comes later is lost, and a credential in it is never revoked. A promise does it by itself.';
        violated(`the answer of one mint() came ${mint.settlements} times`, remedy);
      }
    }),
    ofAnswer('PROV-6', 'the secret is text', ({ secret }) => faultOfSecret(secret)),
    ofAnswer('PROV-7', 'expiresAt is a Date, or milliseconds', ({ expiresAt, wall }) => faultOfExpiry(expiresAt, wall)),
    ofAnswer('PROV-8', 'the credential lives long enough to be used', ({ expiresAt, wall }) => {
      if (faultOfExpiry(expiresAt, wall) !== undefined) return 'expiresAt cannot be read (PROV-7)';
      const lifeMs = Number(expiresAt) - wall;
      const seen = lifeMs > 0 ? `it lives for ${Math.round(lifeMs)} ms` : `it expired ${Math.round(-lifeMs)} ms ago`;
      return lifeMs >= SHORTEST_LIFE_MS ? undefined : { seen, remedy: LIFE };
    }),
    ofAnswer('PROV-9', 'the id is no secret', ({ id, secret }) => faultOfId(id, secret)),
    contractCase('PROV-10', 'what was handed over stays as it is', async violated => {
      for (const { atFirst, later } of mintsOf(await mints())) {
        if (atFirst === undefined || later === undefined) continue;
        const isSame =
          atFirst.secret === later.secret &&
          atFirst.id === later.id &&
          Object.is(Number(atFirst.expiresAt), Number(later.expiresAt));
        if (!isSame)
          violated('the credential changed after it was handed over', 'Hand over a plain object of its own.');
      }
      return (await mints()).first.atFirst === undefined ? 'no credential came' : undefined;
    }),
    contractCase('PROV-11', 'each mint() brings a credential of its own', async violated => {
      const { first, second } = await mints();
      if (first.atFirst === undefined || second?.atFirst === undefined) return 'no two credentials came';
      if (faultOfSecret(first.atFirst.secret) !== undefined) return 'the secret cannot be used (PROV-6)';
      if (first.atFirst.secret !== second.atFirst.secret) return;
      violated(
        'two calls of mint() brought the same secret',
        'Ask the service each time: a credential is revoked once.',
      );
    }),
    contractCase('PROV-12', 'calls of mint() side by side do not touch each other', async violated => {
      const { first, second } = await mints();
      const all = await beside();
      if (all === undefined || first.atFirst?.secret === second?.atFirst?.secret) return 'no two credentials came';
      const remedy = 'Keep nothing of a call outside of it; share neither signal nor request in flight between calls.';
      const [one, , other] = all;
      for (const { seen } of [one, other]) {
        if (seen.kind !== 'resolved')
          violated(`mint() beside one that was aborted ${wordsOf(seen, deadlineMs)}`, remedy);
      }
      if (one.atFirst?.secret === other.atFirst?.secret) violated('two at once brought the same secret', remedy);
    }),
    ofAbort(
      'PROV-13',
      'mint() settles where its signal has aborted before',
      before,
      'it was called with an aborted signal',
    ),
    ofAbort('PROV-14', 'mint() settles soon after its signal aborts', during, 'its signal aborted'),
    contractCase('PROV-15', 'the request is left as it is', async violated => {
      const { first } = await mints();
      if (first.isRequestChanged) violated('mint() changed its request', 'Copy it: sessions hand over a frozen one.');
    }),
    contractCase('PROV-16', 'an error tells what failed', async violated => {
      const mint = await failed();
      if (mint === undefined) return 'give the option `failing`';
      const { seen } = mint;
      const remedy = 'Let `failing` make a provider whose service refuses it.';
      if (seen.kind !== 'rejected')
        return violated(`mint() of the failing provider ${wordsOf(seen, deadlineMs)}`, remedy);
      if (!(seen.error instanceof Error)) return 'it is no Error (PROV-3)';
      const fault = faultOfFailure(seen.error);
      if (fault !== undefined) violated(fault.seen, fault.remedy);
    }),
    contractCase('PROV-19', 'nothing is minted or revoked that nobody asked for', async violated => {
      const { ownCalls } = await mints();
      if (ownCalls === undefined) return 'the calls of this provider cannot be counted';
      const remedy = 'Mint when asked, once for each call: retries and renewals are the business of the session.';
      if (ownCalls > 0) violated(`the provider called itself ${ownCalls} times`, remedy);
    }),
    contractCase('PROV-20', 'no timer stays behind', async violated => {
      const { timersLeft, first } = await mints();
      if (timersLeft === undefined) return 'the clock does not count its timers';
      if (first.seen.kind === 'pending') return 'mint() did not settle';
      if (timersLeft > 0)
        violated(`${timersLeft} timers are armed after the answer`, 'Clear them when the answer is there.');
    }),
    ofRevoke(
      'PROV-21',
      'revoke() takes a credential back',
      'once',
      'Resolve when the service has taken it back; hand it the signal.',
    ),
    ofRevoke('PROV-22', 'revoke() may be called again', 'again', 'Resolve for what is gone already (404, 410).'),
    ofRevoke(
      'PROV-23',
      'revoke() resolves for what it does not know',
      'unknown',
      'Resolve: there is nothing to take back.',
    ),
    contractCase('PROV-24', 'revoke() settles soon after its signal aborts', async violated => {
      const aborted = await revokeAborted();
      if (aborted === undefined) return 'there is no revoke() that works (PROV-21)';
      for (const { words, seen } of aborted) {
        if (seen.kind === 'pending') violated(`revoke() was still pending ${abortGraceMs} ms after ${words}`, settle);
      }
    }),
    // Last, because they look at all that was rejected with: what takes its time has been told by then.
    ofRejections('PROV-3', 'what is rejected with is an Error', faultOfThrown),
    ofRejections('PROV-17', 'a hint when to try again is in milliseconds', error =>
      error instanceof Error ? faultOfRetryHint(error) : undefined,
    ),
    ofRejections('PROV-18', 'errors show no secret', error => faultOfLeak(error, [...secrets, ...lab.secrets])),
  ]);
}
