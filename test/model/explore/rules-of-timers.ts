import type { AnyStateNode } from 'xstate';
import type { Lease, SessionContext } from '../../../src/machines/session-types.ts';
import { leadMs, RULE_BOOK } from './rule-book.ts';
import { began, contextOf, livesUntil, timerIn, type Watch } from './watch.ts';
import { type SessionRule, secondsOf, type Witness } from './witness.ts';

/** A credential is renewed its lead before it expires, or when the floor allows it, but not after it expired. */
export function renewalTime({ config }: SessionContext, lease: Lease, { mintedAt }: Watch): number {
  const due = lease.expiresAt - leadMs(config.renewalMarginSeconds, lease.expiresAt - lease.issuedAt);
  return Math.min(lease.expiresAt, Math.max(due, (mintedAt ?? Number.NEGATIVE_INFINITY) + RULE_BOOK.floorMs));
}

/** When a timer of the state is due, from what the observer knows; `Infinity` where there is none. */
function dueTime(name: string, { after, is }: Witness): number {
  const context = contextOf(after);
  const { config, lease } = context;
  const never = Number.POSITIVE_INFINITY;
  switch (name) {
    case 'renewal': {
      return lease === null ? never : renewalTime(context, lease, is);
    }
    case 'inactivity':
      return config.enableInactivityTimeout ? is.idleFrom + config.inactivityTimeoutMinutes * 60_000 : never;
    case 'heartbeat':
      return config.enableHeartbeat ? is.beatFrom + config.heartbeatIntervalSeconds * 1_000 : never;
    case 'warning':
      return is.warned || config.durationWarningSeconds === 0
        ? never
        : livesUntil(is, context) - config.durationWarningSeconds * 1_000;
    case 'lifetime':
      return livesUntil(is, context);
    case 'expiry':
      return lease === null ? never : lease.expiresAt;
    default:
      return Number.NaN; // an amount from when its state was entered; see newTimers
  }
}

/** The fixed waits, and when each begins to count. */
function isDueAsOrdered(name: string, dueAt: number, { before, event: { at }, after, is }: Witness): boolean {
  // An attempt ends with the budget of its operation, but a first one, or one that had to wait for longer, is not cut short.
  const left = is.operationSince + RULE_BOOK.budgetMs - at;
  const attemptEnd = at + (is.tries <= 1 || left <= 0 ? RULE_BOOK.attemptMs : Math.min(RULE_BOOK.attemptMs, left));
  switch (name) {
    case 'notifyDeadline':
      return !began('notify', before, after) || dueAt === at + RULE_BOOK.notifyMs;
    case 'releaseDeadline':
      return !began('release', before, after) || dueAt === at + RULE_BOOK.releaseMs;
    case 'purgeDeadline':
      return !began('purge', before, after) || dueAt === at + RULE_BOOK.purgeMs;
    case 'mintDeadline':
      return !began('acquire', before, after) || dueAt === attemptEnd;
    case 'openDeadline':
      return !began('open', before, after) || dueAt === attemptEnd;
    default:
      return true;
  }
}

export const timers: SessionRule = step => {
  const { after } = step;
  const armed = new Map(after.timers);
  for (const node of after.snapshot._nodes as AnyStateNode[]) {
    for (const eventType of new Set(node.after.map(timer => timer.eventType))) {
      const name = timerIn({ type: eventType, at: 0 }) ?? '';
      const timer = armed.get(eventType);
      armed.delete(eventType);
      const due = dueTime(name, step);
      if (timer === undefined) {
        if (due !== Number.POSITIVE_INFINITY) return `the timer ${name} of ${node.id} is not armed`;
        continue;
      }
      if (due === Number.POSITIVE_INFINITY) return `the timer ${name} of ${node.id} is armed without a deadline`;
      const { dueAt } = timer;
      if (Number.isNaN(due)) {
        if (!isDueAsOrdered(name, dueAt, step)) return `the timer ${name} was armed for the wrong time`;
        continue;
      }
      const passed = due <= after.now && dueAt <= after.now;
      // Activity only moves the deadline: the timer looks when it fires.
      const isRight = name === 'inactivity' ? dueAt <= due : dueAt === due;
      if (!isRight && !passed) return `the timer ${name} is off its deadline by ${secondsOf(dueAt - due)}`;
    }
  }
  const [extra] = armed.keys();
  return extra === undefined ? undefined : `the timer ${extra} is armed, but no active state declares it`;
};
