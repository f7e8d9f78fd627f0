import type { StateValueFrom } from 'xstate';
import type { SessionMachine } from './session.ts';

/** A state as users see it: the nesting of the chart tells what is waited for, this tells what the session does. */
export type PublicState = 'starting' | 'active' | 'renewing' | 'paused' | 'ending' | 'failed' | 'ended';

type SessionValue = StateValueFrom<SessionMachine>;
type TopState = Extract<SessionValue, string>;

/** The public state is a function of the state value; it is never stored. */
export function publicStateOf(value: SessionValue): PublicState {
  const top = (typeof value === 'string' ? value : Object.keys(value)[0]) as TopState;
  switch (top) {
    case 'starting':
    case 'paused':
    case 'ending':
    case 'failed':
    case 'ended':
      return top;
    case 'serving':
      return typeof value === 'object' && 'serving' in value && value.serving !== 'active' ? 'renewing' : 'active';
  }
}
