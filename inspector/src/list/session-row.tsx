import { memo } from 'preact/compat';
import type { ActorRow } from '../../../src/integration/inspect/page-protocol.ts';
import { shortId } from '../../../src/integration/inspect/viewer/short-id.ts';
import { count, duration } from '../model/format.ts';
import { toneOf } from '../model/state-tone.ts';
import { usePage } from '../store/page.ts';
import { Countdown } from '../ui/countdown.tsx';
import { Icon } from '../ui/icon.tsx';

/** Height of a row, as the style sheet has it. */
export const LIST_ROW_PX = 48;

interface SessionRowProps {
  readonly row: ActorRow;
  readonly index: number;
  readonly isSelected: boolean;
}

/** One line of the list. */
export const SessionRow = memo(function SessionRow({ row, index, isSelected }: SessionRowProps) {
  const { list, selection, view } = usePage();
  const label = row.role === 'coordinator' ? `${row.path || row.state} · coordinator` : row.path || row.state;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys
    <div
      id={`row-${row.actor}`}
      class={`row tone-${toneOf(row.state)}`}
      role="option"
      aria-selected={isSelected}
      tabIndex={-1}
      data-status={row.status}
      style={{ top: `${index * LIST_ROW_PX}px` }}
      onClick={() => {
        selection.select(row.actor);
        if (view.narrow.peek()) view.pane.value = 'chart';
      }}
    >
      <span class="dot" />
      <span class="row-line">
        <span class="row-id cut" title={row.id}>
          {shortId(row.id, list.search.value).map((piece, i) =>
            piece.hit ? <mark key={i}>{piece.text}</mark> : <span key={i}>{piece.text}</span>,
          )}
        </span>
        <span class="row-time" title={row.next === null ? undefined : `until ${row.next.name}`}>
          <RowTime row={row} />
        </span>
      </span>
      <span class="row-line">
        <span class="row-path cut">{label}</span>
        <RowNotes row={row} />
      </span>
    </div>
  );
});

function RowNotes({ row }: { readonly row: ActorRow }) {
  return (
    <span class="row-notes">
      {row.renewals !== null && row.renewals > 0 && (
        <span class="row-renewals" title="Renewals">
          <Icon name="renew" size={10} />
          {count(row.renewals)}
        </span>
      )}
      {row.error !== null ? (
        <span class="badge" title={row.error}>
          <span class="cut">{row.error}</span>
        </span>
      ) : (
        (row.reason ?? row.next?.name)
      )}
    </span>
  );
}

function RowTime({ row }: { readonly row: ActorRow }) {
  if (row.next !== null) return <Countdown at={row.next.at} />;
  if (row.status === 'active' || row.since === null || row.startedAt === null) return null;
  return <>{duration(row.since - row.startedAt)}</>;
}

/** A row that is on its way. */
export function SkeletonRow({ index }: { readonly index: number }) {
  return <div class="row row-skeleton" style={{ top: `${index * LIST_ROW_PX}px` }} aria-hidden="true" />;
}
