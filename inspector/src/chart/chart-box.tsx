import type { ChartNode, EdgeId } from '../../../src/integration/inspect/page-protocol.ts';
import type { Box, Start } from '../../layout/layout-types.ts';
import { ChartChip } from './chart-chip.tsx';
import type { Tone } from './tones.ts';

const TITLE_BASELINE = 17.5;

interface Props {
  readonly box: Box;
  readonly node: ChartNode;
  readonly tone: Tone;
  readonly isRegion: boolean;
  /** Transitions that leave by an arrow. */
  readonly leading: ReadonlySet<EdgeId>;
}

/** A state: a card, or a frame around the states inside. */
export function ChartBox({ box, node, tone, isRegion, leading }: Props) {
  const { id, x, y, width, height, title, inset, chips, head } = box;
  const isOutermost = node.parent === null;
  const kind = node.type === 'history' && chips.length === 0 ? 'history' : head < height ? 'frame' : 'card';
  const classes = ['chart-box', `is-${kind}`, `tone-${tone}`];
  if (isOutermost) classes.push('is-outermost');
  if (title === '') classes.push('is-untitled');
  if (isRegion) classes.push('is-region');
  if (node.type === 'final') classes.push('is-final');
  const radius = kind === 'history' ? width / 2 : kind === 'frame' ? 12 : 8;
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons in SVG
    <g
      class={classes.join(' ')}
      data-node={id}
      tabindex={title === '' ? undefined : 0}
      role="button"
      aria-label={`State ${id}`}
    >
      <rect class="chart-glow" x={x - 3} y={y - 3} width={width + 6} height={height + 6} rx={radius + 3} />
      <rect class="chart-shape" x={x} y={y} width={width} height={height} rx={radius} />
      {node.type === 'final' && (
        <rect class="chart-inner" x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={radius - 3} />
      )}
      {kind === 'history' ? (
        <text class="chart-title" x={x + width / 2} y={y + height / 2 + 4.5} text-anchor="middle">
          {title}
        </text>
      ) : (
        <text class="chart-title" x={x + inset} y={y + TITLE_BASELINE}>
          {title}
        </text>
      )}
      {chips.map(chip => (
        <ChartChip key={`${chip.x} ${chip.y}`} chip={chip} leads={chip.edges.some(edge => leading.has(edge))} />
      ))}
    </g>
  );
}

/** The dot that tells where the state around begins. */
export function StartDot({ start, tone, to }: { readonly start: Start; readonly tone: Tone; readonly to: number }) {
  const { x, y } = start;
  return (
    <g class={`chart-start tone-${tone}`}>
      <circle cx={x} cy={y} r={3} />
      <path class="chart-start-line" d={`M${x} ${y}V${to - 4}`} />
      <path d={`M${x} ${to}l-2.8-5h5.6z`} />
    </g>
  );
}
