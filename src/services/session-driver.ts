import type { CredentialProvider, MintedCredential, MintRequest, SessionDriver } from '../actors/ports.ts';
import type { SessionManagerOptions } from './session-manager-options.ts';

/**
 * The driver of a manager's sessions, made part by part: a collaborator may be an instance of a class, and a part that it
 * lacks must be lacking here too.
 */
export function sessionDriver(
  { credentials, driver }: Pick<SessionManagerOptions, 'credentials' | 'driver'>,
  mint: (credentials: CredentialProvider, request: MintRequest) => Promise<MintedCredential>,
): SessionDriver {
  return {
    ...(driver?.open === undefined ? {} : { open: async request => driver.open?.(request) }),
    ...(driver?.close === undefined ? {} : { close: async request => driver.close?.(request) }),
    ...(driver?.probe === undefined ? {} : { probe: async request => driver.probe?.(request) }),
    ...(credentials === undefined ? {} : { mint: request => mint(credentials, request) }),
    ...(credentials?.revoke === undefined ? {} : { revoke: async request => credentials.revoke?.(request) }),
  };
}
