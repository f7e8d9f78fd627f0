import './time-panel.css';
import { PastBanner } from '../scrub/past-banner.tsx';
import { Scrubber } from '../scrub/scrubber.tsx';
import { usePage } from '../store/page.ts';
import { Deadlines } from './deadlines.tsx';

/** Below the chart: what is due, and what was. */
export function TimePanel() {
  const { selection, view } = usePage();
  if (selection.row.value === undefined || (selection.watched.value === undefined && selection.isPast.value))
    return null;
  const withDeadlines = !view.narrow.value || view.pane.value === 'chart';
  return (
    <section class="time" aria-label="Time">
      <PastBanner />
      {withDeadlines && <Deadlines />}
      <Scrubber />
    </section>
  );
}
