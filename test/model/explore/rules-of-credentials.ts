import type { World } from '../chart-lab.ts';
import { renewalTime } from './rules-of-timers.ts';
import { began, contextOf, isRefusal, runs, stateOf, timerIn } from './watch.ts';
import { isDueNow, type SessionRule } from './witness.ts';

const sameLease = (a: World, b: World): boolean =>
  contextOf(a).lease?.attempt === contextOf(b).lease?.attempt &&
  contextOf(a).lease?.expiresAt === contextOf(b).lease?.expiresAt;

export const credential: SessionRule = ({ before, event, after, is }) => {
  const { lease, kind, refused } = contextOf(after);
  const state = stateOf(after);
  // While it gives back what it held, it still knows the name.
  if (lease !== null && !is.held.includes(lease.attempt) && !runs(after, 'release'))
    return 'it names a credential that was given back';
  const may = lease === null ? 0 : 1;
  if (is.held.length > may) return 'a credential is held that nothing names';
  if ((state === 'ended' || after.snapshot.matches({ failed: 'retained' })) && is.held.length > 0)
    return `it is ${state} and holds a credential`;
  const good = before === undefined ? null : contextOf(before).lease;
  if (began('acquire', before, after) && state === 'starting' && good !== null && good.expiresAt > event.at)
    return 'it asks for a credential that it has';
  if (!kind.credential && is.mintedAt !== null) return 'it asks for a credential that its kind does not have';
  if (state === 'active' && kind.credential && lease === null) return 'it serves without a credential';
  // One that runs out while the channel opens is renewed in the same instant.
  if (state === 'active' && kind.credential && (lease?.expiresAt ?? 0) < after.now && !isDueNow(after, 'renewal'))
    return 'it serves on a credential that has run out';
  if (refused && lease !== null) return 'it keeps a credential that was refused';
  if (before === undefined) return undefined;
  if (state === 'renewing' && stateOf(before) !== 'renewing' && lease !== null && lease.expiresAt <= event.at)
    return 'it renews and keeps a credential that has run out';
  const held = contextOf(before).lease;
  const live = before.snapshot.hasTag('live') && stateOf(before) !== 'ending';
  if (event.type === 'xstate.done.actor.acquire' && runs(before, 'acquire') && live) {
    const { output } = event as unknown as { output: { attempt: number } };
    return lease?.attempt === output.attempt ? undefined : 'the credential that was obtained is not taken';
  }
  if (isRefusal(before, event) && held !== null) {
    return lease === null ? undefined : 'a refused credential stays in use';
  }
  if (held === null || sameLease(before, after)) return undefined;
  if (held.expiresAt <= event.at || began('release', before, after)) return undefined;
  if (stateOf(before) === 'ending' || stateOf(before) === 'failed') return undefined;
  return 'a credential that still serves is dropped';
};

export const renewal: SessionRule = ({ before, event, after, was }) => {
  const state = stateOf(after);
  const { kind, lease, renewalCause } = contextOf(after);
  if ((state === 'renewing') !== (renewalCause !== null))
    return `it is ${state} and its renewal has the cause ${renewalCause}`;
  if (before === undefined) return undefined;
  const from = stateOf(before);
  if (from === 'active' && kind.credential && (event.type === 'RENEW' || timerIn(event) === 'renewal')) {
    if (state !== 'renewing') return 'a renewal was not begun';
  }
  if (timerIn(event) === 'expiry' && from === 'renewing' && state !== 'failed')
    return 'the credential ran out and it goes on';
  if (from === 'renewing' && state === 'active' && event.type !== 'xstate.done.actor.acquire')
    return 'a renewal ended without a credential';
  if (event.type !== 'RESUME' || from !== 'paused' || state === 'ending') return undefined;
  const old = contextOf(before).lease;
  const isDue = kind.credential && (old === null || event.at >= renewalTime(contextOf(before), old, was));
  if (isDue)
    return state === 'renewing' || contextOf(before).usableAt === null ? undefined : 'a resume does not renew first';
  return lease !== null && state === 'renewing' ? 'a resume renews a credential that is good' : undefined;
};

export const channel: SessionRule = ({ before, after, is }) => {
  const { kind } = contextOf(after);
  if (!kind.channel && runs(after, 'open')) return 'it opens a channel that its kind does not have';
  if (stateOf(after) === 'ended' && is.connected) return 'it ended and left its channel open';
  if (before === undefined || !kind.channel) return undefined;
  if (stateOf(after) === 'active' && !is.connected) return 'it serves without its channel';
  return kind.channel && runs(after, 'open') && kind.credential && contextOf(after).lease === null
    ? 'it opens its channel without a credential'
    : undefined;
};

/** How often a service may refuse credentials before the session gives up: as often as an operation may be tried. */
export const refusals: SessionRule = ({ before, event, after, was, is }) => {
  const { config, refusals: counted } = contextOf(after);
  const state = stateOf(after);
  if (
    state !== 'ending' &&
    state !== 'ended' &&
    Math.min(counted, config.maxRetryAttempts) !== Math.min(is.refusals, config.maxRetryAttempts)
  )
    return `it counts ${counted} refusals where there were ${is.refusals}`;
  if (!isRefusal(before, event) || before === undefined || stateOf(before) === 'paused') return undefined;
  const expected = was.refusals >= config.maxRetryAttempts ? 'failed' : 'renewing';
  return state === expected ? undefined : `a refused credential leaves it ${state} instead of ${expected}`;
};
