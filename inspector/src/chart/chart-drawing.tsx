import { useMemo } from 'preact/hooks';
import type { ChartDefinition, ChartNode } from '../../../src/integration/inspect/page-protocol.ts';
import type { ChartLayout } from '../../layout/layout-types.ts';
import { ChartArrow } from './chart-arrow.tsx';
import { ChartBox, StartDot } from './chart-box.tsx';
import { tonesOf } from './tones.ts';

interface Props {
  readonly definition: ChartDefinition;
  readonly layout: ChartLayout;
}

/** All that never changes about a chart. It is drawn once; what goes on is shown by classes on its elements. */
export function ChartDrawing({ definition, layout }: Props) {
  const tones = useMemo(() => tonesOf(definition), [definition]);
  const nodes = new Map(definition.nodes.map(node => [node.id, node]));
  const tops = new Map(layout.boxes.map(({ id, y }) => [id, y]));
  const leading = new Set(layout.arrows.flatMap(({ edges }) => edges));
  return (
    <>
      {layout.boxes.map(box => {
        const node = nodes.get(box.id) as ChartNode;
        const isRegion = nodes.get(node.parent ?? '')?.type === 'parallel';
        return (
          <ChartBox
            key={box.id}
            box={box}
            node={node}
            tone={tones.get(box.id) ?? 'other'}
            isRegion={isRegion}
            leading={leading}
          />
        );
      })}
      <g>
        {layout.arrows.map(arrow => (
          <ChartArrow key={arrow.id} arrow={arrow} tone={tones.get(arrow.source) ?? 'other'} />
        ))}
      </g>
      {layout.starts.map(start => (
        <StartDot
          key={start.node}
          start={start}
          tone={tones.get(start.node) ?? 'other'}
          to={tops.get(start.node) ?? start.y}
        />
      ))}
    </>
  );
}
