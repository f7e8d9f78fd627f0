// A transition table as Markdown.
import type { Disposition } from '../src/machines/disposition.ts';
import { eventName, eventParts } from './part-names.ts';
import { type Cell, NOT_ARMED, NOT_RUNNING, type Row, type Table, type TableState } from './transition-table.ts';

const code = (text: string): string => `\`${text}\``;
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const grid = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');

const anchorOf = (path: string): string => `#${path.toLowerCase().replaceAll('.', '')}`;
const linkTo = (path: string): string => `[${code(path)}](${anchorOf(path)})`;

/** Everything that a table says, as text: equal tables give equal texts. */
export function renderTable(table: Table): string {
  const resting = table.states.filter(({ cells }) => cells.length > 0);
  const said = table.events.filter(event => eventParts(event).kind === 'said');
  const overview = grid(
    ['', ...said.map(code)],
    resting.map(({ path, cells }) => [
      linkTo(path),
      ...cells.filter(({ event }) => said.includes(event)).map(cell => brief(cell)),
    ]),
  );
  return `${[
    '## At a glance',
    '`→ state`: it goes there. *here*: taken without leaving the state. *later*: what was asked for happens later. *refused*: the caller is told so. –: ignored. Where it depends, all that can happen is named.',
    overview,
    '## State by state',
    'Of the rows of an event the first one whose condition holds is taken.',
    `A timer that a state does not list: ${NOT_ARMED.because}. An answer that it does not list: ${NOT_RUNNING.because}.`,
    ...resting.flatMap(stateText),
    '## Entering and leaving',
    `The chart begins in ${code(table.initial)}. \`at once\` needs no event.`,
    grid(
      ['State', 'Begins in', 'On entry', 'Runs', 'On exit', 'At once'],
      table.states
        .filter(isNotPlain)
        .map(state => [
          code(state.path),
          state.initial === undefined ? '' : code(state.initial),
          listed(state.entry),
          listed(state.actors),
          listed(state.exit),
          state.always
            .map(row => [condition(row), outcome(row), listed(row.actions)].filter(Boolean).join(' '))
            .join('<br>'),
        ]),
    ),
  ].join('\n\n')}\n`;
}

const isNotPlain = ({ initial, entry, exit, actors, always }: TableState): boolean =>
  initial !== undefined || [entry, exit, actors, always].some(({ length }) => length > 0);

const listed = (names: readonly string[]): string => names.map(code).join(', ');

function brief({ rows, otherwise }: Cell): string {
  const parts = rows.map(({ meaning, target }) => {
    if (target !== undefined) return `→ ${target}`;
    return meaning.kind === 'taken' ? '*here*' : word(meaning);
  });
  if (otherwise !== undefined) parts.push(word(otherwise));
  return [...new Set(parts)].join(', ');
}

const WORDS = { taken: '*here*', ignored: '–', postponed: '*later*', refused: '*refused*' } as const;
const word = ({ kind }: Disposition): string => WORDS[kind];

function stateText({ path, kind, cells }: TableState): string[] {
  const heading = `### ${path}`;
  if (kind === 'final') return [heading, 'It is over: nothing is taken any more.'];
  const own = cells.filter(({ otherwise }) => otherwise !== NOT_ARMED && otherwise !== NOT_RUNNING);
  return [heading, grid(['Event', 'If', 'What happens', 'Actions'], own.flatMap(cellLines))];
}

function cellLines({ event, rows, otherwise }: Cell): string[][] {
  const lines = rows.map(row => [condition(row), outcome(row), listed(row.actions)]);
  if (otherwise !== undefined) lines.push(['', saying(otherwise), '']);
  return lines.map(([when = '', ...rest], i) => [
    i === 0 ? code(eventName(event)) : '',
    i > 0 && when === '' ? 'otherwise' : when,
    ...rest,
  ]);
}

const condition = ({ guard }: Row): string => (guard === undefined ? '' : code(guard));

function outcome({ target, reenter, meaning, refusesWaiting }: Row): string {
  const parts = target === undefined ? [] : [`→ ${code(target)}${reenter ? ', entered anew' : ''}`];
  if (meaning.kind !== 'taken') parts.push(saying(meaning));
  else if (target === undefined) parts.push('stays');
  if (refusesWaiting.length > 0) parts.push(`starts that wait are refused: ${refusesWaiting.map(code).join(' or ')}`);
  return parts.join('; ');
}

function saying(disposition: Disposition): string {
  if (disposition.kind === 'taken') return 'taken';
  if (disposition.kind === 'refused') return `**refused**: ${disposition.codes.map(code).join(' or ')}`;
  return disposition.kind === 'ignored' ? `ignored: ${disposition.because}` : `**later**: ${disposition.because}`;
}
