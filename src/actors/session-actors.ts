import { fromPromise } from 'xstate';
import type { Failure } from '../machines/failure.ts';
import { RELEASE_DEADLINE_MS } from '../machines/session-deadlines.ts';
import type { AttemptInput, OpenedChannel } from '../machines/session-types.ts';
import { classifyFailure, sanitisedCause } from './classify-failure.ts';
import { settleWithin } from './deadline.ts';
import { SessionchartError } from './errors.ts';
import type { LeaseVault } from './lease-vault.ts';
import type { Clock, Logger, SessionDriver } from './ports.ts';
import type { Secret } from './secret.ts';

/** What the actors need to know of the session that they work for. */
export interface SessionAccess {
  driverOf(sessionId: string): SessionDriver;
  credentialOf(sessionId: string): Secret | undefined;
}

/** The steps of an end that belong to the owner of the sessions. Each resolves to the codes of what it could not do. */
export interface EndSteps {
  notify(sessionId: string, signal: AbortSignal): Promise<readonly string[]>;
  purge(sessionId: string, signal: AbortSignal): Promise<readonly string[]>;
}

/**
 * The actors that the session chart invokes, once for all sessions. They reach the outside through the driver of the
 * session, and bring back only what a chart may hold.
 */
export function sessionActors(access: SessionAccess, steps: EndSteps, vault: LeaseVault, clock: Clock, logger: Logger) {
  return {
    acquire: fromPromise(({ input, signal }: { input: AttemptInput; signal: AbortSignal }) =>
      vault.mint(access.driverOf(input.sessionId), input.sessionId, input.attempt, signal),
    ),

    open: fromPromise(
      async ({ input, signal }: { input: AttemptInput; signal: AbortSignal }): Promise<OpenedChannel> => {
        const { sessionId, attempt } = input;
        const driver = access.driverOf(sessionId);
        try {
          const opened = await driver.open?.({
            sessionId,
            attempt,
            credential: access.credentialOf(sessionId),
            signal,
          });
          const expiry = opened?.expiresAt instanceof Date ? opened.expiresAt.getTime() : opened?.expiresAt;
          const usable = expiry === undefined || (typeof expiry === 'number' && Number.isFinite(expiry));
          if (signal.aborted || !usable) await closeChannel(driver, { sessionId, attempt }, clock, logger);
          if (!usable) throw new SessionchartError('INVALID_PROVIDER_ANSWER', { field: 'expiresAt' });
          return { capAt: expiry === undefined ? null : clock.now() + (expiry - clock.wall()) };
        } catch (error) {
          const failure: Failure = classifyFailure(error, clock.wall());
          if (!signal.aborted) logger.warn('channel not opened', { sessionId, attempt, ...failure });
          throw failure;
        }
      },
    ),

    probe: fromPromise(async ({ input, signal }: { input: AttemptInput; signal: AbortSignal }): Promise<void> => {
      const { sessionId } = input;
      try {
        await access.driverOf(sessionId).probe?.({ sessionId, signal });
      } catch (error) {
        const failure: Failure = classifyFailure(error, clock.wall());
        if (!signal.aborted) logger.warn('heartbeat not answered', { sessionId, ...failure });
        throw failure;
      }
    }),

    notify: fromPromise(({ input, signal }: { input: AttemptInput; signal: AbortSignal }) =>
      steps.notify(input.sessionId, signal),
    ),

    release: fromPromise(async ({ input }: { input: AttemptInput }): Promise<readonly string[]> => {
      const { sessionId } = input;
      const driver = access.driverOf(sessionId);
      const [closed, released] = await Promise.all([
        closeChannel(driver, { sessionId, attempt: undefined }, clock, logger),
        vault.releaseAll(driver, sessionId),
      ]);
      return closed === undefined ? released : [closed, ...released];
    }),

    purge: fromPromise(({ input, signal }: { input: AttemptInput; signal: AbortSignal }) =>
      steps.purge(input.sessionId, signal),
    ),
  };
}

/**
 * Closes a channel under a deadline.
 *
 * @returns the code of what went wrong, if something did.
 */
export async function closeChannel(
  driver: SessionDriver,
  { sessionId, attempt }: { readonly sessionId: string; readonly attempt: number | undefined },
  clock: Clock,
  logger: Logger,
): Promise<string | undefined> {
  if (driver.close === undefined) return undefined;
  const outcome = await settleWithin(clock, RELEASE_DEADLINE_MS, signal =>
    driver.close?.({ sessionId, attempt, signal }),
  );
  if (outcome.status === 'done') return undefined;
  const code = outcome.status === 'failed' ? 'RELEASE_FAILED' : 'RELEASE_TIMEOUT';
  const cause = outcome.status === 'failed' ? sanitisedCause(outcome.error) : undefined;
  logger.warn('channel not closed', { sessionId, code, cause });
  return code;
}
