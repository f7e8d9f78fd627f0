import { sanitisedCause } from '../actors/classify-failure.ts';
import { settleWithin } from '../actors/deadline.ts';
import type { Clock, Logger } from '../actors/ports.ts';
import type { EndReason } from '../machines/session-types.ts';
import type { PrivacyController, PurgeReason } from './privacy.ts';

/** The purge reason that is true for an end. */
const PURGE_REASON: Record<EndReason, PurgeReason> = {
  user: 'user-requested',
  idle: 'session-timeout',
  lifetime: 'session-timeout',
  'provider-ended': 'session-timeout',
  'connection-lost': 'error-recovery',
  'credential-fatal': 'error-recovery',
  'start-failed': 'error-recovery',
  recovery: 'error-recovery',
  evicted: 'policy-update',
  crashed: 'error-recovery',
  disposed: 'policy-update',
};

/**
 * Purges what one session leaves behind, and nothing of any other.
 *
 * @returns whether all of it is gone; true without a controller.
 */
export async function purgeSession(
  controller: PrivacyController | undefined,
  clock: Clock,
  sessionId: string,
  reason: EndReason,
): Promise<boolean> {
  if (controller === undefined) return true;
  const { status } = await controller.issuePurge({
    type: 'privacy.purge',
    target: 'all',
    reason: PURGE_REASON[reason],
    issuedAt: new Date(clock.wall()).toISOString(),
    correlationId: sessionId,
  });
  return status === 'success';
}

/** The one purge of a manager that is disposed of: whatever is left of any session. */
export async function purgeAfterAll(
  controller: PrivacyController | undefined,
  clock: Clock,
  logger: Logger,
  deadlineMs: number,
): Promise<void> {
  if (controller === undefined) return;
  const issuedAt = new Date(clock.wall()).toISOString();
  const outcome = await settleWithin(clock, deadlineMs, () =>
    controller.issuePurge({ type: 'privacy.purge', target: 'all', reason: 'policy-update', issuedAt }),
  );
  if (outcome.status === 'done' && outcome.value.status === 'success') return;
  const cause = outcome.status === 'failed' ? sanitisedCause(outcome.error) : undefined;
  logger.warn('the last purge did not succeed', { code: 'PURGE_FAILED', cause });
}
