import { stripVTControlCharacters } from 'node:util';

/** Direction marks can make a line read as another one; the separators break it. */
const UNSEEN = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const PLAIN_ASCII = /^[\u0020-\u007e]*$/;
/** Blocks whose characters take two columns (Unicode, East Asian Width W and F), and pictures. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const MARKS_ONLY = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Text without escape sequences, control characters and what turns the direction of a line. */
export const plain = (text: string): string => stripVTControlCharacters(text).replace(UNSEEN, '');

/** Columns that text takes on a terminal: two for wide characters, none for marks. */
export function displayWidth(text: string): number {
  if (PLAIN_ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOf(segment);
  return width;
}

/** The text, cut to `width` columns; where something is cut off, `…` is the last. */
export function clip(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return '';
  let cut = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = used + widthOf(segment);
    if (next > width - 1) break;
    cut += segment;
    used = next;
  }
  return `${cut}…`;
}

/** The text in exactly `width` columns, cut or padded. */
export function inColumns(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = clip(text, width);
  const pad = ' '.repeat(Math.max(0, width - displayWidth(cut)));
  return align === 'left' ? cut + pad : pad + cut;
}

/** The text in lines of at most `width` columns, broken between words; a longer word is cut. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/ +/)) {
    const last = lines.at(-1);
    if (last !== undefined && displayWidth(last) + 1 + displayWidth(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(clip(word, width));
  }
  return lines;
}

const widthOf = (grapheme: string): number => (WIDE.test(grapheme) ? 2 : MARKS_ONLY.test(grapheme) ? 0 : 1);
