import type { AnyMachineSnapshot } from 'xstate';
import { MINT_FLOOR_MS } from '../../../src/machines/session-deadlines.ts';
import type { SessionContext } from '../../../src/machines/session-types.ts';
import type { World } from '../chart-lab.ts';
import type { Watch } from './watch.ts';

/** Where every canonical moment stands on the clock, ms. */
export const CANONICAL_NOW = 1_000_000_000;

/** A lifetime farther away than this, ms, is as good as one that is as far away as {@link FAR_MS}. */
const NEAR_MS = 1_200_000;
const FAR_MS = 3_600_000;

/** What a scene leaves out of the picture. */
export interface Blindness {
  /** No session of the scene ever has an idle window; or no heartbeat. */
  readonly idle: boolean;
  readonly heartbeat: boolean;
}

/** A session chart at one moment, with what the invariants remember of its past. */
export interface Moment {
  readonly world: World;
  readonly watch: Watch;
}

const NO_COUNTS = { renewals: 0, failedRenewals: 0, heartbeats: 0, inactivityResets: 0, averageRenewalLatencyMs: 0 };

/**
 * The same moment as every other one that has the same future: times count from now, attempts from the oldest that still
 * matters, and what only reports look at (counters, dates, the state of the transport) is left out.
 *
 * A search that goes on from canonical moments is exact as long as what is left out decides nothing. A test walks both
 * ways and compares.
 */
export function canonical({ world, watch }: Moment, blind: Blindness): Moment {
  const by = CANONICAL_NOW - world.now;
  const context = world.snapshot.context as SessionContext;
  const now = CANONICAL_NOW;
  const value = world.snapshot.value as string | Record<string, string>;
  const top = typeof value === 'string' ? value : (Object.keys(value)[0] ?? '');
  const isStarting = top === 'starting';
  const isRenewing = top === 'serving' && (value as Record<string, unknown>).serving !== 'active';
  const isPaused = context.pausedAt !== null && top === 'paused';
  const isOver = top === 'ending' || top === 'ended' || top === 'failed';
  // What a pause stopped goes on at the resume: it is the same as if the pause had begun just now.
  const held = isPaused ? by + (world.now - (context.pausedAt ?? 0)) : by;
  const shift = <T extends number | null>(at: T, delta = by): T => (at === null ? at : ((at + delta) as T));

  const numbers = renumbering(context, watch);
  const timers = new Map([...world.timers].map(([id, { event, dueAt }]) => [id, { event, dueAt: dueAt + by }]));

  // The life of a session that was never usable begins when it is, or when it is revived.
  const isUnborn = context.usableAt === null && (isStarting || top === 'failed');
  let lifeFrom = isUnborn ? now : shift(context.lifeFrom, held);
  let lived = isUnborn ? now : shift(watch.livesFrom, held);
  const lifetimeAt = lifeFrom + context.config.maxDurationMinutes * 60_000;
  if (lifetimeAt > now + NEAR_MS && context.config.durationWarningSeconds === 0) {
    const nearer = now + FAR_MS - lifetimeAt;
    lifeFrom += nearer;
    lived += nearer;
    for (const [id, timer] of timers) {
      const isOfIt = id.startsWith('xstate.after.lifetime') && timer.dueAt === lifetimeAt; // not of the server's cap
      if (isOfIt) timers.set(id, { ...timer, dueAt: timer.dueAt + nearer });
    }
  }
  const { lease } = context;
  // How long ago decides nothing, but for one that runs out at this very instant.
  const ranOutAt = lease?.expiresAt === world.now ? now : now - 1;
  const usable = context.usableAt !== null;
  const isDormant = isOver || (isStarting && !usable);
  const failure = context.lastError?.failure;
  const next: SessionContext = {
    ...context,
    startedAt: now,
    usableAt: usable ? now : null,
    lastActivityAt: now,
    idleFrom: isDormant || blind.idle ? now : shift(context.idleFrom, held),
    beatFrom: isDormant || blind.heartbeat ? now : shift(context.beatFrom, held),
    lifeFrom: top === 'ending' || top === 'ended' ? now : lifeFrom,
    lastBeatAt: context.lastBeatAt === null ? null : now,
    capAt: isOver || context.capAt === null ? null : Math.max(now, shift(context.capAt)),
    pausedAt: context.pausedAt === null ? null : now,
    lease:
      lease === null
        ? null
        : {
            attempt: numbers(lease.attempt),
            id: null,
            ...(isOver
              ? { issuedAt: now, expiresAt: now }
              : lease.expiresAt <= world.now
                ? { issuedAt: ranOutAt - (lease.expiresAt - lease.issuedAt), expiresAt: ranOutAt }
                : { issuedAt: shift(lease.issuedAt), expiresAt: shift(lease.expiresAt) }),
          },
    attempt: numbers(context.attempt),
    openAttempt: context.openAttempt === null ? null : numbers(context.openAttempt),
    refusals: Math.min(context.refusals, context.config.maxRetryAttempts),
    lastMintAt: recent(context.lastMintAt, world.now, by),
    tries: isOver ? 0 : context.tries,
    retryAt: isOver && failure?.retryAfterMs === undefined ? now : Math.max(now, shift(context.retryAt)),
    operationSince: isStarting || isRenewing ? shift(context.operationSince) : now,
    lastError:
      failure === undefined
        ? null
        : {
            failure: {
              code: 'FAILED',
              retryable: true,
              ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
            },
            at: now,
          },
    transport: { state: 'disconnected', lastConnectedAt: null, reconnectAttempts: 0 },
    probe: 'none',
    counters: NO_COUNTS,
    unfinished: [],
  };
  return {
    world: { snapshot: { ...world.snapshot, context: next } as AnyMachineSnapshot, now, timers },
    watch: {
      ...watch,
      tries: isOver ? 0 : watch.tries,
      capAt: isOver || watch.capAt === null ? null : Math.max(now, shift(watch.capAt)),
      attempt: numbers(watch.attempt),
      refusals: Math.min(watch.refusals, context.config.maxRetryAttempts),
      pausedAt: watch.pausedAt === null ? null : now,
      idleFrom: isDormant || blind.idle ? now : shift(watch.idleFrom, held),
      beatFrom: isDormant || blind.heartbeat ? now : shift(watch.beatFrom, held),
      livesFrom: top === 'ending' || top === 'ended' ? now : lived,
      mintedAt: recent(watch.mintedAt, world.now, by),
      operationSince: isStarting || isRenewing ? shift(watch.operationSince) : now,
      held: watch.held.map(numbers),
    },
  };
}

/** Beyond the floor it no longer matters when the latest mint was. */
const recent = (at: number | null, now: number, by: number): number | null =>
  at === null || at + MINT_FLOOR_MS <= now ? null : at + by;

/** Attempts keep their order; only which are the same, and which is the latest, decides anything. */
function renumbering(context: SessionContext, watch: Watch): (attempt: number) => number {
  const known = new Set([
    context.attempt,
    watch.attempt,
    context.lease?.attempt ?? 0,
    context.openAttempt ?? 0,
    ...watch.held,
  ]);
  known.delete(0);
  const order = [...known].sort((a, b) => a - b);
  return attempt => order.indexOf(attempt) + 1;
}

/** Tells moments apart. */
export function keyOf({ world, watch }: Moment): string {
  const { snapshot, now, timers } = world;
  return JSON.stringify([
    now,
    snapshot.value,
    snapshot.context,
    Object.keys(snapshot.children).sort(),
    [...timers].map(([id, { dueAt }]) => [id, dueAt]),
    watch,
  ]);
}
