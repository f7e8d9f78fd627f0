/** Tabs beside the chart, in the order of their keys. */
export const TABS = ['log', 'sequence', 'context', 'story', 'send'] as const;
export type Tab = (typeof TABS)[number];

/** What a narrow page shows, one at a time. */
export const PANES = ['sessions', 'chart', ...TABS] as const;
export type Pane = (typeof PANES)[number];
