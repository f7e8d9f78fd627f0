import { contextOf, isFailure, runs, stateOf } from './watch.ts';
import { type SessionRule, timerIn } from './witness.ts';

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

/** What went wrong is known by its code until something succeeds. */
export const errors: SessionRule = ({ before, event, after }) => {
  if (before === undefined) return undefined;
  const from = stateOf(before);
  if (from !== 'starting' && from !== 'renewing') return undefined;
  const { lastError } = contextOf(after);
  const ranOut = timerIn(event) === 'expiry';
  if ((isFailure(event) && !event.type.startsWith('xstate.done')) || ranOut) {
    if (lastError?.at !== event.at || lastError === contextOf(before).lastError) return 'a failure is not noted';
    if (ranOut && lastError.failure.code !== 'KEY_EXPIRED') return 'a credential ran out and the error says otherwise';
  }
  return stateOf(after) === 'active' && lastError !== null ? 'it is active and keeps an error' : undefined;
};
