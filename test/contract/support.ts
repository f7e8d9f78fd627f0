import { expect } from 'vitest';
import type { CredentialProvider, MintedCredential, MintRequest, RevokeRequest } from '../../src/actors/ports.ts';
import {
  type ContractCase,
  type ContractReport,
  ContractViolation,
  runContract,
} from '../../src/integration/testing/contract.ts';
import { credentialProviderContract } from '../../src/integration/testing/provider-contract.ts';
import type { CredentialProviderContractOptions } from '../../src/integration/testing/provider-options.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';

/** A provider that keeps its contract, as a class with state of its own. The adapters of the zoo change one thing of it. */
export class GoodProvider implements CredentialProvider {
  readonly clock: VirtualClock;
  readonly live = new Set<string>();
  #count = 0;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  async mint({ signal }: MintRequest): Promise<MintedCredential> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const timer = this.clock.setTimeout(resolve, 100);
      signal.addEventListener('abort', () => {
        this.clock.clearTimeout(timer);
        reject(signal.reason);
      });
    });
    this.#count += 1;
    const secret = `secret-${this.#count}`;
    this.live.add(secret);
    return { secret, expiresAt: this.clock.wall() + 60_000, id: `id-${this.#count}` };
  }

  async revoke({ secret }: RevokeRequest): Promise<void> {
    this.live.delete(secret.reveal());
  }
}

type Change = (good: GoodProvider, clock: VirtualClock) => Partial<CredentialProvider>;

/** Judges the good provider with this change, in virtual time. */
export async function judged(
  change: Change,
  options: (clock: VirtualClock) => CredentialProviderContractOptions = () => ({}),
): Promise<ContractReport> {
  const clock = new VirtualClock();
  const create = () => Object.assign(new GoodProvider(clock), change(new GoodProvider(clock), clock));
  return clock.runUntil(runContract(credentialProviderContract(create, { clock, ...options(clock) })));
}

/** The one clause that is broken, and nothing else, with these words. */
export function expectBroken(report: ContractReport, rule: string, ...words: readonly (RegExp | string)[]): void {
  expect(report.broken.map(broken => broken.rule)).toEqual([rule]);
  const [{ error }] = report.broken as [ContractReport['broken'][number]];
  expect(error).toBeInstanceOf(ContractViolation);
  expect(error.name).toBe('ContractViolation');
  expect(error.message.startsWith(`[${rule}] `)).toBe(true);
  for (const word of words) {
    if (typeof word === 'string') expect(error.message).toContain(word);
    else expect(error.message).toMatch(word);
  }
}

/** Judges `cases` and expects them all to be judged and kept, but for these. */
export async function expectKept(cases: readonly ContractCase[], notJudged: readonly string[] = []): Promise<void> {
  expectReportKept(await runContract(cases), notJudged);
}

export function expectReportKept(report: ContractReport, notJudged: readonly string[] = []): void {
  expect(report.broken.map(({ error }) => error.message)).toEqual([]);
  expect(report.notJudged.map(({ rule }) => rule)).toEqual(notJudged);
}
