import type { Page } from '../store/page.ts';
import { revealed } from './list-window.ts';

export const LIST_ELEMENT_ID = 'session-rows';
export const SEARCH_ELEMENT_ID = 'session-search';

/** Chooses the session before or behind the chosen one, and scrolls so that it is seen. */
export function walk({ list, selection }: Page, by: 1 | -1, rowHeight: number): void {
  const { offset, rows } = list.rows.peek();
  const at = rows.findIndex(row => row.actor === selection.selected.peek());
  const index = at < 0 ? list.seen.peek().offset : offset + at + by;
  const row = rows[index - offset];
  if (row === undefined) return;
  selection.select(row.actor);
  const element = document.getElementById(LIST_ELEMENT_ID);
  if (element !== null) element.scrollTop = revealed(element.scrollTop, element.clientHeight, rowHeight, index);
}
