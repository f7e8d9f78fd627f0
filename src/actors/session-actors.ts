import { fromPromise } from 'xstate';
import type { Failure } from '../machines/failure.ts';
import type { AttemptInput, OpenedChannel } from '../machines/session-types.ts';
import { classifyFailure, sanitisedCause } from './classify-failure.ts';
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
          if (signal.aborted) await driver.close?.({ sessionId, signal: AbortSignal.abort() });
          const expiry = opened?.expiresAt instanceof Date ? opened.expiresAt.getTime() : opened?.expiresAt;
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

    release: fromPromise(
      async ({ input, signal }: { input: AttemptInput; signal: AbortSignal }): Promise<readonly string[]> => {
        const { sessionId } = input;
        const driver = access.driverOf(sessionId);
        const [closed, released] = await Promise.all([
          closeChannel(driver, sessionId, signal, logger),
          vault.releaseAll(driver, sessionId),
        ]);
        return closed === undefined ? released : [closed, ...released];
      },
    ),

    purge: fromPromise(({ input, signal }: { input: AttemptInput; signal: AbortSignal }) =>
      steps.purge(input.sessionId, signal),
    ),
  };
}

async function closeChannel(
  driver: SessionDriver,
  sessionId: string,
  signal: AbortSignal,
  logger: Logger,
): Promise<string | undefined> {
  try {
    await driver.close?.({ sessionId, signal });
    return undefined;
  } catch (error) {
    logger.warn('channel not closed', { sessionId, code: 'RELEASE_FAILED', cause: sanitisedCause(error) });
    return 'RELEASE_FAILED';
  }
}
