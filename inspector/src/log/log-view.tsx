import './log-view.css';
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { count, plural } from '../model/format.ts';
import { usePage } from '../store/page.ts';
import { Empty } from '../ui/empty.tsx';
import { Entry } from './log-entry.tsx';
import { matches } from './search.ts';

/** Entries that are drawn, and so many more each time that earlier ones are asked for. */
const SHOWN = 150;
/** So near to the end the view follows what comes, px. */
const NEAR_END_PX = 24;

/** What happened to the chosen actor, the latest below. */
export function LogView() {
  const { selection } = usePage();
  const watched = selection.watched.value;
  if (watched === undefined) {
    return (
      <Empty icon="log" title={selection.row.value === undefined ? 'No session chosen' : 'No log'}>
        {selection.isPast.value && 'It ended before it was watched. Its story tells what was kept.'}
      </Empty>
    );
  }
  return <Log key={selection.selected.value} />;
}

function Log() {
  const { playback, selection } = usePage();
  const [text, setText] = useState('');
  const [more, setMore] = useState(0);
  const rows = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const firstSeen = useRef(playback.log.peek().at(-1)?.seq ?? 0);
  const log = playback.log.value;
  const index = playback.index.value;
  const isPresent = playback.place.value === null;
  const dropped = selection.watched.value?.dropped ?? 0;
  const role = selection.row.value?.role ?? 'actor';
  const upTo = isPresent ? log : log.slice(0, index + 1);
  const found = text === '' ? upTo : upTo.filter(entry => matches(entry, text));
  const shown = found.slice(-(SHOWN + more));
  const show = useCallback(
    (seq: number) => playback.show(playback.log.peek().findIndex(entry => entry.seq === seq)),
    [playback],
  );
  useLayoutEffect(() => {
    const element = rows.current;
    if (element !== null && follows.current) element.scrollTop = element.scrollHeight;
  }, [shown.at(-1)?.seq, shown.length]);
  return (
    <div class="log">
      <div class="view-tools">
        <input
          class="field"
          type="search"
          placeholder="Filter"
          aria-label="Filter the log"
          value={text}
          onInput={event => setText(event.currentTarget.value)}
        />
        <span role="status">
          {found.length === upTo.length
            ? plural(upTo.length, 'record')
            : `${count(found.length)} of ${count(upTo.length)}`}
        </span>
      </div>
      <div
        ref={rows}
        class="log-rows scroll"
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          follows.current = scrollTop + clientHeight >= scrollHeight - NEAR_END_PX;
        }}
      >
        {found.length > shown.length ? (
          <button type="button" class="log-note" onClick={() => setMore(more + SHOWN)}>
            {count(found.length - shown.length)} earlier: show more
          </button>
        ) : (
          dropped > 0 && <p class="log-note">{plural(dropped, 'earlier record')} dropped</p>
        )}
        {shown.map(entry => (
          <Entry
            key={`${entry.kind} ${entry.seq}`}
            entry={entry}
            role={role}
            isCurrent={!isPresent && entry === log[index]}
            isFresh={isPresent && entry.seq > firstSeen.current}
            onShow={show}
          />
        ))}
        {log.length === 0 && (
          <Empty icon="log" title="Nothing has happened yet">
            Records are kept from the moment that somebody watches.
          </Empty>
        )}
      </div>
    </div>
  );
}
