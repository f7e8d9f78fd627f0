import { useEffect } from 'preact/hooks';
import { LIST_ROW_PX } from '../list/session-row.tsx';
import { LIST_ELEMENT_ID, SEARCH_ELEMENT_ID, walk } from '../list/walk.ts';
import { type Page, usePage } from '../store/page.ts';
import { type Command, commandFor } from './keymap.ts';

/** Something that fits the chart into its frame listens for this. */
export const FIT_EVENT = 'inspector-fit';

/** The keys of the page. */
export function useKeys(): void {
  const page = usePage();
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      const target = event.target instanceof HTMLElement ? event.target : document.body;
      const command = commandFor({
        key: event.key,
        ctrlKey: event.ctrlKey,
        metaKey: event.metaKey,
        altKey: event.altKey,
        inField: target.matches('input, textarea, select, [contenteditable]'),
        onControl: target.matches('button, a, summary, [role="button"]'),
        ownsArrows: target.matches('[role="tab"], [role="slider"]'),
      });
      if (command === null || (page.view.help.peek() && command.type !== 'escape' && command.type !== 'help')) return;
      event.preventDefault();
      run(page, command, target);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [page]);
}

function run(page: Page, command: Command, target: HTMLElement): void {
  const { view, playback } = page;
  switch (command.type) {
    case 'search':
      view.pane.value = 'sessions';
      focusSearch();
      break;
    case 'pause':
      playback.toggle();
      break;
    case 'fit':
      dispatchEvent(new Event(FIT_EVENT));
      break;
    case 'theme':
      view.switchTheme();
      break;
    case 'help':
      view.help.value = !view.help.peek();
      break;
    case 'open':
      if (view.narrow.peek() && page.selection.selected.peek() !== null) view.pane.value = 'chart';
      break;
    case 'move':
      walk(page, command.by, LIST_ROW_PX);
      break;
    case 'step':
      playback.step(command.step);
      break;
    case 'tab':
      view.showTab(command.tab);
      break;
    case 'escape':
      leave(page, target);
      break;
  }
}

/** At once where the field is there: what is typed next belongs to it. On a narrow page it has to be drawn first. */
function focusSearch(): void {
  const field = document.getElementById(SEARCH_ELEMENT_ID);
  if (field !== null) field.focus();
  else requestAnimationFrame(() => document.getElementById(SEARCH_ELEMENT_ID)?.focus());
}

/** Leaves the innermost thing that is open: the help, a field, the past. */
function leave({ view, playback }: Page, target: HTMLElement): void {
  if (view.help.peek()) view.help.value = false;
  else if (target.matches('input, textarea, select')) {
    target.blur();
    document.getElementById(LIST_ELEMENT_ID)?.focus({ preventScroll: true });
  } else playback.live();
}
