import type { Stamped } from '../chart-lab.ts';
import { contextOf, isFailure, runs, stateOf, timerIn } from './watch.ts';
import type { SessionRule } from './witness.ts';

/** What a session is told it takes in, in every state in which it can matter. */
export const hearing: SessionRule = ({ before, event, after }) => {
  if (before === undefined) return undefined;
  const from = stateOf(before);
  const [was, is] = [contextOf(before), contextOf(after)];
  if (from === 'ending' || from === 'ended') return undefined;
  switch (event.type) {
    case 'CONFIGURE': {
      const { config } = event as unknown as { config: unknown };
      return is.config === config ? undefined : 'new settings are not taken';
    }
    case 'ACTIVITY':
      if (from === 'failed') return undefined;
      return is.counters.inactivityResets === was.counters.inactivityResets + 1 && is.lastActivityAt === event.at
        ? undefined
        : 'activity is not noted';
    case 'TRANSPORT': {
      if (from === 'failed') return undefined;
      const { state, capAt } = event as unknown as { state: string; capAt?: number };
      const noted = is.transport.state === state && is.capAt === (capAt ?? was.capAt);
      return noted ? undefined : 'what the transport reports is not noted';
    }
    case 'xstate.done.actor.probe':
    case 'xstate.error.actor.probe': {
      if (!runs(before, 'probe')) return undefined;
      const answer = event.type.startsWith('xstate.done') ? 'healthy' : 'failing';
      return is.probe === answer && !runs(after, 'probe') ? undefined : 'the answer to a heartbeat is not noted';
    }
    default:
      return undefined;
  }
};

/** The code by which what an event tells is known, where it is a failure. */
function codeOf(event: Stamped, failed: boolean): string | undefined {
  const timer = timerIn(event);
  if (timer === 'expiry') return 'KEY_EXPIRED';
  if (timer === 'mintDeadline' || timer === 'openDeadline') return 'PROVIDER_TIMEOUT';
  if (event.type === 'REFUSED') return failed ? 'AUTH_ERROR' : undefined;
  return isFailure(event) ? (event as unknown as { error?: { code?: string } }).error?.code : undefined;
}

/** What went wrong is known by its code until something succeeds. */
export const errors: SessionRule = ({ before, event, after }) => {
  if (before === undefined) return undefined;
  const from = stateOf(before);
  const isRefused = event.type === 'REFUSED' && from === 'active';
  if (from !== 'starting' && from !== 'renewing' && !isRefused) return undefined;
  const { lastError } = contextOf(after);
  const expected = codeOf(event, stateOf(after) === 'failed');
  if (expected !== undefined) {
    if (lastError?.at !== event.at || lastError === contextOf(before).lastError) return 'a failure is not noted';
    if (lastError.failure.code !== expected)
      return `a failure is told as ${lastError.failure.code}, not as ${expected}`;
  }
  return stateOf(after) === 'active' && lastError !== null ? 'it is active and keeps an error' : undefined;
};
