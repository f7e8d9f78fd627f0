import { LONGEST_PAGE } from '../../../src/integration/inspect/page-protocol.ts';

/** Rows asked for beyond those that are seen, on either side. */
const MARGIN = 120;
/** So near to the edge of what is at hand the next part is asked for. */
const NEAR = 40;

/** No screen is so high; what is seen with its margins is never longer than a page. */
const MOST_SEEN = LONGEST_PAGE - 2 * MARGIN;

export interface Span {
  readonly offset: number;
  readonly limit: number;
}

/** The rows that a list of this height shows. */
export function visibleRows(scrollTop: number, height: number, rowHeight: number, matched: number): Span {
  const offset = Math.min(Math.max(0, Math.floor(scrollTop / rowHeight)), Math.max(0, matched - 1));
  return { offset, limit: Math.max(1, Math.min(MOST_SEEN, Math.ceil(height / rowHeight) + 1, matched - offset)) };
}

/** The part of the list to ask for: around what is seen. */
export function partAround(seen: Span): Span {
  const offset = Math.max(0, seen.offset - MARGIN);
  return { offset, limit: seen.offset - offset + seen.limit + MARGIN };
}

/** Whether what is seen is so near to the edge of what is at hand that more should be asked for. */
export function needsMore(seen: Span, atHand: Span, matched: number): boolean {
  const from = Math.max(0, seen.offset - NEAR);
  const to = Math.min(matched, seen.offset + seen.limit + NEAR);
  return from < atHand.offset || to > atHand.offset + atHand.limit;
}

/** Where to scroll so that a row is seen as a whole; the present place if it is. */
export function revealed(scrollTop: number, height: number, rowHeight: number, index: number): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}
