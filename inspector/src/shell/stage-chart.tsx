import { useState } from 'preact/hooks';
import type { ActorRow, NodeId } from '../../../src/integration/inspect/page-protocol.ts';
import { ChartView } from '../chart/chart-view.tsx';
import { useLayout } from '../chart/layouts.ts';
import { FIT_EVENT } from '../keys/use-keys.ts';
import { usePage } from '../store/page.ts';
import { Empty } from '../ui/empty.tsx';

const NONE: readonly never[] = [];

/** The chart of the chosen actor at the moment that is shown. */
export function StageChart({ row }: { readonly row: ActorRow }) {
  const { playback, selection } = usePage();
  const moment = playback.moment.value;
  const chart = selection.chart.value;
  const layout = useLayout(chart);
  const [node, setNode] = useState<NodeId | null>(null);
  if (row.chart === null) {
    return (
      <Empty icon="chart" title="No chart">
        {row.id} is no state machine: its log tells what it does.
      </Empty>
    );
  }
  return (
    <div class="stage-chart">
      {chart !== undefined && layout !== undefined && (
        <ChartView
          definition={chart}
          layout={layout}
          active={moment?.active ?? NONE}
          taken={moment?.taken ?? NONE}
          subject={selection.watched.value === undefined ? '' : row.actor}
          timers={moment?.timers ?? NONE}
          now={playback.now}
          selected={node}
          onSelect={setNode}
          fitEvent={FIT_EVENT}
        />
      )}
    </div>
  );
}
