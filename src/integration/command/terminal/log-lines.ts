import type { Party } from '../../inspect/page-protocol.ts';
import { gapText, type LogEntry } from '../../inspect/viewer/watched.ts';
import { type Line, span, stateStyle } from '../../terminal/paint.ts';
import { timeOfDay } from '../../terminal/time-of-day.ts';

const PHASE = { started: '+', done: '✓', error: '✗', stopped: '–' } as const;

const nameOf = ({ role, label }: Party): string => (label === '' ? role : label);
/** The top of a path, which the colours go by; sessions renew while they serve. */
const stateOf = (path: string): string => {
  const [top = '', second] = path.split('.');
  return top === 'serving' ? (second === 'active' ? 'active' : 'renewing') : top;
};

/** What XState calls its own events, in words; of a timer the name says it all. */
const eventText = (event: string): string =>
  event.startsWith('xstate.after.') ? '' : (/^xstate\.(done|error)\.actor\./.exec(event)?.[1] ?? event);

/** One entry of the log of the actor with this id: when, what, why, and what came of it. */
export function logLine(entry: LogEntry, id: string): Line {
  const time = span(` ${timeOfDay(entry.at)} `, 'dim');
  switch (entry.kind) {
    case 'message': {
      const isOut = entry.from.label === id && entry.to.label !== id;
      const other = nameOf(isOut ? entry.to : entry.from);
      return [time, span(isOut ? '→ ' : '← ', 'dim'), span(other, 'dim'), span(` ${eventText(entry.event)}`)];
    }
    case 'transition': {
      const cause = entry.cause === '' ? entry.event : entry.cause;
      if (entry.from === entry.to) return [time, span('· ', 'dim'), span(cause), span(changedText(entry), 'dim')];
      return [time, span('► ', stateStyle(stateOf(entry.to))), span(`${cause}  `), ...stepSpans(entry)];
    }
    case 'child':
      return [
        time,
        span(`${PHASE[entry.phase]} `, entry.phase === 'error' ? 'red' : 'dim'),
        span(`${nameOf(entry.child)} ${entry.phase}`, entry.phase === 'error' ? 'red' : 'dim'),
      ];
    case 'status':
      // The first record of one that lives: there is nothing before it.
      if (entry.status === 'active') return [time, span('○ watched from here', 'dim')];
      return [time, span('■ ', 'dim'), span(entry.status, entry.status === 'error' ? 'red' : 'plain')];
    case 'gap':
      return [time, span('… ', 'yellow'), span(gapText(entry), 'yellow')];
  }
}

function stepSpans({ from, to }: { readonly from: string; readonly to: string }): Line {
  return [span(from, 'dim'), span(' → ', 'dim'), span(to, stateStyle(stateOf(to)))];
}

function changedText({ changes }: Extract<LogEntry, { kind: 'transition' }>): string {
  const names = [...Object.keys(changes.set), ...changes.removed];
  return names.length === 0 ? '  nothing changed' : `  ${names.join(', ')}`;
}
