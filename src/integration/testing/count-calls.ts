import type { CredentialProvider, RevokeRequest } from '../../actors/ports.ts';

/** The calls that the contract makes for its own cleaning are not counted as the provider's. */
const UNCOUNTED = new WeakMap<CredentialProvider, (request: RevokeRequest) => unknown>();
/** Revokes without being counted. */
export const revokeUncounted = (provider: CredentialProvider, request: RevokeRequest): unknown =>
  (UNCOUNTED.get(provider) ?? (asked => provider.revoke?.(asked)))(request);

/** Counts the calls of `mint` and `revoke`, also those that the provider makes of its own, as far as it lets us. */
export function countCalls(provider: CredentialProvider): { stop(): number } | undefined {
  if (!Object.isExtensible(provider)) return undefined;
  let calls = 0;
  const undo: (() => void)[] = [];
  for (const name of ['mint', 'revoke'] as const) {
    const method = provider[name] as ((request: unknown) => unknown) | undefined;
    if (method === undefined) continue;
    const own = Object.getOwnPropertyDescriptor(provider, name);
    if (own?.configurable === false) return undefined;
    const value = (request: unknown): unknown => {
      calls += 1;
      return method.call(provider, request);
    };
    Object.defineProperty(provider, name, { value, configurable: true, writable: true, enumerable: true });
    if (name === 'revoke') UNCOUNTED.set(provider, request => method.call(provider, request));
    undo.push(() => {
      if (own === undefined) Reflect.deleteProperty(provider, name);
      else Object.defineProperty(provider, name, own);
      UNCOUNTED.delete(provider);
    });
  }
  return {
    stop() {
      for (const step of undo) step();
      return calls;
    },
  };
}
