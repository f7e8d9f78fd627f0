import { SessionchartError } from '../../actors/errors.ts';
import type { Clock, CredentialProvider } from '../../actors/ports.ts';
import { shownValue } from '../../services/config-field.ts';
import { CLOCK_METHODS, checkDeadline, checkFactory, checkFunction, checkMethods, checkParts } from './checks.ts';
import { type ContractCase, contractCase, given } from './contract.ts';
import { kind, SHORTEST_SECRET } from './provider-judgements.ts';

export interface CredentialProviderContractOptions {
  /** What deadlines are measured with, and what the life of a credential is measured against. [clock=systemClock()] */
  readonly clock?: Clock;
  /** Longest time for one answer, ms. Stay below the time that the test framework grants a test. [deadlineMs=2500] */
  readonly deadlineMs?: number;
  /** Longest time for an answer after its signal aborted, ms. [abortGraceMs=1000] */
  readonly abortGraceMs?: number;
  /** Makes a provider whose service refuses it, with a wrong API key for instance. Without it errors are judged less. */
  readonly failing?: () => CredentialProvider | Promise<CredentialProvider>;
  /** Secrets that the provider knows, its API key for instance: no error may show them. Each of 4 characters or more. */
  readonly secrets?: readonly string[];
  /** Called with every provider when it is done with. */
  readonly close?: (provider: CredentialProvider) => unknown;
}

const NAMES: readonly (keyof CredentialProviderContractOptions)[] = [
  'abortGraceMs',
  'clock',
  'close',
  'deadlineMs',
  'failing',
  'secrets',
];

/** @throws SessionchartError `INVALID_CONFIG`, naming the option and what is allowed. */
export function checkProviderOptions(create: unknown, options: CredentialProviderContractOptions): void {
  checkFactory('create', create, 'a provider');
  checkParts('options', options, NAMES);
  const { abortGraceMs, clock, close, deadlineMs, failing, secrets } = options;
  for (const [name, ms] of Object.entries({ deadlineMs, abortGraceMs })) if (ms !== undefined) checkDeadline(name, ms);
  checkMethods('clock', clock, CLOCK_METHODS);
  checkFunction('close', close, 'a function, called with each provider');
  if (failing !== undefined) checkFactory('failing', failing, 'a provider that is refused');
  if (secrets === undefined) return;
  if (!Array.isArray(secrets)) throw notSecrets('secrets', secrets, 'a list of texts');
  const allowed = `text of ${SHORTEST_SECRET} characters or more`;
  for (const [index, secret] of secrets.entries()) {
    const isFound = typeof secret === 'string' && secret.length >= SHORTEST_SECRET;
    if (!isFound) throw notSecrets(`secrets[${index}]`, secret, allowed);
  }
}

/** As `notAllowed`, without the value: it may be a secret. */
function notSecrets(field: string, value: unknown, allowed: string): SessionchartError {
  const shown = typeof value === 'string' ? `a text of ${value.length} characters` : shownValue(value);
  return new SessionchartError('INVALID_CONFIG', {
    message: `${field} is ${shown}; allowed: ${allowed}`,
    field,
    allowed,
  });
}

/** Whether what the suite was given works at all. */
export function providerGroundwork(
  create: () => CredentialProvider | Promise<CredentialProvider>,
  { failing, close }: CredentialProviderContractOptions,
  clock: Clock,
): ContractCase {
  return contractCase('PROV-0', 'the suite is given functions that make a provider', async violated => {
    await given(violated, 'the clock', () => {
      clock.now();
      clock.wall();
      clock.clearTimeout(clock.setTimeout(() => undefined, 1));
    });
    for (const [name, make] of Object.entries({ create, failing })) {
      if (make === undefined) continue;
      const provider: unknown = await given(violated, `${name}()`, make);
      const remedy = `Let ${name}() return an object with mint(), and with revoke() where credentials can be taken back.`;
      if (typeof provider !== 'object' || provider === null) {
        return violated(`${name}() gave ${kind(provider)}`, remedy);
      }
      const { mint, revoke } = provider as Partial<CredentialProvider>;
      if (typeof mint !== 'function') violated(`what ${name}() gave has no mint()`, remedy);
      if (revoke !== undefined && typeof revoke !== 'function')
        violated(`revoke of what ${name}() gave is no function`, remedy);
      await given(violated, 'close()', () => close?.(provider as CredentialProvider));
    }
  });
}
