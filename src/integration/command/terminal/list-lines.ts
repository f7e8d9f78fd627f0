import type { ActorRow } from '../../inspect/page-protocol.ts';
import { shortId } from '../../inspect/viewer/short-id.ts';
import { fitLine, type Line, span, stateStyle } from '../../terminal/paint.ts';
import { remaining } from '../../terminal/remaining.ts';
import { inColumns, plain } from '../../terminal/text.ts';
import type { Picture, View } from './picture.ts';

/** Columns of the parts of a row; the id takes what is left. */
const STATE = 11;
const NEXT = 17;
const RENEWALS = 5;
const MARK = 2;
const SHORTEST_ID = 12;
/** From so many columns on there is place for the count of renewals. */
const ROOMY = 56;

/** The rows of the list that are seen, under their titles. */
export function listLines(picture: Picture, view: View, columns: number): Line[] {
  const { list, link } = picture;
  const { top, room, chosen } = view.context;
  const head: Line = [span(titles(columns), 'dim')];
  if (list.matched === 0) return [head, [], [span(` ${emptyText(picture, view)}`, 'dim')]];
  const lines: Line[] = [];
  for (let place = top; place < Math.min(list.matched, top + room.list); place++) {
    const row = list.rows[place - list.offset];
    if (row === undefined) lines.push([span('  …', 'dim')]);
    else lines.push(rowLine(row, row.actor === chosen, picture, view, columns));
  }
  return [head, ...(link.state === 'live' ? lines : lines.map(faded))];
}

function rowLine(row: ActorRow, isChosen: boolean, { now }: Picture, view: View, columns: number): Line {
  const idColumns = idWidth(columns);
  const { search } = view.context;
  const pieces = shortId(plain(row.id), search, idColumns).map(({ text, hit }) => span(text, hit ? 'bold' : 'plain'));
  const mark = isChosen ? '▌ ' : '  ';
  const rest = [
    span(` ${inColumns(nextText(row, now), NEXT)}`, row.error === null ? 'dim' : 'red'),
    ...(columns < ROOMY
      ? []
      : [span(` ${inColumns(row.renewals === null ? '' : String(row.renewals), RENEWALS, 'right')}`)]),
  ];
  const id = fitLine(pieces, idColumns);
  const state = inColumns(`● ${plain(row.state)}`, STATE);
  const line = fitLine([span(mark, 'bold'), ...id, span(` ${state}`, stateStyle(row.state)), ...rest], columns);
  return isChosen && view.place !== 'detail' ? line.map(({ text }) => ({ text, style: 'inverse' as const })) : line;
}

/** What happens next: the code of an error, the reason of an end, or the timer that fires next. */
function nextText({ error, reason, next }: ActorRow, now: number): string {
  if (reason !== null) return reason;
  if (error !== null) return error;
  return next === null ? '' : `${next.name} ${remaining(next.at - now)}`;
}

function titles(columns: number): string {
  const renewed = columns < ROOMY ? '' : ` ${inColumns('renew', RENEWALS, 'right')}`;
  return `${' '.repeat(MARK)}${inColumns('session', idWidth(columns))} ${inColumns('  state', STATE)} ${inColumns('next', NEXT)}${renewed}`;
}

const idWidth = (columns: number): number =>
  Math.max(SHORTEST_ID, columns - MARK - 1 - STATE - 1 - NEXT - (columns < ROOMY ? 0 : RENEWALS + 1));

function emptyText({ link, list }: Picture, { context }: View): string {
  if (context.search !== '' || context.state !== null) return 'Nothing matches. Esc shows all.';
  if (link.state === 'refused') return 'Nothing to see without the token.';
  return list.id === 0 ? 'Nothing is known yet.' : 'No sessions yet: those that start appear here.';
}

/** What may be out of date. */
const faded = (line: Line): Line =>
  line.map(({ text, style }) => ({ text, style: style === 'inverse' ? style : 'dim' }));
