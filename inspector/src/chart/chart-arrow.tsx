import type { Arrow } from '../../layout/layout-types.ts';
import { headPath, linePath } from './path-shape.ts';
import type { Tone } from './tones.ts';

/** An arrow with all its targets, and a broad invisible line around it for the pointer. */
export function ChartArrow({ arrow, tone }: { readonly arrow: Arrow; readonly tone: Tone }) {
  const begin = arrow.paths[0]?.[0];
  return (
    <g
      class={`chart-arrow tone-${tone}${arrow.eventless ? ' is-eventless' : ''}`}
      data-arrow={arrow.id}
      data-source={arrow.source}
      data-targets={arrow.targets.join('\n')}
      data-edges={arrow.edges.join('\n')}
    >
      {arrow.paths.map(points => {
        const line = linePath(points);
        return (
          <g key={line}>
            <path class="chart-reach" d={line} />
            <path class="chart-line" d={line} />
            <path class="chart-head" d={headPath(points)} />
          </g>
        );
      })}
      {begin !== undefined && <circle class="chart-port" cx={begin.x} cy={begin.y} r={2.4} />}
    </g>
  );
}
