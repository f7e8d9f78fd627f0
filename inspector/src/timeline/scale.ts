/** Below this the scale is linear, beyond it grows with the logarithm, ms: seconds matter, hours do not. */
const LINEAR_MS = 4_000;
/** The shortest reach of the axis, ms. */
const SHORTEST_REACH_MS = 15_000;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS: readonly (readonly [number, string])[] = [
  [SECOND, '1 s'],
  [5 * SECOND, '5 s'],
  [15 * SECOND, '15 s'],
  [MINUTE, '1 min'],
  [5 * MINUTE, '5 min'],
  [15 * MINUTE, '15 min'],
  [HOUR, '1 h'],
  [6 * HOUR, '6 h'],
  [DAY, '1 d'],
  [7 * DAY, '7 d'],
  [30 * DAY, '30 d'],
  [365 * DAY, '1 y'],
];

/** Reaches that the axis jumps between, so that it stands still most of the time. */
const REACHES = [SHORTEST_REACH_MS, ...STEPS.map(([ms]) => ms).filter(ms => ms > SHORTEST_REACH_MS)];

export interface Scale {
  readonly reachMs: number;
  /** Place of a time that is left, 0 for now to 1 at the end of the axis. */
  place(leftMs: number): number;
  readonly ticks: readonly { readonly place: number; readonly label: string }[];
}

/** An axis from now into the future that reaches to the last of these times. */
export function scaleFor(leftMs: readonly number[]): Scale {
  const farthest = Math.max(0, ...leftMs);
  const reachMs = REACHES.find(reach => reach >= farthest) ?? farthest;
  const whole = Math.log1p(reachMs / LINEAR_MS);
  const place = (left: number): number => Math.min(1, Math.log1p(Math.max(0, left) / LINEAR_MS) / whole);
  const ticks = STEPS.filter(([ms]) => ms <= reachMs).map(([ms, label]) => ({ place: place(ms), label }));
  return { reachMs, place, ticks };
}

/** The marks whose labels have room: `gap` of the axis for each. The end of the axis keeps its own. */
export function legible(ticks: Scale['ticks'], gap: number): Scale['ticks'] {
  const end = ticks.at(-1);
  const kept: (typeof ticks)[number][] = [];
  for (const tick of ticks) {
    const from = kept.at(-1)?.place ?? 0;
    if (tick === end || (tick.place >= from + gap && tick.place <= 1 - gap)) kept.push(tick);
  }
  return kept;
}

export interface Deadline {
  readonly name: string;
  readonly at: number;
}

/** Deadlines in the order of time. The farthest beyond `rows` share a row. */
export function deadlineRows(deadlines: readonly Deadline[], rows: number): readonly (readonly Deadline[])[] {
  const sorted = [...deadlines].sort((a, b) => a.at - b.at || a.name.localeCompare(b.name));
  if (sorted.length <= rows) return sorted.map(deadline => [deadline]);
  return [...sorted.slice(0, rows - 1).map(deadline => [deadline]), sorted.slice(rows - 1)];
}
