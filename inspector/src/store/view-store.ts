import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Pane, Tab } from '../model/panes.ts';

export type Theme = 'light' | 'dark' | 'system';

const THEME_KEY = 'sessionchart.theme';
const NARROW = '(max-width: 759px)';
const TICK_MS = 100;

/** How the page is set up: which parts are seen, in which colours. */
export interface ViewStore {
  readonly tab: Signal<Tab>;
  readonly pane: Signal<Pane>;
  readonly help: Signal<boolean>;
  readonly narrow: ReadonlySignal<boolean>;
  readonly theme: ReadonlySignal<Theme>;
  /** Changes ten times a second while the page is seen: what counts down reads it. */
  readonly tick: ReadonlySignal<number>;
  showTab(tab: Tab): void;
  switchTheme(): void;
}

export function viewStore(): ViewStore {
  const tab = signal<Tab>('log');
  const pane = signal<Pane>('sessions');
  const query = matchMedia(NARROW);
  const narrow = signal(query.matches);
  query.addEventListener('change', () => {
    narrow.value = query.matches;
  });
  const theme = signal<Theme>(storedTheme());
  const dark = matchMedia('(prefers-color-scheme: dark)');
  paint(theme.peek());
  const tick = signal(0);
  setInterval(() => {
    if (!document.hidden) tick.value += 1;
  }, TICK_MS);

  return {
    tab,
    pane,
    help: signal(false),
    narrow,
    theme,
    tick,
    showTab(next) {
      tab.value = next;
      pane.value = next;
    },
    switchTheme() {
      const isDark = theme.peek() === 'system' ? dark.matches : theme.peek() === 'dark';
      theme.value = isDark ? 'light' : 'dark';
      paint(theme.peek());
      localStorage.setItem(THEME_KEY, theme.peek());
    },
  };
}

function storedTheme(): Theme {
  const stored = localStorage.getItem(THEME_KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

function paint(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
