import { fitLine, type Line, span } from '../../terminal/paint.ts';
import { displayWidth, plain, wrapped } from '../../terminal/text.ts';
import { detailLines } from './detail-lines.ts';
import { headLines } from './head-lines.ts';
import { listLines } from './list-lines.ts';
import { helpLines, menuLines, storyLines } from './pane-lines.ts';
import type { Picture, Place, Size, View } from './picture.ts';
import { type Layout, layoutOf } from './screen-layout.ts';

/** What keys do here, the most important first; what always counts is told behind them. */
const KEYS: Readonly<Record<Place, readonly string[]>> = {
  list: ['↑↓ move', 'Enter details', '/ search', 'f filter', 's send', 'e story', 'o sort', 'space pause'],
  detail: ['↑↓ log', 'Esc back', 's send', 'e story', '/ search', 'space pause'],
  searching: ['Enter keeps', 'Esc undoes', '↑↓ move', 'Ctrl-U empties'],
  story: ['↑↓ scroll', 'Esc back'],
  help: ['any key goes back'],
  choosing: ['↑↓ choose', 'Enter send', 'Esc back'],
  valuing: ['↑↓ choose', 'Enter send', 'Esc back'],
  writing: ['Enter send', 'Esc back', 'Ctrl-U empties'],
};
const ALWAYS: Partial<Record<Place, string>> = { list: '  ? help  q quit', detail: '  ? help  q quit' };
const MOST_NOTICE_LINES = 3;

/** The whole screen: as many lines as the terminal has, each as wide as it is. */
export function screenOf(picture: Picture, view: View, size: Size): Line[] {
  const layout = layoutOf(picture, size);
  const head = headLines(picture, view, size.columns);
  const body = bodyLines(picture, view, layout, size.columns);
  const foot = footLines(view, size.columns);
  const lines = [...head, ...filled(body, layout.bodyLines + 1)];
  // On a terminal of a few lines the head goes first.
  const shown = [...lines.slice(0, lines.length - foot.length), ...foot].slice(-size.lines);
  return shown.map(line => fitLine(line, size.columns));
}

function bodyLines(picture: Picture, view: View, layout: Layout, columns: number): Line[] {
  if (view.place === 'help') return helpLines(columns);
  if (!layout.isWide) {
    const isList = view.place === 'list' || view.place === 'searching';
    return isList ? listLines(picture, view, columns) : paneLines(picture, view, layout);
  }
  const left = filled(listLines(picture, view, layout.listColumns), layout.bodyLines);
  const right = filled(paneLines(picture, view, layout), layout.bodyLines);
  return left.map((line, index) => [...fitLine(line, layout.listColumns), span(' │ ', 'dim'), ...(right[index] ?? [])]);
}

function paneLines(picture: Picture, view: View, layout: Layout): Line[] {
  switch (view.place) {
    case 'story':
      return storyLines(picture, view, layout);
    case 'choosing':
    case 'valuing':
    case 'writing':
      return menuLines(picture, view, layout);
    default:
      return detailLines(picture, view, layout);
  }
}

function footLines({ place, context: { notice } }: View, columns: number): Line[] {
  if (notice !== null) {
    const style = notice.tone === 'good' ? 'green' : 'red';
    return wrapped(plain(notice.text), columns - 2)
      .slice(0, MOST_NOTICE_LINES)
      .map(text => [span(` ${text}`, style)]);
  }
  const always = ALWAYS[place] ?? '';
  let keys = '';
  for (const key of KEYS[place]) {
    if (displayWidth(keys) + displayWidth(key) + displayWidth(always) + 2 > columns) break;
    keys += keys === '' ? ` ${key}` : `  ${key}`;
  }
  return [[span(keys + always, 'dim')]];
}

const filled = (lines: readonly Line[], count: number): Line[] =>
  Array.from({ length: count }, (_, index) => lines[index] ?? []);
