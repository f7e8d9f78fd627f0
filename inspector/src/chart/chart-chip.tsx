import { CHIP_HEIGHT, GLYPH_WIDTH } from '../../layout/block.ts';
import type { Chip } from '../../layout/layout-types.ts';
import { GlyphMark } from './glyphs.tsx';

const BASELINE = 11.2;
const AROUND = 3;

/** A trigger, or an actor that is invoked. What stands for a timer has a place for the time that is left. */
export function ChartChip({ chip, leads }: { readonly chip: Chip; readonly leads: boolean }) {
  const { x, y, width, glyphs, text, guard, to, delay } = chip;
  const kind = chip.edges.length === 0 ? 'actor' : leads ? 'exit' : 'reaction';
  const words = [
    text === '' ? null : { of: 'name', text },
    guard === '' ? null : { of: 'guard', text: `[${guard}]` },
    to === '' ? null : { of: 'guard', text: `→ ${to}` },
  ].filter(word => word !== null);
  return (
    <g
      class={`chart-chip is-${kind}${delay === null ? '' : ' is-timer'}`}
      data-edges={chip.edges.join('\n')}
      data-delay={delay ?? undefined}
    >
      <rect class="chart-chip-back" x={x - AROUND} y={y} width={width + 2 * AROUND} height={CHIP_HEIGHT} rx={4} />
      {delay !== null && (
        <rect class="chart-bar" x={x - AROUND} y={y} width={width + 2 * AROUND} height={CHIP_HEIGHT} rx={4} />
      )}
      {glyphs.map((glyph, at) => (
        <GlyphMark key={glyph} glyph={glyph} x={x + at * GLYPH_WIDTH} y={y + 2.5} />
      ))}
      <text x={x + glyphs.length * GLYPH_WIDTH} y={y + BASELINE}>
        {words.map((word, at) => (
          <tspan key={word.text} class={`chart-${word.of}`} dx={at === 0 ? 0 : 4}>
            {word.text}
          </tspan>
        ))}
      </text>
      {delay !== null && <text class="chart-time" x={x + width} y={y + BASELINE} />}
    </g>
  );
}
