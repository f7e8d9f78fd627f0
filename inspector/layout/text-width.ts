/** Advance widths of the printable ASCII characters of Arial, in thousandths of the font size, from the space on. */
const WIDTHS = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
  556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
  722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
  556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
  260, 334, 584,
];
/** Of all other characters: as wide as most that are not Latin. */
const OTHER = 1_000;
/** The fonts of other systems are a little wider than Arial. */
const MARGIN = 1.03;
const SEMIBOLD = 1.07;

/** How wide a text is, px: an estimate that is the same everywhere, so that a layout is the same everywhere. */
export function textWidth(text: string, size: number, weight: 'regular' | 'semibold' = 'regular'): number {
  let sum = 0;
  for (const char of text) sum += WIDTHS[(char.codePointAt(0) ?? 0) - 32] ?? OTHER;
  return (sum / 1_000) * size * MARGIN * (weight === 'semibold' ? SEMIBOLD : 1);
}

/** The text, cut with an ellipsis where it is wider than `max` px. */
export function fitText(text: string, max: number, size: number, weight: 'regular' | 'semibold' = 'regular'): string {
  if (textWidth(text, size, weight) <= max) return text;
  const chars = [...text];
  let end = chars.length - 1;
  while (end > 1 && textWidth(`${chars.slice(0, end).join('')}…`, size, weight) > max) end -= 1;
  return `${chars.slice(0, end).join('')}…`;
}
