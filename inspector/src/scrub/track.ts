import type { ActorRow } from '../../../src/integration/inspect/page-protocol.ts';
import type { LogEntry } from '../../../src/integration/inspect/viewer/watched.ts';
import { stateOfPath } from '../model/state-tone.ts';

/** The shortest time that the track shows, ms: the first records do not fly apart. */
const SHORTEST_MS = 10_000;

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A stretch of the track in one state. Places are 0 to 1. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly state: string;
}

/** A mark for records that fall on the same place. */
export interface Tick {
  readonly place: number;
  readonly kind: 'transition' | 'other' | 'gap';
  /** Index in the log of the last of them. */
  readonly index: number;
}

/** The time that the track shows: from the first record that is kept until now. */
export function spanOf(log: readonly LogEntry[], now: number): Span {
  const first = log[0]?.at ?? now;
  const to = Math.max(now, log.at(-1)?.at ?? now);
  return { from: Math.min(first, to - SHORTEST_MS), to };
}

export const placeOf = (at: number, { from, to }: Span): number => Math.min(1, Math.max(0, (at - from) / (to - from)));

/** The states that the actor went through, as stretches of the track. */
export function bandsOf(log: readonly LogEntry[], span: Span, role: ActorRow['role']): readonly Band[] {
  const bands: Band[] = [];
  let state: string | undefined;
  let from = log[0] === undefined ? 1 : placeOf(log[0].at, span);
  for (const entry of log) {
    if (entry.kind !== 'transition') continue;
    state ??= stateOfPath(entry.from, role);
    const next = stateOfPath(entry.to, role);
    if (next === state) continue;
    const place = placeOf(entry.at, span);
    if (place > from) bands.push({ from, to: place, state });
    from = place;
    state = next;
  }
  if (state !== undefined) bands.push({ from, to: 1, state });
  return bands;
}

/** Marks for the records: at most one per pixel of the width, transitions before the rest. */
export function ticksOf(log: readonly LogEntry[], span: Span, width: number): readonly Tick[] {
  const byPixel = new Map<number, Tick>();
  for (const [index, entry] of log.entries()) {
    const place = placeOf(entry.at, span);
    const pixel = Math.round(place * width);
    const kind = entry.kind === 'transition' || entry.kind === 'gap' ? entry.kind : 'other';
    const known = byPixel.get(pixel);
    if (known === undefined || RANK[kind] >= RANK[known.kind]) byPixel.set(pixel, { place, kind, index });
  }
  return [...byPixel.values()];
}

const RANK = { other: 0, transition: 1, gap: 2 } as const;

/** One line of a picture for all bands of a state, in steps of whole pixels: their number does not grow with the log. */
export function bandPaths(
  bands: readonly Band[],
  width: number,
  y: number,
  height: number,
): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  let drawn = 0;
  for (const { from, to, state } of bands) {
    const [left, right] = [Math.max(drawn, Math.floor(from * width)), Math.ceil(to * width)];
    if (right <= left) continue;
    paths.set(state, `${paths.get(state) ?? ''}M${left} ${y}H${right}V${y + height}H${left}Z`);
    drawn = right;
  }
  return paths;
}

/** The same for marks. */
export function tickPath(ticks: readonly Tick[], kind: Tick['kind'], width: number, y: number, height: number): string {
  const places = ticks.filter(tick => tick.kind === kind).map(({ place }) => Math.round(place * width) + 0.5);
  return places.map(x => `M${x} ${y}v${height}`).join('');
}

/** The entry that was the latest at a place of the track; -1 before the first. */
export function entryAt(log: readonly LogEntry[], span: Span, place: number): number {
  const at = span.from + place * (span.to - span.from);
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((log[middle]?.at ?? Number.POSITIVE_INFINITY) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
