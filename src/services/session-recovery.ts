import { randomUUID } from 'node:crypto';
import { classifyFailure } from '../actors/classify-failure.ts';
import { errorOf, isSessionchartError, SessionchartError } from '../actors/errors.ts';
import type { Clock, CredentialProvider, Logger, MintedCredential, MintRequest } from '../actors/ports.ts';
import type { RecoveryExecutor, RecoveryOutcome, RecoveryRegistrar } from './recovery-types.ts';

/** No second notice for the same session within this time, ms (SP-028). */
const NOTICE_SUPPRESSION_MS = 60_000;

/**
 * Runs one attempt to obtain a credential through a recovery executor. Retrying stays with the session chart, so there
 * is one layer of it; the executor adds its circuit breaker and tells its observers.
 */
export async function runMint(
  executor: RecoveryExecutor,
  credentials: CredentialProvider,
  request: MintRequest,
  operation: 'startSession' | 'renewSession',
): Promise<MintedCredential> {
  let failure: { readonly error: unknown } | undefined;
  const starting = operation === 'startSession';
  try {
    return await executor.execute(
      async () => {
        try {
          return await credentials.mint(request);
        } catch (error) {
          failure = { error };
          throw error;
        }
      },
      {
        correlationId: randomUUID(),
        sessionId: request.sessionId,
        operation: `${operation}:requestEphemeralKey`,
        endpoint: 'credentials',
        faultDomain: 'session',
        code: starting ? 'SESSION_CREDENTIAL_ACQUISITION_FAILED' : 'SESSION_RENEWAL_FAILED',
        message: starting ? 'No credential could be acquired.' : 'The credential could not be renewed.',
        remediation: 'See the cause.',
        severity: 'error',
        userImpact: 'degraded',
        retry: { policy: 'none' },
      },
    );
  } catch (error) {
    // What the provider said counts, not the envelope around it: its class decides on retries.
    throw failure === undefined ? error : failure.error;
  }
}

export interface RecoveryTools {
  readonly clock: Clock;
  readonly logger: Logger;
  end(sessionId: string): Promise<void>;
  purge(sessionId: string): Promise<boolean>;
}

/** Adds the steps by which recovery may act on a session: the one that it is run for. */
export function registerSessionRecovery(
  registrar: RecoveryRegistrar,
  { clock, logger, end, purge }: RecoveryTools,
): void {
  registrar.addStep({
    id: 'SESSION_FORCE_TERMINATION',
    description: 'End the failing session and release what it holds.',
    execute: ({ sessionId }) => measured(clock, 'SESSION_FORCE_TERMINATION_FAILED', sessionId, () => end(sessionId)),
  });
  registrar.addStep({
    id: 'SESSION_PURGE_PRIVACY',
    description: 'Purge what the failing session leaves behind.',
    execute: ({ sessionId }) =>
      measured(clock, 'SESSION_PRIVACY_PURGE_FAILED', sessionId, async () => {
        if (!(await purge(sessionId))) throw new SessionchartError('PURGE_FAILED', { sessionId });
      }),
  });
  registrar.addFallback('degraded-features', ({ sessionId }) => {
    logger.warn('a session goes on with degraded features', { sessionId });
  });
  registrar.setNotification({ notifyUser: true, suppressionWindowMs: NOTICE_SUPPRESSION_MS });
}

async function measured(
  clock: Clock,
  code: 'SESSION_FORCE_TERMINATION_FAILED' | 'SESSION_PRIVACY_PURGE_FAILED',
  sessionId: string,
  work: () => Promise<void>,
): Promise<RecoveryOutcome> {
  const since = clock.now();
  try {
    await work();
    return { success: true, durationMs: clock.now() - since };
  } catch (error) {
    const cause = isSessionchartError(error) ? error : errorOf(classifyFailure(error));
    return {
      success: false,
      durationMs: clock.now() - since,
      error: new SessionchartError(code, { sessionId, cause }),
    };
  }
}
