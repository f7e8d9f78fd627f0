import type { Clock } from '../actors/ports.ts';
import type { SessionView } from '../actors/session-entry.ts';
import { deadlinesOf } from '../machines/session-deadlines.ts';
import type { CredentialInfo, SessionInfo } from './session-api.ts';

/** A time on the session's clock as a date of the wall clock. */
export function dateOf(clock: Clock, at: number): Date {
  return new Date(at - clock.now() + clock.wall());
}

/** A frozen, secret-free copy of a session as it is now. */
export function sessionInfo(clock: Clock, { sessionId, state, context }: SessionView): SessionInfo {
  const { counters, transport, lease } = context;
  const date = (at: number): Date => dateOf(clock, at);
  return Object.freeze({
    sessionId,
    state,
    startedAt: date(context.startedAt),
    lastActivity: date(context.lastActivityAt),
    ...(lease === null ? {} : { expiresAt: date(lease.expiresAt) }),
    config: context.config,
    statistics: Object.freeze({
      renewalCount: counters.renewals,
      failedRenewalCount: counters.failedRenewals,
      heartbeatCount: counters.heartbeats,
      inactivityResets: counters.inactivityResets,
      totalDurationMs: state === 'ended' ? clock.now() - context.startedAt : 0,
      averageRenewalLatencyMs: counters.averageRenewalLatencyMs,
    }),
    connectionInfo: Object.freeze({
      webrtcState: transport.state,
      ...(transport.lastConnectedAt === null ? {} : { lastConnectedAt: date(transport.lastConnectedAt) }),
      reconnectAttempts: transport.reconnectAttempts,
      ...(lease === null ? {} : { ephemeralKeyInfo: credentialInfo(clock, context, lease) }),
    }),
  });
}

function credentialInfo(
  clock: Clock,
  context: SessionView['context'],
  lease: NonNullable<SessionView['context']['lease']>,
): CredentialInfo {
  const now = clock.now();
  const refreshAt = deadlinesOf(context).renewal;
  return Object.freeze({
    sessionId: context.sessionId,
    ...(lease.id === null ? {} : { id: lease.id }),
    issuedAt: dateOf(clock, lease.issuedAt),
    expiresAt: dateOf(clock, lease.expiresAt),
    isValid: lease.expiresAt > now,
    secondsRemaining: Math.max(0, (lease.expiresAt - now) / 1_000),
    refreshAt: dateOf(clock, refreshAt),
    secondsUntilRefresh: Math.max(0, (refreshAt - now) / 1_000),
    ttlSeconds: (lease.expiresAt - lease.issuedAt) / 1_000,
  });
}
