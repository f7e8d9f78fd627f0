import type { NodeId } from '../../src/integration/inspect/page-protocol.ts';
import { entry } from './entry.ts';
import type { Point } from './layout-types.ts';
import type { Route } from './route.ts';
import type { Port, Track } from './tracks.ts';

/** Distance of arrows side by side, and of the outer ones to the boxes, px. */
const LANE = 6;
const MARGIN = 7;
/** Arrows in one lane keep this far from each other. */
const APART = 5;

/** Arrows to one state that run along a track: they share a lane. */
interface Traveller {
  readonly target: NodeId;
  /** Where they run, and where they come from a side or leave to it: -1 left or up, 1 right or down. */
  readonly spans: [number, number][];
  readonly turns: { readonly at: number; readonly side: -1 | 1 }[];
  lane: number;
}

export interface Lanes {
  /** How far from the middle of a track the arrows to a state run, px. */
  readonly offset: (track: Track, target: NodeId) => number;
  /** How wide each channel must be, px. */
  readonly needs: ReadonlyMap<string, number>;
}

/** Puts arrows that share a channel side by side, in the order in which they cross least. */
export function lanesOf(routes: readonly Route[], widthOf: (channel: string) => number): Lanes {
  const offsets = new Map<Track, Map<NodeId, number>>();
  const needs = new Map<string, number>();
  for (const [track, travellers] of travellersOf(routes)) {
    const ordered = sorted([...travellers.values()]);
    const lanes = assign(ordered);
    const channel = track.channel as string;
    needs.set(channel, Math.max(needs.get(channel) ?? 0, (lanes - 1) * LANE + 2 * MARGIN));
    const room = Math.max(0, widthOf(channel) - MARGIN);
    const pitch = lanes < 2 ? 0 : Math.min(LANE, room / (lanes - 1));
    offsets.set(track, new Map(ordered.map(({ target, lane }) => [target, (lane - (lanes - 1) / 2) * pitch])));
  }
  return { offset: (track, target) => offsets.get(track)?.get(target) ?? 0, needs };
}

/** Who runs along each channel. */
function travellersOf(routes: readonly Route[]): Map<Track, Map<NodeId, Traveller>> {
  const travellers = new Map<Track, Map<NodeId, Traveller>>();
  for (const { target, begin, bends, end, tracks } of routes) {
    const points: readonly Point[] = [begin, ...bends, end];
    for (const [at, track] of tracks.entries()) {
      if (track.channel === null) continue;
      const along = (point: Point): number => (track.vertical ? point.y : point.x);
      const across = (point: Point): number => (track.vertical ? point.x : point.y);
      const here = entry(travellers, track, () => new Map<NodeId, Traveller>());
      const traveller = entry(here, target, () => ({ target, spans: [], turns: [], lane: 0 }));
      const [before, from, to, behind] = [points[at - 1], points[at] as Point, points[at + 1] as Point, points[at + 2]];
      traveller.spans.push([Math.min(along(from), along(to)), Math.max(along(from), along(to))]);
      if (before !== undefined) traveller.turns.push({ at: along(from), side: across(before) < track.at ? -1 : 1 });
      if (behind !== undefined) traveller.turns.push({ at: along(to), side: across(behind) < track.at ? -1 : 1 });
    }
  }
  return travellers;
}

/** Gives each the first lane that is free of those before it. */
function assign(ordered: readonly Traveller[]): number {
  let lanes = 0;
  for (const [at, one] of ordered.entries()) {
    one.lane = Math.max(
      0,
      ...ordered
        .slice(0, at)
        .filter(other => meet(one, other))
        .map(other => other.lane + 1),
    );
    lanes = Math.max(lanes, one.lane + 1);
  }
  return lanes;
}

const meet = (one: Traveller, other: Traveller): boolean =>
  one.spans.some(([from, to]) => other.spans.some(([begin, end]) => from < end + APART && begin < to + APART));

/** How often two cross if `one` runs left of `other`, or above it. */
function crossings(one: Traveller, other: Traveller): number {
  const covers = ({ spans }: Traveller, at: number): boolean => spans.some(([from, to]) => from < at && at < to);
  return (
    one.turns.filter(({ at, side }) => side > 0 && covers(other, at)).length +
    other.turns.filter(({ at, side }) => side < 0 && covers(one, at)).length
  );
}

function sorted(travellers: Traveller[]): Traveller[] {
  const lean = ({ turns }: Traveller): number => turns.reduce((sum, { side }) => sum + side, 0);
  const order = [...travellers].sort((one, other) => lean(one) - lean(other));
  for (let round = 0; round < order.length; round += 1)
    for (let at = 0; at + 1 < order.length; at += 1) {
      const [one, other] = [order[at] as Traveller, order[at + 1] as Traveller];
      if (crossings(other, one) >= crossings(one, other)) continue;
      order[at] = other;
      order[at + 1] = one;
    }
  return order;
}

/** The corners of a route in its lanes. */
export function cornersOf(route: Route, { offset }: Lanes): Point[] {
  const at = (track: Track): number => track.at + offset(track, route.target);
  const points: Point[] = [{ x: route.begin.x, y: route.begin.y }];
  for (let index = 1; index < route.tracks.length; index += 1) {
    const before = route.tracks[index - 1] as Track;
    const behind = route.tracks[index] as Track;
    points.push(before.vertical ? { x: at(before), y: at(behind) } : { x: at(behind), y: at(before) });
  }
  points.push({ x: route.end.x, y: route.end.y });
  return route.end.track.vertical ? straightened(points, route.end) : points;
}

/** An arrow that comes from above or below need not go to the middle of the state. */
function straightened(points: Point[], { y, reach: [from, to] }: Port): Point[] {
  const turn = points.at(-3);
  if (turn === undefined || points.length < 4 || turn.x < from || turn.x > to) return points;
  return [...points.slice(0, -3), { x: turn.x, y }];
}
