import './tabs.css';
import type { ComponentChildren } from 'preact';
import { nextTab } from '../keys/next-tab.ts';
import { TABS } from '../model/panes.ts';
import { usePage } from '../store/page.ts';

/** The tabs beside the chart. */
export function Tabs({ children }: { readonly children: ComponentChildren }) {
  const { view } = usePage();
  const current = view.tab.value;
  return (
    <section class="side" aria-label="Details">
      <div class="tabs" role="tablist">
        {TABS.map((tab, i) => (
          <button
            key={tab}
            id={`tab-${tab}`}
            type="button"
            class="tab"
            role="tab"
            aria-selected={tab === current}
            aria-controls="tab-panel"
            tabIndex={tab === current ? 0 : -1}
            title={`Key ${i + 1}`}
            onClick={() => view.showTab(tab)}
            onKeyDown={event => nextTab(event, TABS, tab, next => view.showTab(next))}
          >
            {tab}
          </button>
        ))}
      </div>
      <div class="tab-panel" id="tab-panel" role="tabpanel" aria-labelledby={`tab-${current}`}>
        {children}
      </div>
    </section>
  );
}
