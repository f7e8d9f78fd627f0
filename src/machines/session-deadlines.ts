import { backoffDelayMs } from './backoff.ts';
import type { Failure } from './failure.ts';
import type { SessionContext } from './session-types.ts';

/**
 * Least time between two attempts of a session to obtain a credential, ms. Keeps a provider that hands out short
 * credentials, or a caller that renews in a loop, from causing a storm: at most 60 a minute.
 */
export const MINT_FLOOR_MS = 1_000;

/** Shortest useful life of a credential, ms: half of it must still be above the floor. */
export const SHORTEST_LIFE_MS = 2 * MINT_FLOOR_MS;

/** A provider that has not answered by then will not answer usefully (the promise for a mint is 3 s, SP-004 PERF-001). */
export const MINT_DEADLINE_MS = 10_000;

/** As for a mint: the connect time-out that realtime clients use. */
export const OPEN_DEADLINE_MS = 10_000;

/** Longest wait between two attempts, ms (SP-004 PERF-004). */
export const LONGEST_BACKOFF_MS = 30_000;

/** The three steps of an end; together below the 2 s that an end may take (SP-005 PERF-004). */
export const NOTIFY_DEADLINE_MS = 500;
export const RELEASE_DEADLINE_MS = 800;
export const PURGE_DEADLINE_MS = 500;

const NEVER = Number.POSITIVE_INFINITY;

/** When each timer of a serving session is due, ms on the session's clock; `Infinity` where there is none. */
export interface Deadlines {
  readonly renewal: number;
  readonly inactivity: number;
  readonly heartbeat: number;
  readonly warning: number;
  readonly lifetime: number;
  readonly expiry: number;
}

/** Lead before the expiry at which a credential of this life is renewed, ms: as configured, at most half the life. */
export function leadMs(renewalMarginSeconds: number, lifeMs: number): number {
  return Math.min(renewalMarginSeconds * 1_000, lifeMs / 2);
}

/**
 * All deadlines, from the context alone. A new configuration therefore gives the deadlines of a session that had it
 * from the start, and entering a state again moves none.
 */
export function deadlinesOf(context: SessionContext): Deadlines {
  const { config, lease } = context;
  const lifetime = Math.min(context.lifeFrom + config.maxDurationMinutes * 60_000, context.capAt ?? NEVER);
  return {
    renewal: lease === null ? NEVER : renewalAt(context, lease),
    inactivity: config.enableInactivityTimeout ? context.idleFrom + config.inactivityTimeoutMinutes * 60_000 : NEVER,
    heartbeat: config.enableHeartbeat ? context.beatFrom + config.heartbeatIntervalSeconds * 1_000 : NEVER,
    warning:
      context.warned || config.durationWarningSeconds === 0 ? NEVER : lifetime - config.durationWarningSeconds * 1_000,
    lifetime,
    expiry: lease === null ? NEVER : lease.expiresAt,
  };
}

function renewalAt(context: SessionContext, lease: NonNullable<SessionContext['lease']>): number {
  const lead = leadMs(context.config.renewalMarginSeconds, lease.expiresAt - lease.issuedAt);
  // At the expiry at the latest, also where the floor makes the renewal wait beyond it: nobody serves on nothing.
  return Math.min(lease.expiresAt, Math.max(lease.expiresAt - lead, nextMintAt(context)));
}

/** The earliest time at which the session may ask for a credential again. */
export function nextMintAt(context: SessionContext): number {
  return context.lastMintAt === null ? Number.NEGATIVE_INFINITY : context.lastMintAt + MINT_FLOOR_MS;
}

/** When the operation that failed at `at` may try again: back-off, the provider's wish, and the floor, whichever is latest. */
export function retryTime(context: SessionContext, failure: Failure, at: number): number {
  const backoff = backoffDelayMs({
    attempt: context.tries,
    baseMs: context.config.retryBackoffMs,
    factor: 2,
    maxMs: LONGEST_BACKOFF_MS,
    seed: context.seed,
  });
  return Math.max(at + Math.max(backoff, failure.retryAfterMs ?? 0), nextMintAt(context));
}
