import type { ActorRow, ActorTimer } from '../../inspect/page-protocol.ts';
import type { Watched } from '../../inspect/viewer/watched.ts';
import { type Line, span, stateStyle } from '../../terminal/paint.ts';
import { remaining } from '../../terminal/remaining.ts';
import { inColumns, plain } from '../../terminal/text.ts';
import { timeOfDay } from '../../terminal/time-of-day.ts';
import { logLine } from './log-lines.ts';
import type { Picture, View } from './picture.ts';
import { type Layout, latestValues } from './screen-layout.ts';

const TIMER_NAME = 14;
const VALUE_NAME = 18;
const WIDEST_BAR = 24;
/** What stands on the line of a timer besides its bar. */
const TIMER_REST = TIMER_NAME + 1 + 7 + 1 + 8 + 2;
const DAY_MS = 86_400_000;
/** Longer values are cut before they are made into a line. */
const LONGEST_VALUE = 300;

/** The chosen one: who it is, its deadlines, what changed last, and its log. */
export function detailLines(picture: Picture, view: View, layout: Layout): Line[] {
  const { row, watched } = picture;
  if (row === undefined) return [[], [span(' Choose a session with ↑ and ↓.', 'dim')]];
  const lines = [...whoLines(row, picture.now), []];
  if (watched === undefined) {
    const told = row.status === 'active' ? 'One moment …' : 'It has ended. e tells its story.';
    return [...lines, [span(` ${told}`, 'dim')]];
  }
  if (layout.timers > 0) {
    lines.push(title('Deadlines'));
    const timers = watched.timers.toSorted((a, b) => a.at - b.at).slice(0, layout.timers);
    for (const timer of timers) lines.push(timerLine(timer, watched, picture.now, layout.paneColumns));
    lines.push([]);
  }
  if (layout.values > 0) {
    lines.push(title('Changed last'));
    for (const name of latestValues(picture).slice(0, layout.values)) lines.push(valueLine(name, watched, picture.now));
    lines.push([]);
  }
  return [...lines, ...logOf(watched, view, layout)];
}

const title = (text: string): Line => [span(` ${text}`, 'bold')];

function whoLines(row: ActorRow, now: number): Line[] {
  const since = row.since === null ? '' : ` for ${remaining(now - row.since)}`;
  const facts = [
    row.path === row.state ? '' : row.path,
    row.role === 'session' ? '' : row.role,
    row.startedAt === null ? '' : `started ${timeOfDay(row.startedAt).slice(0, 8)}`,
    row.renewals === null ? '' : `${row.renewals} renewals`,
  ].filter(text => text !== '');
  const trouble = [row.reason === null ? '' : `ended: ${row.reason}`, row.error === null ? '' : `error ${row.error}`];
  return [
    [span(` ${row.id}`, 'bold')],
    [span(` ● ${row.state}`, stateStyle(row.state)), span(since), span(` · ${facts.join(' · ')}`, 'dim')],
    [span(` ${trouble.filter(text => text !== '').join(' · ')}`, row.error === null ? 'dim' : 'red')],
  ].filter((_, index) => index < 2 || row.reason !== null || row.error !== null);
}

function timerLine(timer: ActorTimer, watched: Watched, now: number, columns: number): Line {
  const left = Math.max(0, timer.at - now);
  const whole = timer.at - armedAt(timer, watched);
  const size = Math.max(0, Math.min(WIDEST_BAR, columns - TIMER_REST - 2));
  const filled = whole <= 0 ? 0 : Math.min(size, Math.ceil((left / whole) * size));
  return [
    span(` ${inColumns(plain(timer.name), TIMER_NAME)} `),
    span('█'.repeat(filled), left < 10_000 ? 'yellow' : 'cyan'),
    span('░'.repeat(size - filled), 'dim'),
    span(` ${inColumns(remaining(left), 6, 'right')} `),
    span(` ${timeOfDay(timer.at).slice(0, 8)}`, 'dim'),
  ];
}

/** When the timer was armed: with the first of the records without a break that know it; before the log, with the state. */
function armedAt({ id, at }: ActorTimer, { log, row }: Watched): number {
  let since: number | undefined;
  for (const entry of log.toReversed()) {
    if (entry.kind !== 'transition') continue;
    if (!entry.timers.some(timer => timer.id === id && timer.at === at)) return since ?? entry.at;
    since = entry.at;
  }
  return Math.min(since ?? Number.POSITIVE_INFINITY, row.since ?? row.startedAt ?? at);
}

function valueLine(name: string, { context }: Watched, now: number): Line {
  const text = Object.hasOwn(context, name) ? valueText(context[name], now) : 'gone';
  return [span(` ${inColumns(plain(name), VALUE_NAME)} `, 'dim'), span(text.slice(0, LONGEST_VALUE))];
}

/** As JSON; a time of these days as the time of day that it is. */
function valueText(value: unknown, now: number): string {
  if (typeof value === 'number' && Math.abs(value - now) < DAY_MS) return timeOfDay(value);
  return JSON.stringify(value) ?? '';
}

function logOf({ row, log, dropped, gone }: Watched, { place, context }: View, { room }: Layout): Line[] {
  const end = Math.max(0, log.length - context.logUp);
  const notes = [
    context.logUp > 0 ? `${context.logUp} newer below` : '',
    dropped > 0 && end <= room.log ? `${dropped} before these are not kept` : '',
    gone ? 'it is gone: this is how it was last' : '',
  ].filter(text => text !== '');
  const head = [span(' Log', place === 'detail' ? 'inverse' : 'bold'), span(`  ${notes.join(' · ')}`, 'dim')];
  if (log.length === 0) return [head, [span(' Nothing has happened since it is watched.', 'dim')]];
  return [head, ...log.slice(Math.max(0, end - room.log), end).map(entry => logLine(entry, row.id))];
}
