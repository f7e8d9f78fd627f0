import './sequence-view.css';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { plural } from '../model/format.ts';
import { usePage } from '../store/page.ts';
import { Empty } from '../ui/empty.tsx';
import { useSize } from '../ui/use-size.ts';
import { sequenceOf } from './lanes.ts';
import { SEQUENCE_ROW_PX, SequenceLine } from './sequence-line.tsx';

/** So near to the end the view follows what comes, px. */
const NEAR_END_PX = 32;

/** Who said what to whom: a lane for each, an arrow for each message, the latest below. */
export function SequenceView() {
  const { selection } = usePage();
  const row = selection.row.value;
  if (row === undefined || selection.watched.value === undefined) {
    return (
      <Empty icon="sequence" title={row === undefined ? 'No session chosen' : 'No messages'}>
        {selection.isPast.value && 'It ended before it was watched.'}
      </Empty>
    );
  }
  return <Diagram key={row.actor} />;
}

function Diagram() {
  const { playback, selection } = usePage();
  const [frame, width] = useSize<HTMLDivElement>();
  const rows = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const row = selection.row.value;
  const role = row?.role ?? 'actor';
  const index = playback.index.value;
  const isPresent = playback.place.value === null;
  const log = playback.log.value;
  const {
    lanes,
    rows: lines,
    omitted,
  } = sequenceOf(isPresent ? log : log.slice(0, index + 1), {
    role,
    label: row?.id ?? '',
  });
  useLayoutEffect(() => {
    const element = rows.current;
    if (element !== null && follows.current) element.scrollTop = element.scrollHeight;
  }, [lines.at(-1)?.seq, lines.length, width]);
  const step = width / lanes.length;
  const xOf = (lane: number): number => (lane + 0.5) * step;
  const height = lines.length * SEQUENCE_ROW_PX + 8;
  const currentSeq = isPresent ? -1 : (lines.at(-1)?.seq ?? -1);
  return (
    <div class="sequence" ref={frame}>
      <div class="lanes">
        {lanes.map(lane => (
          <span class="lane cut" key={lane.key} title={lane.label}>
            {lane.label}
          </span>
        ))}
      </div>
      {width === 0 ? null : lines.length === 0 ? (
        <Empty icon="sequence" title="Nobody has said anything yet" />
      ) : (
        <div
          ref={rows}
          class="sequence-rows scroll"
          onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
            follows.current = scrollTop + clientHeight >= scrollHeight - NEAR_END_PX;
          }}
        >
          {omitted > 0 && <p class="log-note">{plural(omitted, 'earlier row')}: see the log</p>}
          <svg width={width} height={height} role="img" aria-label="Messages in the order of time">
            {lanes.map((lane, i) => (
              <line key={lane.key} class="life-line" x1={xOf(i)} x2={xOf(i)} y1={0} y2={height} />
            ))}
            {lines.map((line, i) => (
              <SequenceLine
                key={line.seq}
                line={line}
                role={role}
                top={i * SEQUENCE_ROW_PX}
                width={width}
                step={step}
                isCurrent={line.seq === currentSeq}
                onShow={() => playback.show(log.findIndex(entry => entry.seq === line.seq))}
              />
            ))}
          </svg>
        </div>
      )}
    </div>
  );
}
