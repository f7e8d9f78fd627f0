import { duration } from '../model/format.ts';
import { usePage } from '../store/page.ts';
import { useSize } from '../ui/use-size.ts';
import { type Deadline, deadlineRows, legible, type Scale, scaleFor } from './scale.ts';

const ROWS = 4;
/** A deadline that is so near stands out, ms. */
const NEAR_MS = 5_000;
/** Room for the label of a mark, px. */
const LABEL_PX = 48;

/** The deadlines of the chosen actor on an axis from now on: seconds wide, hours narrow. */
export function Deadlines() {
  const { playback, view } = usePage();
  void view.tick.value;
  const moment = playback.moment.value;
  const timers = moment?.timers ?? [];
  const now = playback.now();
  if (timers.length === 0) {
    return (
      <div class="deadlines">
        <div class="empty">
          {playback.place.value !== null && moment?.taken.length === 0
            ? 'What was armed at this moment is not known'
            : 'No deadline is armed'}
        </div>
      </div>
    );
  }
  const scale = scaleFor(timers.map(timer => timer.at - now));
  return (
    <div class="deadlines">
      <Axis scale={scale} />
      {deadlineRows(timers, ROWS).map(row => (
        <DeadlineRow key={row.map(({ name }) => name).join(' ')} row={row} scale={scale} now={now} />
      ))}
    </div>
  );
}

function Axis({ scale }: { readonly scale: Scale }) {
  const [ref, width] = useSize<HTMLDivElement>();
  return (
    <div class="deadlines-body" ref={ref}>
      <div class="axis-tick axis-now" style={{ left: 0 }}>
        <span>now</span>
      </div>
      {legible(scale.ticks, LABEL_PX / Math.max(LABEL_PX, width)).map(({ place, label }) => (
        <div key={label} class={`axis-tick ${place === 1 ? 'end' : ''}`} style={{ left: `${place * 100}%` }}>
          <span>{label}</span>
        </div>
      ))}
    </div>
  );
}

interface RowProps {
  readonly row: readonly Deadline[];
  readonly scale: Scale;
  readonly now: number;
}

function DeadlineRow({ row, scale, now }: RowProps) {
  const [first] = row;
  if (first === undefined) return null;
  const left = first.at - now;
  const place = scale.place(left);
  const title = row.map(({ name, at }) => `${name}: ${duration(at - now)}`).join('\n');
  return (
    <div class="deadline" data-near={left < NEAR_MS} title={title}>
      <span class="deadline-name cut">
        {first.name}
        {row.length > 1 && ` +${row.length - 1}`}
      </span>
      <div class="deadline-track">
        <div class="deadline-bar" style={{ width: `${place * 100}%` }} />
        {row.map(({ name, at }) => (
          <div key={name} class="deadline-mark" style={{ left: `${scale.place(at - now) * 100}%` }} />
        ))}
        <span class={`deadline-left ${place > 0.85 ? 'before' : ''}`} style={{ left: `${place * 100}%` }}>
          {duration(left)}
        </span>
      </div>
    </div>
  );
}
