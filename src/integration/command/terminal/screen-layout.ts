import type { Picture, Size } from './picture.ts';
import type { Room } from './view-types.ts';

/** From so many columns on the list and the details have place beside each other. */
const WIDE = 100;
/** The list beside the details. */
const WIDEST_LIST = 62;
const SEPARATOR = 3;

/** Title, counts, and what the list was asked; the line of keys below. */
const HEAD = 3;
const FOOT = 1;
/** The titles of the columns. */
const LIST_HEAD = 1;
/** As many as one part of the list is sure to hold. */
const MOST_ROWS = 150;
/** Lines of the details before the deadlines: who, what, since when, and an empty one. */
const DETAIL_HEAD = 4;
const FEWEST_LOG_LINES = 5;
const MOST_TIMERS = 8;
const MOST_VALUES = 6;

export interface Layout {
  readonly isWide: boolean;
  readonly bodyLines: number;
  readonly listColumns: number;
  readonly paneColumns: number;
  readonly timers: number;
  readonly values: number;
  readonly room: Room;
}

/** Who gets how much of the screen. The log gets what the others leave, and always something. */
export function layoutOf(picture: Picture, { columns, lines }: Size): Layout {
  const isWide = columns >= WIDE;
  const bodyLines = Math.max(1, lines - HEAD - FOOT);
  const listColumns = isWide ? Math.min(WIDEST_LIST, Math.floor(columns * 0.48)) : columns;
  let free = bodyLines - DETAIL_HEAD - 1 - FEWEST_LOG_LINES;
  const section = (wanted: number, most: number): number => {
    // Its title, and an empty line behind it.
    const lines = Math.max(0, Math.min(wanted, most, free - 2));
    if (lines > 0) free -= lines + 2;
    return lines;
  };
  const timers = section(picture.watched?.timers.length ?? 0, MOST_TIMERS);
  const values = section(latestValues(picture).length, MOST_VALUES);
  const used = DETAIL_HEAD + 1 + (timers > 0 ? timers + 2 : 0) + (values > 0 ? values + 2 : 0);
  return {
    isWide,
    bodyLines,
    listColumns,
    paneColumns: isWide ? columns - listColumns - SEPARATOR : columns,
    timers,
    values,
    room: {
      list: Math.min(MOST_ROWS, Math.max(1, bodyLines - LIST_HEAD)),
      log: Math.max(1, bodyLines - used),
      story: Math.max(1, bodyLines - 2),
    },
  };
}

/** Names in the context that changed, the latest first, each once. */
export function latestValues({ watched }: Picture): readonly string[] {
  const names = new Set<string>();
  for (const entry of watched?.log.toReversed() ?? []) {
    if (entry.kind !== 'transition') continue;
    for (const name of [...Object.keys(entry.changes.set), ...entry.changes.removed]) names.add(name);
    if (names.size >= MOST_VALUES) break;
  }
  return [...names];
}
