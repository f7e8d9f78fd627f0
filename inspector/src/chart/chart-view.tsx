import './chart.css';
import { useMemo, useRef } from 'preact/hooks';
import type { ActorTimer, ChartDefinition, NodeId } from '../../../src/integration/inspect/page-protocol.ts';
import type { Box, ChartLayout } from '../../layout/layout-types.ts';
import type { Taken } from '../model/moment.ts';
import { ChartDrawing } from './chart-drawing.tsx';
import { ChartTip } from './chart-tip.tsx';
import { Controls } from './controls.tsx';
import { useFontFit } from './font-fit.ts';
import { Pulses } from './pulses.tsx';
import { useCountdowns } from './use-countdowns.ts';
import { useLiveness } from './use-liveness.ts';
import { useViewport } from './use-viewport.ts';

export interface ChartViewProps {
  readonly definition: ChartDefinition;
  readonly layout: ChartLayout;
  /** Active states, leaves and those around them. */
  readonly active: readonly NodeId[];
  /** The latest transitions, the last one last: those are shown that have come since. */
  readonly taken: readonly Taken[];
  /** Whose transitions those are: of another one nothing was taken just now. */
  readonly subject?: string;
  /** Timers that are armed. */
  readonly timers: readonly ActorTimer[];
  /** The time that is shown, ms. */
  readonly now: () => number;
  readonly selected?: NodeId | null;
  readonly onSelect?: (node: NodeId | null) => void;
  /** An event of the window upon which the chart is fitted into its frame again. */
  readonly fitEvent?: string;
}

/** A chart with what goes on in it: states light up, a pulse runs along the arrows that were taken, timers count down. */
export function ChartView(props: ChartViewProps) {
  const { definition, layout, active, taken, subject = '', timers, now, selected = null, onSelect, fitEvent } = props;
  const frame = useRef<HTMLDivElement>(null);
  const sheet = useRef<SVGGElement>(null);
  const drawing = useMemo(() => <ChartDrawing definition={definition} layout={layout} />, [definition, layout]);
  const focus = useMemo(() => innermost(layout, active), [layout, active]);
  const viewport = useViewport(frame, sheet, layout, focus, fitEvent);
  useFontFit(frame);
  useLiveness(sheet, layout, active, selected);
  useCountdowns(sheet, layout, timers, now);

  const select = (event: Event): void => {
    if (viewport.isMoving()) return;
    const box = (event.target as Element).closest('[data-node]');
    onSelect?.(box?.getAttribute('data-node') ?? null);
  };
  return (
    <div class="chart" ref={frame}>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the states in it take the keys */}
      {/* biome-ignore lint/a11y/useSemanticElements: there are no field sets in SVG */}
      <svg class="chart-sheet" onClick={select} role="group" aria-label={`Chart ${definition.id}`}>
        <g ref={sheet} class="chart-world" key={layout.key}>
          {drawing}
          <Pulses layout={layout} taken={taken} subject={subject} />
        </g>
      </svg>
      <ChartTip frame={frame} definition={definition} layout={layout} onOpen={onSelect} />
      <Controls viewport={viewport} />
    </div>
  );
}

/** The first active state that has no active one inside. */
function innermost(layout: ChartLayout, active: readonly NodeId[]): Box | null {
  const lit = new Set(active);
  const around = new Set(layout.boxes.filter(({ id }) => lit.has(id)).map(({ parent }) => parent));
  return layout.boxes.find(({ id }) => lit.has(id) && !around.has(id)) ?? null;
}
