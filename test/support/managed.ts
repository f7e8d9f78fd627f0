import type { Logger } from '../../src/actors/ports.ts';
import { FakeCredentialProvider } from '../../src/integration/testing/fake-credential-provider.ts';
import { assertNoResidue } from '../../src/integration/testing/residue.ts';
import { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import { createSessionManager, type SessionManager } from '../../src/services/session-manager.ts';
import type { SessionManagerOptions } from '../../src/services/session-manager-options.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** A logger that keeps what it is told. */
export class KeptLog implements Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly data: unknown }[] = [];

  error(message: string, data?: unknown): void {
    this.lines.push({ level: 'error', message, data });
  }
  warn(message: string, data?: unknown): void {
    this.lines.push({ level: 'warn', message, data });
  }
  info(message: string, data?: unknown): void {
    this.lines.push({ level: 'info', message, data });
  }
  debug(message: string, data?: unknown): void {
    this.lines.push({ level: 'debug', message, data });
  }
}

/** Every event that a manager emits, in order, with the name of its channel. */
export interface KeptEvent {
  readonly channel: 'started' | 'ended' | 'renewed' | 'error' | 'state' | 'warning';
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events of all shapes.
  readonly event: any;
}

export function keepEvents(manager: SessionManager): KeptEvent[] {
  const kept: KeptEvent[] = [];
  const keep = (channel: KeptEvent['channel']) => async (event: unknown) => {
    kept.push({ channel, event });
  };
  manager.onSessionStarted(keep('started'));
  manager.onSessionEnded(keep('ended'));
  manager.onSessionRenewed(keep('renewed'));
  manager.onSessionError(keep('error'));
  manager.onSessionStateChanged(keep('state'));
  manager.onSessionWarning(keep('warning'));
  return kept;
}

export interface Managed {
  readonly manager: SessionManager;
  readonly clock: VirtualClock;
  readonly provider: FakeCredentialProvider;
  readonly log: KeptLog;
  readonly events: KeptEvent[];
  /** Lets promises settle without moving time. */
  settle(): Promise<void>;
  /** Ends everything and checks that nothing is left: no timer, no credential, no listener. */
  close(): Promise<void>;
}

/** An initialised manager in a world of virtual time, with a provider that does as it is told. */
export async function managed(
  options: Partial<SessionManagerOptions> & {
    readonly provider?: (clock: VirtualClock) => FakeCredentialProvider;
  } = {},
): Promise<Managed> {
  const { provider: make, ...rest } = options;
  const clock = new VirtualClock();
  const provider = make?.(clock) ?? new FakeCredentialProvider(clock);
  const log = new KeptLog();
  const manager = createSessionManager({ clock, credentials: provider, logger: log, ...rest });
  await manager.initialize();
  const events = keepEvents(manager);
  return {
    manager,
    clock,
    provider,
    log,
    events,
    settle: () => clock.advance(0),
    async close() {
      manager.dispose();
      await clock.advance(5 * SECOND);
      assertNoResidue({ clock, manager, provider });
    },
  };
}

/** Resolves to the error that `promise` rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error & { readonly code: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { readonly code: string };
  }
  throw new Error('the promise did not reject');
}
