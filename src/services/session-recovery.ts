import { randomUUID } from 'node:crypto';
import { classifyFailure } from '../actors/classify-failure.ts';
import { errorOf, isSessionchartError, SessionchartError } from '../actors/errors.ts';
import type { Clock, CredentialProvider, Logger, MintedCredential, MintRequest } from '../actors/ports.ts';
import { MINT_DEADLINE_MS } from '../machines/session-deadlines.ts';
import type { RecoveryExecutor, RecoveryOutcome, RecoveryRegistrar, RecoveryTarget } from './recovery-types.ts';

/** No second notice for the same session within this time, ms (SP-028). */
const NOTICE_SUPPRESSION_MS = 60_000;

/** Which attempt of which operation a mint is. */
export interface MintAttempt {
  readonly clock: Clock;
  readonly operation: 'startSession' | 'renewSession';
  /** An earlier attempt of the same operation reached the provider. */
  readonly continues: boolean;
}

/**
 * Runs one attempt to obtain a credential through a recovery executor. Retrying stays with the session chart, so there
 * is one layer of it: an executor that retries by itself meets the first answer again. The executor adds its circuit
 * breaker, which counts operations and not attempts, and tells its observers.
 */
export async function runMint(
  executor: RecoveryExecutor,
  credentials: CredentialProvider,
  request: MintRequest,
  { clock, operation, continues }: MintAttempt,
): Promise<MintedCredential> {
  const { signal } = request;
  const since = clock.now();
  let call: Promise<MintedCredential> | undefined;
  const mint = async (): Promise<MintedCredential> => credentials.mint(request);
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => undefined);
  // The session gave up. Its deadline is a fault of the endpoint, and the breaker shall know; anything else is none.
  const giveUp = (): void =>
    over.reject(
      new SessionchartError(clock.now() - since < MINT_DEADLINE_MS ? 'OPERATION_ABORTED' : 'PROVIDER_TIMEOUT'),
    );
  signal.addEventListener('abort', giveUp, { once: true });
  const starting = operation === 'startSession';
  try {
    const minted = await executor.execute(
      () => {
        if (!signal.aborted) call ??= mint();
        return call === undefined ? over.promise : Promise.race([call, over.promise]);
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
        continues,
      },
    );
    return await (call ?? minted);
  } catch (error) {
    if (call === undefined) throw error; // held back: the provider was not asked
    // What the provider said counts, not the envelope around it: its class decides on retries. And where the executor
    // no longer waits, an answer that still comes must be given back.
    return await call;
  } finally {
    signal.removeEventListener('abort', giveUp);
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
    execute: target => measured(clock, 'SESSION_FORCE_TERMINATION_FAILED', target, end),
  });
  registrar.addStep({
    id: 'SESSION_PURGE_PRIVACY',
    description: 'Purge what the failing session leaves behind.',
    execute: target =>
      measured(clock, 'SESSION_PRIVACY_PURGE_FAILED', target, async sessionId => {
        if (!(await purge(sessionId))) throw new SessionchartError('PURGE_FAILED', { sessionId });
      }),
  });
  registrar.addFallback('degraded-features', ({ sessionId }) => {
    logger.warn('a session goes on with degraded features', { sessionId });
  });
  registrar.setNotification({ notifyUser: true, suppressionWindowMs: NOTICE_SUPPRESSION_MS });
}

/** Without a target nothing is done: a step must never guess which session is meant. */
async function measured(
  clock: Clock,
  code: 'SESSION_FORCE_TERMINATION_FAILED' | 'SESSION_PRIVACY_PURGE_FAILED',
  target: Partial<RecoveryTarget> | undefined,
  work: (sessionId: string) => Promise<void>,
): Promise<RecoveryOutcome> {
  const sessionId = target?.sessionId;
  if (typeof sessionId !== 'string' || sessionId === '') return { success: false, durationMs: 0 };
  const since = clock.now();
  try {
    await work(sessionId);
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
