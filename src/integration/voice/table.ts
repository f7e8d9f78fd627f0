import { stripVTControlCharacters } from 'node:util';

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

const RESET = '\u001b[0m';
const BOLD = '\u001b[1m';
/** SGR codes per public state; states that are not named stay plain. */
const STATE_COLORS: Readonly<Record<string, string>> = {
  starting: '\u001b[36m',
  active: '\u001b[32m',
  renewing: '\u001b[33m',
  paused: '\u001b[34m',
  ending: '\u001b[35m',
  failed: '\u001b[31m',
  ended: '\u001b[90m',
};

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
  const titles = COLUMNS.map(({ title, width: cells, right }) => clip(title, cells, right));
  const head = `${titles.join(' ')} note`.slice(0, width).trimEnd();
  const lines = rows.map(row => {
    const cells = COLUMNS.map(({ cell, width: size, right }) => clip(plain(cell(row)), size, right));
    const line = `${cells.join(' ')} ${plain(row.note ?? '')}`;
    const shown = (line.length > width ? `${line.slice(0, width - 1)}…` : line).trimEnd();
    return color ? paintState(shown, row.state) : shown;
  });
  return [color ? `${BOLD}${head}${RESET}` : head, ...lines].join('\n');
}

/** Time left in at most six characters: `850ms`, `4.2s`, `59s`, `12m05s`, `3h20m`, `2d04h`; `-` if it does not apply. */
export function remaining(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return '-';
  if (ms <= 0) return '0s';
  if (ms < 1_000) return `${Math.floor(ms)}ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}

/** Whatever can be written to: `process.stdout`, or a list in a test. */
export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/**
 * Draws a text in place, over the one before. Where the output is no terminal, nothing is overwritten: only a text that
 * differs from the last is written, as it is.
 */
export class Redraw {
  readonly #sink: TextSink;
  #last = '';
  #lines = 0;

  constructor(sink: TextSink) {
    this.#sink = sink;
  }

  draw(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    if (!this.#sink.isTTY) {
      this.#sink.write(`${text}\n`);
      return;
    }
    // Up to the first line, then each line cleared to its end, and everything below cleared.
    const up = this.#lines === 0 ? '' : `\u001b[${this.#lines}A`;
    this.#sink.write(`${up}\r${text.replaceAll('\n', '\u001b[K\n')}\u001b[K\n\u001b[J`);
    this.#lines = text.split('\n').length;
  }
}

const two = (value: number): string => String(value).padStart(2, '0');

const count = (value: number): string => (value < 10_000_000 ? String(value) : `${Math.floor(value / 1_000_000)}M`);

function clip(text: string, width: number, right: boolean): string {
  const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
  return right ? cut.padStart(width) : cut.padEnd(width);
}

/** Text without escape sequences and control characters. */
const plain = (text: string): string => stripVTControlCharacters(text).replace(/\p{Cc}/gu, '');

function paintState(line: string, state: string): string {
  const paint = STATE_COLORS[state];
  const at = (COLUMNS[0]?.width ?? 0) + 1;
  const end = at + (COLUMNS[1]?.width ?? 0);
  return paint === undefined ? line : `${line.slice(0, at)}${paint}${line.slice(at, end)}${RESET}${line.slice(end)}`;
}
