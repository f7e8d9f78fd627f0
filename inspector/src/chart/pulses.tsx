import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { EdgeId } from '../../../src/integration/inspect/page-protocol.ts';
import type { ChartLayout, Chip } from '../../layout/layout-types.ts';
import { MOST_TAKEN, type Taken, takenSince } from '../model/moment.ts';
import { linePath } from './path-shape.ts';

/** As long as the slowest animation of a pulse in the style sheet, ms. */
const SEEN_MS = 1_800;

interface Pulse {
  readonly id: number;
  readonly lines: readonly string[];
  readonly chips: readonly Chip[];
}

interface Props {
  readonly layout: ChartLayout;
  readonly taken: readonly Taken[];
  readonly subject: string;
}

/** What runs along the arrows that were taken, once for each transition: their numbers tell which have come since. */
export function Pulses({ layout, taken, subject }: Props) {
  const seq = taken.at(-1)?.seq ?? 0;
  const [pulses, setPulses] = useState<readonly Pulse[]>([]);
  const last = useRef({ subject, seq });
  const count = useRef(0);
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());
  useLayoutEffect(() => {
    const before = last.current;
    if (before.seq === seq && before.subject === subject) return;
    last.current = { subject, seq };
    if (before.subject !== subject) {
      setPulses([]);
      return;
    }
    const fresh = takenSince(taken, before.seq).map(({ edges }) => {
      count.current += 1;
      return { id: count.current, ...wayOf(layout, edges) };
    });
    setPulses(others => [...others, ...fresh].slice(-MOST_TAKEN));
    const timer = setTimeout(() => {
      timers.current.delete(timer);
      setPulses(others => others.filter(other => !fresh.includes(other)));
    }, SEEN_MS);
    timers.current.add(timer);
  }, [layout, taken, seq, subject]);
  useEffect(() => () => timers.current.forEach(clearTimeout), []);
  return (
    <g class="chart-pulses">
      {pulses.map(({ id, lines, chips }) => (
        <g key={id}>
          {chips.map(({ x, y, width, height }) => (
            <rect key={`${x} ${y}`} class="chart-flash" x={x - 3} y={y} width={width + 6} height={height} rx={4} />
          ))}
          {lines.map(line => (
            <g key={line}>
              <path class="chart-trail" d={line} />
              <path class="chart-pulse" d={line} pathLength={100} />
            </g>
          ))}
        </g>
      ))}
    </g>
  );
}

function wayOf(layout: ChartLayout, taken: readonly EdgeId[]): Omit<Pulse, 'id'> {
  const edges = new Set(taken);
  const lines = layout.arrows
    .filter(arrow => arrow.edges.some(edge => edges.has(edge)))
    .flatMap(({ paths }) => paths.map(linePath));
  const chips = layout.boxes.flatMap(box => box.chips.filter(chip => chip.edges.some(edge => edges.has(edge))));
  return { lines, chips };
}
