import type { Explanation } from '../../inspect/page-protocol.ts';
import { type Line, span, stateStyle } from '../../terminal/paint.ts';
import { inColumns, plain, wrapped } from '../../terminal/text.ts';
import { timeOfDay } from '../../terminal/time-of-day.ts';
import type { Picture, View } from './picture.ts';
import type { Layout } from './screen-layout.ts';
import { menuAt } from './view-moves.ts';

const EVENT_NAME = 14;

const HELP: readonly (readonly [string, string])[] = [
  ['↑ ↓  j k', 'one up, one down; in the details through the log'],
  ['PgUp PgDn', 'a screen up, a screen down'],
  ['Home End  g G', 'first, last'],
  ['Enter → Tab', 'to the details; Esc ← Tab back'],
  ['/', 'search ids; Esc undoes it, and in the list shows all again'],
  ['f F', 'only one state: the next, the one before'],
  ['o O', 'sort by something else, turn the order'],
  ['e', 'story: how it came to where it is, also of one that ended'],
  ['s', 'send an event that the state accepts'],
  ['space', 'let the view stand still, and go on'],
  ['r', 'connect now instead of waiting'],
  ['Ctrl-L', 'draw everything again'],
  ['q  Ctrl-C', 'leave'],
];

const HELP_KEYS = 14;

export const helpLines = (columns: number): Line[] => [
  [span(' Keys', 'bold')],
  [],
  ...HELP.flatMap(([keys, what]) =>
    wrapped(what, columns - HELP_KEYS - 3).map((text, index) => [
      span(` ${inColumns(index === 0 ? keys : '', HELP_KEYS)} `, 'bold'),
      span(text),
    ]),
  ),
];

/** What the story is told with, all of it. */
export function storyText(story: Explanation | null | undefined): Line[] {
  if (story === undefined) return [[span(' One moment …', 'dim')]];
  if (story === null) return [[span(' Nothing is known of it.', 'dim')]];
  const { transitions, omitted, reason, unfinished } = story;
  return [
    ...(omitted > 0 ? [[span(` ${omitted} steps before these are not kept`, 'dim')]] : []),
    ...transitions.map(({ at, from, to, cause, error }) => [
      span(` ${timeOfDay(at)} `, 'dim'),
      span(inColumns(plain(to), 9), stateStyle(to)),
      span(` ${cause}`),
      span(`  from ${from}`, 'dim'),
      span(error === undefined ? '' : `  ${error}`, 'red'),
    ]),
    ...(reason === undefined ? [] : [[span(' ended: ', 'bold'), span(reason)]]),
    ...(unfinished.length === 0 ? [] : [[span(' left undone: ', 'bold'), span(unfinished.join(', '), 'red')]]),
  ];
}

export function storyLines({ story, row }: Picture, { context }: View, { room }: Layout): Line[] {
  const id = story?.sessionId ?? row?.id ?? '';
  const head = [span(` Story of ${id}`, 'bold'), span(`  ${story?.state ?? ''}`, stateStyle(story?.state ?? ''))];
  return [head, [], ...storyText(story).slice(context.storyTop, context.storyTop + room.story)];
}

/** What can be sent, what must be chosen or written for it. */
export function menuLines({ row }: Picture, { place, context }: View, { paneColumns }: Layout): Line[] {
  const head = [[span(` Send to ${row?.id ?? ''}`, 'bold')], []];
  if (place === 'choosing') {
    const at = menuAt(context);
    const lines = context.facts.accepts.map(({ type, kind, because }, index) => {
      const style = index === at ? 'inverse' : kind === 'taken' ? 'plain' : 'dim';
      const why = kind === 'taken' ? '' : `${kind}${because === undefined ? '' : `: ${because}`}`;
      return [
        span(index === at ? ' ▸ ' : '   '),
        span(inColumns(plain(type), EVENT_NAME), style),
        span(` ${why}`, 'dim'),
      ];
    });
    return [...head, ...lines, [], [span(' Enter sends, Esc goes back.', 'dim')]];
  }
  if (place === 'valuing') {
    const { type = '', field = '', choices = [] } = context.asked ?? {};
    const lines = choices.map((choice, index) => [
      span(index === context.choice ? ' ▸ ' : '   '),
      span(inColumns(choice, EVENT_NAME + 4), index === context.choice ? 'inverse' : 'plain'),
    ]);
    return [...head, [span(` ${type}: ${field}?`)], ...lines, [], [span(' Enter sends, Esc goes back.', 'dim')]];
  }
  const type = context.facts.accepts[menuAt(context)]?.type ?? '';
  const example =
    type === 'CONFIGURE' ? '{"config": {"heartbeatIntervalSeconds": 30}}' : '{"field": "value"}, or nothing';
  return [
    ...head,
    [span(` ${type}: its fields as JSON`), span(`, such as ${example}`, 'dim')],
    [],
    // The end of a long line is where one writes.
    [span(' › '), span([...context.line].slice(-(paneColumns - 6)).join('')), span(' ', 'inverse')],
    [],
    [span(' Enter sends, Ctrl-U empties the line, Esc goes back.', 'dim')],
  ];
}
