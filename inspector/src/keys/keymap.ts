import type { Tab } from '../model/panes.ts';
import type { Step } from '../scrub/steps.ts';

/** What a key asks for. */
export type Command =
  | { readonly type: 'search' | 'pause' | 'fit' | 'theme' | 'help' | 'escape' | 'open' }
  | { readonly type: 'move'; readonly by: 1 | -1 }
  | { readonly type: 'step'; readonly step: Step }
  | { readonly type: 'tab'; readonly tab: Tab };

/** The part of a keyboard event that matters. */
interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  /** Where text is typed only Escape means anything. */
  readonly inField: boolean;
  /** A button or the like has the focus: Enter and Space belong to it. */
  readonly onControl: boolean;
  /** A list, tab or chart has the focus and takes the arrows. */
  readonly ownsArrows: boolean;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  '/': { type: 'search' },
  j: { type: 'move', by: 1 },
  k: { type: 'move', by: -1 },
  ArrowDown: { type: 'move', by: 1 },
  ArrowUp: { type: 'move', by: -1 },
  Enter: { type: 'open' },
  ' ': { type: 'pause' },
  ArrowLeft: { type: 'step', step: 'previous' },
  ArrowRight: { type: 'step', step: 'next' },
  Home: { type: 'step', step: 'first' },
  End: { type: 'step', step: 'last' },
  f: { type: 'fit' },
  t: { type: 'theme' },
  '?': { type: 'help' },
  Escape: { type: 'escape' },
  1: { type: 'tab', tab: 'log' },
  2: { type: 'tab', tab: 'sequence' },
  3: { type: 'tab', tab: 'context' },
  4: { type: 'tab', tab: 'story' },
  5: { type: 'tab', tab: 'send' },
};

/** What a key press asks for, if anything. */
export function commandFor(press: KeyPress): Command | null {
  if (press.ctrlKey || press.metaKey || press.altKey) return null;
  const { key } = press;
  if (press.inField && key !== 'Escape') return null;
  if (press.onControl && (key === ' ' || key === 'Enter')) return null;
  if (press.ownsArrows && (key.startsWith('Arrow') || key === 'Home' || key === 'End')) return null;
  return COMMANDS[key] ?? null;
}

/** The keys as the help sheet shows them. */
export const KEY_HELP: readonly (readonly [
  title: string,
  keys: readonly (readonly [keys: string, meaning: string])[],
])[] = [
  [
    'Sessions',
    [
      ['/', 'search; Enter or ↓ goes to what was found, Esc clears'],
      ['j k ↓ ↑', 'next, previous session'],
      ['Enter', 'open it (on a narrow page)'],
    ],
  ],
  [
    'Time',
    [
      ['Space', 'pause and follow'],
      ['← →', 'one record back, forward'],
      ['Home End', 'first, latest record'],
      ['Esc', 'back to live'],
    ],
  ],
  [
    'View',
    [
      ['1 – 5', 'log, sequence, context, story, send'],
      ['f', 'fit the chart'],
      ['t', 'light or dark'],
      ['?', 'this sheet'],
    ],
  ],
];
