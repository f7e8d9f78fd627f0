import { clipLine, paint, paintLine, span, stateStyle } from '../terminal/paint.ts';
import { remaining } from '../terminal/remaining.ts';
import { clip, inColumns, plain } from '../terminal/text.ts';

/** One session, as the table shows it. Times are what is left, ms; one that does not apply is left out. */
export interface TableRow {
  readonly sessionId: string;
  readonly state: string;
  readonly renewalInMs?: number | undefined;
  readonly idleInMs?: number | undefined;
  readonly heartbeatInMs?: number | undefined;
  readonly lifetimeInMs?: number | undefined;
  readonly renewals: number;
  readonly framesSent: number;
  readonly framesEchoed: number;
  readonly longestGapMs: number;
  readonly note?: string | undefined;
}

export interface TableOptions {
  /** ANSI colours. [color=false] */
  readonly color?: boolean;
  /** Columns at most. [width=100] */
  readonly width?: number;
}

/** Fits the terminals that people have side by side. */
const DEFAULT_WIDTH = 100;

interface Column {
  readonly title: string;
  readonly width: number;
  readonly right: boolean;
  cell(row: TableRow): string;
}

const column = (title: string, width: number, cell: (row: TableRow) => string, right = true): Column => ({
  title,
  width,
  right,
  cell,
});

/** The note takes what is left of the line. */
const COLUMNS: readonly Column[] = [
  column('session', 10, row => row.sessionId, false),
  column('state', 8, row => row.state, false),
  column('renewal', 7, row => remaining(row.renewalInMs)),
  column('idle', 6, row => remaining(row.idleInMs)),
  column('beat', 6, row => remaining(row.heartbeatInMs)),
  column('life', 7, row => remaining(row.lifetimeInMs)),
  column('renewed', 7, row => String(row.renewals)),
  column('sent', 7, row => count(row.framesSent)),
  column('echoed', 7, row => count(row.framesEchoed)),
  column('gap', 8, row => `${Math.round(row.longestGapMs)} ms`),
];

/**
 * A table of sessions as text, one line per row under a line of titles. No line is longer than `width`, and without
 * `color` there is no escape sequence in it: control characters in what comes from outside are taken out.
 *
 * @example
 * ```ts
 * process.stdout.write(`${renderTable(rows, { color: process.stdout.isTTY })}\n`);
 * ```
 */
export function renderTable(rows: readonly TableRow[], options: TableOptions = {}): string {
  const { color = false, width = DEFAULT_WIDTH } = options;
  const titles = COLUMNS.map(({ title, width: cells, right }) => inColumns(title, cells, right ? 'right' : 'left'));
  const head = clip(`${titles.join(' ')} note`, width).trimEnd();
  const lines = rows.map(row => {
    const [id, state, ...rest] = COLUMNS.map(({ cell, width: size, right }) =>
      inColumns(plain(cell(row)), size, right ? 'right' : 'left'),
    );
    const line = [
      span(`${id} `),
      span(`${state}`, stateStyle(row.state)),
      span(` ${rest.join(' ')} ${plain(row.note ?? '')}`.trimEnd()),
    ];
    const cut = clipLine(line, width);
    return color ? paintLine(cut, true) : cut.map(({ text }) => text).join('');
  });
  return [color ? paint(head, 'bold', true) : head, ...lines].join('\n');
}

const count = (value: number): string => (value < 10_000_000 ? String(value) : `${Math.floor(value / 1_000_000)}M`);
