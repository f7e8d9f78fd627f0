import { clip, displayWidth, plain } from './text.ts';

/** How a piece of text looks. Colours are left out where the terminal shall have none. */
export type Style =
  | 'plain'
  | 'bold'
  | 'dim'
  | 'red'
  | 'green'
  | 'yellow'
  | 'blue'
  | 'magenta'
  | 'cyan'
  | 'grey'
  | 'inverse';

const RESET = '\u001b[0m';
const CODES: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '\u001b[1m',
  dim: '\u001b[2m',
  red: '\u001b[31m',
  green: '\u001b[32m',
  yellow: '\u001b[33m',
  blue: '\u001b[34m',
  magenta: '\u001b[35m',
  cyan: '\u001b[36m',
  grey: '\u001b[90m',
  inverse: '\u001b[7m',
};

/** Weight and inversion are no colours: they stay where colours are not wanted. */
const COLOURLESS: readonly Style[] = ['plain', 'bold', 'dim', 'inverse'];

/** Styles of public states; those that are not named stay plain. */
const STATE_STYLES: Readonly<Record<string, Style>> = {
  starting: 'cyan',
  active: 'green',
  renewing: 'yellow',
  paused: 'blue',
  ending: 'magenta',
  failed: 'red',
  ended: 'grey',
};

/** The style of a public state. */
export const stateStyle = (state: string): Style =>
  (Object.hasOwn(STATE_STYLES, state) && STATE_STYLES[state]) || 'plain';

/** A piece of a line in one style. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A line of a screen, from left to right. */
export type Line = readonly Span[];

/** A piece of text as it may be shown: nothing in it acts on the terminal. */
export const span = (text: string, style: Style = 'plain'): Span => ({ text: plain(text), style });

/** Columns that a line takes. */
export const lineWidth = (line: Line): number => line.reduce((sum, { text }) => sum + displayWidth(text), 0);

/** The line in at most `width` columns. */
export function clipLine(line: Line, width: number): Line {
  const kept: Span[] = [];
  let left = width;
  for (const { text, style } of line) {
    const size = displayWidth(text);
    if (size > left) {
      if (left > 0) kept.push({ text: clip(text, left), style });
      else if (kept.length > 0 && width > 0) cutLast(kept);
      return kept;
    }
    kept.push({ text, style });
    left -= size;
  }
  return kept;
}

/** The line in exactly `width` columns. */
export function fitLine(line: Line, width: number): Line {
  const kept = clipLine(line, width);
  const missing = width - lineWidth(kept);
  return missing > 0 ? [...kept, { text: ' '.repeat(missing), style: 'plain' }] : kept;
}

/** Text in a style, with the escape sequences that the terminal wants. */
export function paint(text: string, style: Style, color: boolean): string {
  const code = color || COLOURLESS.includes(style) ? CODES[style] : '';
  return code === '' || text === '' ? text : `${code}${text}${RESET}`;
}

/** The line as it is written. */
export const paintLine = (line: Line, color: boolean): string =>
  line.map(({ text, style }) => paint(text, style, color)).join('');

/** What follows has no column left: the mark goes over the last one. */
function cutLast(spans: Span[]): void {
  const last = spans.pop();
  if (last !== undefined) spans.push({ text: clip(`${last.text}  `, displayWidth(last.text)), style: last.style });
}
