import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';
import type { ActorRow, LogRecord, Party } from '../../../src/integration/inspect/page-protocol.ts';
import { gapText, type LogEntry } from '../../../src/integration/inspect/viewer/watched.ts';
import { clockTime } from '../model/format.ts';
import { stateOfPath, toneOf } from '../model/state-tone.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { JsonTree } from '../ui/json-tree.tsx';
import { eventName } from './event-name.ts';

interface EntryProps {
  readonly entry: LogEntry;
  readonly role: ActorRow['role'];
  /** It is the latest one at the moment that is shown. */
  readonly isCurrent: boolean;
  readonly isFresh: boolean;
  readonly onShow: (seq: number) => void;
}

/** One entry of the log: a line, and on a click all of it. */
export const Entry = memo(function Entry({ entry, role, isCurrent, isFresh, onShow }: EntryProps) {
  const [isOpen, setOpen] = useState(false);
  if (entry.kind === 'gap') return <p class="log-note log-gap">{gapText(entry)}</p>;
  const moves = entry.kind === 'transition' && entry.from !== entry.to;
  const tone = moves ? toneOf(stateOfPath(entry.to, role)) : 'other';
  const quiet = entry.kind === 'message' || entry.kind === 'child' ? 'quiet' : '';
  return (
    <div class={`log-entry tone-${tone} ${moves ? 'moves' : quiet}`} data-current={isCurrent} data-fresh={isFresh}>
      <button type="button" class="log-line" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span class="log-icon">
          <Icon name={iconOf(entry)} size={14} />
        </span>
        <span class="log-event cut">{titleOf(entry)}</span>
        <time class="log-time">{clockTime(entry.at)}</time>
        <span class="log-detail cut">
          <Detail entry={entry} />
        </span>
      </button>
      {isOpen && (
        <div class="log-more">
          <More entry={entry} />
          <button type="button" class="link" onClick={() => onShow(entry.seq)}>
            Show this moment
          </button>
        </div>
      )}
    </div>
  );
});

function iconOf(entry: LogRecord): IconName {
  switch (entry.kind) {
    case 'message':
      return entry.from.role === 'timer' ? 'timer' : 'message';
    case 'transition':
      return entry.from === entry.to ? 'stay' : 'transition';
    default:
      return entry.kind;
  }
}

function titleOf(entry: LogRecord): string {
  switch (entry.kind) {
    case 'child':
      return `${entry.child.label} ${entry.phase}`;
    case 'status':
      return entry.status;
    default:
      return eventName(entry.event);
  }
}

const nameOf = ({ role, label }: Party): string => (role === 'service' || role === 'actor' ? label : role);

function Detail({ entry }: { readonly entry: LogRecord }) {
  if (entry.kind === 'message') {
    return (
      <>
        {nameOf(entry.from)} → {nameOf(entry.to)}
      </>
    );
  }
  if (entry.kind !== 'transition') return null;
  if (entry.from !== entry.to) {
    return (
      <>
        {entry.cause !== '' && `${entry.cause} · `}
        {entry.from} → <span class="to">{entry.to}</span>
      </>
    );
  }
  const changes = Object.keys(entry.changes.set).length + entry.changes.removed.length;
  const nothing = entry.edges.length === 0 && changes === 0;
  return <>{nothing ? `${entry.cause || 'ignored'} · nothing changed` : entry.cause}</>;
}

function More({ entry }: { readonly entry: LogRecord }) {
  if (entry.kind === 'message') {
    return entry.payload === undefined ? <h4>No payload</h4> : <JsonTree value={entry.payload} open={2} />;
  }
  if (entry.kind !== 'transition') return null;
  const { set, removed } = entry.changes;
  const changes = Object.keys(set).length + removed.length;
  return (
    <>
      <h4>{changes === 0 ? 'The context is as it was' : 'Changes of the context'}</h4>
      {Object.entries(set).map(([key, value]) => (
        <JsonTree key={key} name={key} value={value} open={0} />
      ))}
      {removed.map(key => (
        <div class="json" key={key}>
          <s>{key}</s>
        </div>
      ))}
    </>
  );
}
