/** Arrows move through a row of tabs, and the focus goes with them. */
export function nextTab<T extends string>(
  event: KeyboardEvent,
  tabs: readonly T[],
  current: T,
  show: (tab: T) => void,
): void {
  const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (by === 0) return;
  event.preventDefault();
  event.stopPropagation();
  const index = (tabs.indexOf(current) + by + tabs.length) % tabs.length;
  const siblings = (event.currentTarget as HTMLElement).parentElement?.children;
  show(tabs[index] as T);
  (siblings?.[index] as HTMLElement | undefined)?.focus();
}
