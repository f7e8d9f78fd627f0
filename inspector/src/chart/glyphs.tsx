import type { Glyph } from '../../layout/layout-types.ts';

/** Drawn in a square of 10 px. */
const SHAPES: Readonly<Record<Glyph, string>> = {
  clock: 'M5 1a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM5 2.9V5l1.5 1',
  done: 'M1.6 5.4 4 7.8 8.4 2.6',
  error: 'M2.2 2.2l5.6 5.6M7.8 2.2 2.2 7.8',
  always: 'M5.8.9 2.4 5.6h2.4L4.2 9.1 7.6 4.4H5.2z',
  invoke: 'M1.4 1.6 8.4 5 1.4 8.4z',
  again: 'M8.3 3.4A3.7 3.7 0 1 0 8.7 5.6M8.6 1.2v2.5H6.1',
};

export function GlyphMark({ glyph, x, y }: { readonly glyph: Glyph; readonly x: number; readonly y: number }) {
  return <path class={`chart-glyph is-${glyph}`} d={SHAPES[glyph]} transform={`translate(${x} ${y})`} />;
}
