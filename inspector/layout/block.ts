import type { Chip } from './layout-types.ts';
import type { Trigger } from './picture.ts';
import { fitText, textWidth } from './text-width.ts';

/** Sizes of the drawing, px. The page draws with the same. */
export const TITLE_SIZE = 13;
export const TEXT_SIZE = 11;
export const GLYPH_WIDTH = 13;
export const CHIP_HEIGHT = 15;
/** For the remaining time: `59:59`. */
export const TIME_WIDTH = 39;
const TITLE_HEIGHT = 26;
export const SIDE = 10;
const ROW_GAP = 2;
const CHIP_GAP = 7;
const WORD_GAP = 4;
const BELOW = 7;
/** Texts of charts that nobody here has seen may be long. */
const LONGEST = 150;
/** Rows of a card are broken here, where nothing makes it wider. */
const ROOM = 128;

/** Chips side by side, all of one arrow or of none. */
export interface Row {
  readonly y: number;
  readonly width: number;
  /** Index of the arrow that begins here. */
  readonly bundle: number | null;
  readonly chips: readonly Chip[];
}

/** The texts of a box, relative to its upper left corner. */
export interface Block {
  readonly width: number;
  readonly height: number;
  /** How far the texts keep from the sides. */
  readonly left: number;
  readonly right: number;
  readonly title: string;
  /** In the row of the title, to the right; or in the rows. */
  readonly aside: readonly Chip[];
  readonly rows: readonly Row[];
}

/** What is written in a box. */
export interface Texts {
  readonly title: string;
  readonly invokes: readonly Trigger[];
  readonly reactions: readonly Trigger[];
  readonly bundles: readonly { readonly index: number; readonly triggers: readonly Trigger[] }[];
}

/** The width that a box needs for its texts, if nothing else makes it wider. */
export function naturalWidth(texts: Texts): number {
  const chips = [...texts.invokes, ...texts.reactions, ...texts.bundles.flatMap(({ triggers }) => triggers)].map(sized);
  const widest = Math.max(0, ...chips.map(({ width }) => width));
  const rows = [texts.invokes, texts.reactions, ...texts.bundles.map(({ triggers }) => triggers)].map(row =>
    Math.min(
      ROOM,
      row.map(sized).reduce((sum, { width }) => sum + width + CHIP_GAP, -CHIP_GAP),
    ),
  );
  return Math.ceil(Math.max(titleWidth(texts.title), widest, ...rows)) + 2 * SIDE;
}

const titleWidth = (title: string): number =>
  textWidth(fitText(title, LONGEST, TITLE_SIZE, 'semibold'), TITLE_SIZE, 'semibold');

/** Sets the texts of a box that is `width` wide, with texts no closer to its sides than `left` and `right`. */
export function setBlock(texts: Texts, width: number, left = SIDE, right = SIDE): Block {
  const title = fitText(texts.title, LONGEST, TITLE_SIZE, 'semibold');
  const room = width - left - right;
  if (title === '') return { width, height: 0, left, right, title, aside: [], rows: [] };
  const invokes = rowsOf(texts.invokes, room, null);
  const fits = invokes.length === 1 && titleWidth(texts.title) + 12 + (invokes[0]?.width ?? 0) <= room;
  const aside = fits
    ? invokes.flatMap(row => row.chips.map(chip => ({ ...chip, x: chip.x + width - right - row.width, y: 6 })))
    : [];
  const groups = [
    ...(fits ? [] : [invokes]),
    rowsOf(texts.reactions, room, null),
    ...texts.bundles.map(({ index, triggers }) => rowsOf(triggers, room, index)),
  ].filter(rows => rows.length > 0);
  let y = TITLE_HEIGHT;
  const rows: Row[] = [];
  for (const group of groups) {
    for (const row of group) {
      rows.push({ ...row, y, chips: row.chips.map(chip => ({ ...chip, x: chip.x + left, y })) });
      y += CHIP_HEIGHT + ROW_GAP;
    }
    y += ROW_GAP;
  }
  return {
    width,
    height: rows.length === 0 ? TITLE_HEIGHT + 2 : y - 2 * ROW_GAP + BELOW,
    left,
    right,
    title,
    aside,
    rows,
  };
}

/** Breaks chips into rows. A condition that several share is written once, on the last of them. */
function rowsOf(triggers: readonly Trigger[], room: number, bundle: number | null): Row[] {
  const rows: Row[] = [];
  let chips: Chip[] = [];
  let x = 0;
  const flush = (): void => {
    if (chips.length > 0) rows.push({ y: 0, width: x - CHIP_GAP, bundle, chips });
    chips = [];
    x = 0;
  };
  for (const chip of triggers.map(sized)) {
    if (x > 0 && x + chip.width > room) flush();
    chips.push({ ...chip, x });
    x += chip.width + CHIP_GAP;
  }
  flush();
  return rows;
}

function sized(trigger: Trigger): Chip {
  const text = fitText(trigger.text, LONGEST, TEXT_SIZE);
  const guard = fitText(trigger.guard, LONGEST, TEXT_SIZE);
  const words = [text, guard === '' ? '' : `[${guard}]`, trigger.to === '' ? '' : `→ ${trigger.to}`].filter(
    word => word !== '',
  );
  const width =
    trigger.glyphs.length * GLYPH_WIDTH +
    words.reduce((sum, word) => sum + textWidth(word, TEXT_SIZE) + WORD_GAP, -WORD_GAP) +
    (words.length === 0 ? WORD_GAP : 0) +
    (trigger.delay === null ? 0 : TIME_WIDTH);
  return { ...trigger, text, guard, x: 0, y: 0, width: Math.ceil(width), height: CHIP_HEIGHT };
}
