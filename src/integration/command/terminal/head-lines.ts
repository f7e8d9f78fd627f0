import { clipLine, type Line, lineWidth, type Style, span, stateStyle } from '../../terminal/paint.ts';
import { remaining } from '../../terminal/remaining.ts';
import type { LinkFacts, Picture, View } from './picture.ts';

/** Order in which states are told; others follow as they come. */
const STATES: readonly string[] = ['starting', 'active', 'renewing', 'paused', 'ending', 'failed', 'ended'];

const ABSENCE: Readonly<Record<LinkFacts['absence'], string>> = {
  unreachable: 'nobody is there',
  unanswered: 'it does not answer',
  closing: 'it closed its inspector',
  handshake: 'it takes no connection',
  slow: 'this view could not keep up',
  lost: 'the connection was lost',
};

/** What the first line says of the connection. */
export function linkLine({ link, place }: Pick<Picture, 'link' | 'place'>): Line {
  const told = (sign: string, style: Style, text: string): Line => [span(sign, style), span(` ${text}`)];
  switch (link.state) {
    case 'live':
      return told('●', 'green', `live ${place}`);
    case 'asking':
    case 'greeting':
      return told('○', 'yellow', `connecting to ${place}`);
    case 'away':
      return told('○', 'red', `away: ${ABSENCE[link.absence]}; again in ${remaining(link.retryInMs)} (r: now)`);
    case 'full':
      return told('○', 'yellow', `as many viewers as it allows; again in ${remaining(link.retryInMs)} (r: now)`);
    case 'refused':
      return told('✗', 'red', 'it does not take the token: use the address that it printed last');
    case 'dismissed':
      return told('✗', 'red', 'it closed the connection: too much was asked for (r: again)');
  }
}

/** States with counts, in the order in which they are told and filtered for. */
export function countsOf({ overview }: Pick<Picture, 'overview'>): [string, number][] {
  const sums = new Map<string, number>(STATES.map(state => [state, 0]));
  for (const { counts } of overview) {
    for (const [state, count] of Object.entries(counts)) sums.set(state, (sums.get(state) ?? 0) + count);
  }
  return [...sums].filter(([, count]) => count > 0);
}

/** The three lines above everything: who, how many, and what the list was asked for. */
export function headLines(picture: Picture, view: View, columns: number): Line[] {
  return [whoLine(picture, view, columns), countLine(picture), queryLine(picture, view)];
}

function whoLine(picture: Picture, { paused }: View, columns: number): Line {
  const left: Line = [span(` ${picture.title}  `, 'bold'), ...linkLine(picture)];
  const right: Line = paused
    ? [span(' PAUSED ', 'inverse'), span(' ')]
    : [span(`${many(Math.round(picture.rate))} events/s `, 'dim')];
  const room = columns - lineWidth(right);
  const kept = clipLine(left, room - 1);
  return [...kept, span(' '.repeat(Math.max(0, room - lineWidth(kept)))), ...right];
}

function countLine(picture: Picture): Line {
  const counts = countsOf(picture).flatMap(([state, count]) => [span(` ${many(count)} ${state} `, stateStyle(state))]);
  const slots = picture.overview.flatMap(({ slots }) => (slots === null ? [] : [slots]));
  const told = slots.map(({ taken, limit, waiting }) =>
    span(` slots ${taken}/${limit}${waiting > 0 ? `, ${waiting} waiting` : ''}`, 'dim'),
  );
  return counts.length + told.length === 0 ? [span(' no sessions', 'dim')] : [...counts, ...told];
}

function queryLine({ list }: Picture, { place, context }: View): Line {
  const { search, state, sort, descending, top, room } = context;
  const last = Math.min(list.matched, top + room.list);
  const range = list.matched === 0 ? '0' : `${many(top + 1)}–${many(last)}`;
  const filtered = list.matched === list.total ? '' : ` (all: ${many(list.total)})`;
  const line = [span(` ${range} of ${many(list.matched)}${filtered}`, 'dim')];
  line.push(span(`  by ${sort} ${descending ? '↓' : '↑'}`, 'dim'));
  if (state !== null) line.push(span('  only '), span(state, stateStyle(state)));
  if (place === 'searching') line.push(span('  /', 'bold'), span(search), span(' ', 'inverse'));
  else if (search !== '') line.push(span(`  /${search}`, 'bold'));
  return line;
}

const many = (count: number): string => count.toLocaleString('en-US');
