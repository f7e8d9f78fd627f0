import type { SnapshotFrom } from 'xstate';
import type { Failure } from './failure.ts';
import { type PublicState, publicStateOf } from './public-state.ts';
import type { SessionMachine } from './session.ts';
import type { EndReason, RenewalCause, Transport } from './session-types.ts';

type SessionSnapshot = SnapshotFrom<SessionMachine>;

/** Something that a transition brought about and that people may want to know. Plain data, free of secrets. */
export type SessionReport =
  | {
      readonly type: 'state';
      readonly from: PublicState | 'idle';
      readonly to: PublicState;
      readonly cause: string;
      /** Whether the session had been usable before. */
      readonly wasUsable: boolean;
    }
  | { readonly type: 'started' }
  | { readonly type: 'start-failed'; readonly failure: Failure }
  | { readonly type: 'retained' }
  | { readonly type: 'retrying'; readonly failure: Failure; readonly retryAt: number }
  | { readonly type: 'renewal-started'; readonly cause: RenewalCause }
  | { readonly type: 'renewal-completed'; readonly latencyMs: number }
  | { readonly type: 'renewal-failed'; readonly failure: Failure; readonly latencyMs: number }
  | { readonly type: 'renewal-cancelled'; readonly latencyMs: number }
  | { readonly type: 'expired' }
  | { readonly type: 'refused' }
  | { readonly type: 'idle' }
  | { readonly type: 'lifetime-warning' }
  | { readonly type: 'heartbeat' }
  | { readonly type: 'transport'; readonly from: Transport['state']; readonly to: Transport['state'] }
  | { readonly type: 'ended'; readonly reason: EndReason; readonly unfinished: readonly string[] };

/** Why an event moves a session, in words. Timers and actors go by the name of what they stand for. */
const CAUSES: Record<string, string> = {
  'xstate.init': 'admitted',
  'xstate.done.actor.acquire': 'credential obtained',
  'xstate.error.actor.acquire': 'credential not obtained',
  'xstate.done.actor.open': 'channel opened',
  'xstate.error.actor.open': 'channel not opened',
  'xstate.after.renewal': 'renewal due',
  'xstate.after.inactivity': 'idle for too long',
  'xstate.after.lifetime': 'lifetime reached',
  'xstate.after.expiry': 'credential expired',
  'xstate.after.mintDeadline': 'credential not obtained in time',
  'xstate.after.openDeadline': 'channel not opened in time',
  'xstate.after.backoff': 'back-off over',
  END: 'end requested',
  PAUSE: 'pause requested',
  RESUME: 'resume requested',
  RENEW: 'renewal requested',
  REVIVE: 'admitted again',
  REFUSED: 'credential refused by the service',
};

/** The cause of a transition, e.g. `renewal due`. */
export function causeOf(event: { readonly type: string; readonly reason?: unknown }): string {
  if (event.type === 'END' && typeof event.reason === 'string') return `end requested (${event.reason})`;
  const named = CAUSES[event.type];
  if (named !== undefined) return named;
  const timer = /^xstate\.after\.[^.]+/.exec(event.type)?.[0];
  if (timer !== undefined && CAUSES[timer] !== undefined) return CAUSES[timer];
  return event.type.startsWith('xstate.') ? 'torn down' : event.type;
}

/**
 * What a transition brought about, derived from the snapshots before and after it. Because it is derived, every
 * transition is told exactly once and with its true ends, whichever edge of the chart was taken.
 */
export function reportsOf(
  before: SessionSnapshot | undefined,
  after: SessionSnapshot,
  event: { readonly type: string; readonly at: number },
): SessionReport[] {
  const reports: SessionReport[] = [];
  const from = before === undefined ? 'idle' : publicStateOf(before.value);
  const to = publicStateOf(after.value);
  const was = before?.context;
  const is = after.context;
  const restarted = before !== undefined && event.type === 'xstate.init';
  const cause = restarted ? 'started again after a crash' : causeOf(event);

  const wasUsable = was !== undefined && was.usableAt !== null;

  if (was !== undefined && event.type !== 'xstate.init') {
    const latencyMs = event.at - was.operationSince;
    const error = is.lastError !== was.lastError ? is.lastError : null;

    const ranOut = was.lease !== null && is.lease === null && was.lease.expiresAt <= event.at;
    if (error?.failure.code === 'KEY_EXPIRED' || (ranOut && (to === 'paused' || to === 'renewing'))) {
      reports.push({ type: 'expired' });
    }
    if (is.refused && !was.refused) reports.push({ type: 'refused' });
    if (is.warned && !was.warned) reports.push({ type: 'lifetime-warning' });
    if (is.counters.heartbeats > was.counters.heartbeats) reports.push({ type: 'heartbeat' });
    if (is.transport.state !== was.transport.state) {
      reports.push({ type: 'transport', from: was.transport.state, to: is.transport.state });
    }
    if (is.endReason === 'idle' && was.endReason === null) reports.push({ type: 'idle' });
    if (from === 'renewing') {
      if (is.counters.renewals > was.counters.renewals) reports.push({ type: 'renewal-completed', latencyMs });
      else if (error !== null && to === 'failed') {
        reports.push({ type: 'renewal-failed', failure: error.failure, latencyMs });
      } else if (to !== 'renewing') reports.push({ type: 'renewal-cancelled', latencyMs });
    }
    if (from === 'starting' && to === 'failed' && error !== null) {
      reports.push({ type: 'start-failed', failure: error.failure });
    }
    if (error !== null && to !== 'failed')
      reports.push({ type: 'retrying', failure: error.failure, retryAt: is.retryAt });
  }
  if (from === 'idle' && to !== 'starting') reports.push({ type: 'state', from, to: 'starting', cause, wasUsable });
  if (from !== to)
    reports.push({
      type: 'state',
      from: from === 'idle' && to !== 'starting' ? 'starting' : from,
      to,
      cause,
      wasUsable,
    });
  if (after.matches({ failed: 'retained' }) && !before?.matches({ failed: 'retained' }))
    reports.push({ type: 'retained' });
  if (to === 'renewing' && from !== 'renewing' && is.renewalCause !== null) {
    reports.push({ type: 'renewal-started', cause: is.renewalCause });
  }
  if (is.usableAt !== null && (was === undefined || was.usableAt === null)) reports.push({ type: 'started' });
  if (to === 'ended' && from !== 'ended' && is.endReason !== null) {
    reports.push({ type: 'ended', reason: is.endReason, unfinished: is.unfinished });
  }
  return reports;
}
