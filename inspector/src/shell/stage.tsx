import './stage.css';
import type { ActorRow } from '../../../src/integration/inspect/page-protocol.ts';
import { shortId } from '../../../src/integration/inspect/viewer/short-id.ts';
import { passed } from '../model/format.ts';
import { stateOfPath } from '../model/state-tone.ts';
import { usePage } from '../store/page.ts';
import { Empty } from '../ui/empty.tsx';
import { Icon } from '../ui/icon.tsx';
import { StatePill } from '../ui/state-pill.tsx';
import { StageChart } from './stage-chart.tsx';

/** The chosen actor: its name, its state and its chart. */
export function Stage() {
  const { connection, list, selection } = usePage();
  const row = selection.row.value;
  if (row === undefined) {
    const nobody = list.isKnown.value && list.total.value === 0;
    return (
      <section class="stage" aria-label="Chart">
        {nobody || connection.mirror.value.welcome?.sources.length === 0 ? (
          <Empty icon="sessions" title="Nothing to look at yet">
            The process is here, and inspects nothing so far: attach a session manager or an actor to its inspector.
          </Empty>
        ) : (
          <Empty icon="chart" title="No session chosen">
            Choose one in the list: <kbd>j</kbd> and <kbd>k</kbd> go through it, <kbd>/</kbd> searches.
          </Empty>
        )}
      </section>
    );
  }
  return (
    <section class="stage" aria-label={`Chart of ${row.id}`}>
      <StageHead row={row} />
      <StageChart row={row} />
    </section>
  );
}

/** Whose chart, log or story it is, and how it does. */
export function StageHead({ row }: { readonly row: ActorRow }) {
  const { connection, selection, playback, view } = usePage();
  const source = connection.mirror.value.welcome?.sources[row.source];
  const moment = playback.moment.value;
  const isPresent = playback.place.value === null;
  const state = isPresent || moment === undefined ? row.state : stateOfPath(moment.path, row.role);
  return (
    <header class="stage-head">
      <nav class="crumbs" aria-label="Belongs to">
        {source !== undefined && source.root !== row.actor && (
          <>
            <button type="button" class="crumb" onClick={() => selection.select(source.root)}>
              {source.name}
            </button>
            <Icon name="chevron" size={10} />
          </>
        )}
        <span class="stage-id mono cut" title={row.id}>
          {shortId(row.id, '', view.narrow.value ? 16 : 30)
            .map(piece => piece.text)
            .join('')}
        </span>
      </nav>
      <StatePill state={state} />
      {isPresent && row.since !== null && <Since since={row.since} />}
      {isPresent && row.error !== null && (
        <span class="badge" title={row.error}>
          <Icon name="warning" size={12} />
          <span class="cut">{row.error}</span>
        </span>
      )}
      {isPresent && row.reason !== null && (
        <span class="badge plain" title="Why it ended">
          {row.reason}
        </span>
      )}
    </header>
  );
}

function Since({ since }: { readonly since: number }) {
  const { connection, view } = usePage();
  void view.tick.value;
  return <span class="stage-since">for {passed(connection.now() - since)}</span>;
}
