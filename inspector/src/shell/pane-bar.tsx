import './tabs.css';
import { nextTab } from '../keys/next-tab.ts';
import { PANES, type Pane, TABS, type Tab } from '../model/panes.ts';
import { usePage } from '../store/page.ts';
import { Icon } from '../ui/icon.tsx';

/** On a narrow page: what it shows, one at a time. */
export function PaneBar() {
  const { view } = usePage();
  const current = view.pane.value;
  const show = (pane: Pane): void => {
    view.pane.value = pane;
    if ((TABS as readonly string[]).includes(pane)) view.tab.value = pane as Tab;
  };
  return (
    <div class="pane-bar" role="tablist" aria-label="Views">
      {PANES.map(pane => (
        <button
          key={pane}
          type="button"
          class="pane-tab"
          role="tab"
          aria-selected={pane === current}
          aria-controls="pane"
          tabIndex={pane === current ? 0 : -1}
          onClick={() => show(pane)}
          onKeyDown={event => nextTab(event, PANES, pane, show)}
        >
          <Icon name={pane} />
          {pane}
        </button>
      ))}
    </div>
  );
}
