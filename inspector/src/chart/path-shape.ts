import type { Point } from '../../layout/layout-types.ts';

const CORNER = 6;
/** Length of the head of an arrow; the line ends at its base. */
const HEAD = 7;
const HALF = 3.4;

const round = (n: number): number => Math.round(n * 10) / 10;
const at = ({ x, y }: Point): string => `${round(x)} ${round(y)}`;

/** From `from`, `by` px towards `to`. */
function towards(from: Point, to: Point, by: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return { x: from.x + ((to.x - from.x) * by) / length, y: from.y + ((to.y - from.y) * by) / length };
}

/** The line of an arrow with round corners, as an SVG path. It ends where the head begins. */
export function linePath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const end = points.at(-1);
  const before = points.at(-2);
  if (first === undefined || end === undefined || before === undefined) return '';
  let path = `M${at(first)}`;
  for (const [index, corner] of rest.slice(0, -1).entries()) {
    const last = points[index] as Point;
    const next = points[index + 2] as Point;
    const room = Math.min(distance(last, corner), distance(corner, next)) / 2;
    const radius = Math.min(CORNER, room);
    path += `L${at(towards(corner, last, radius))}Q${at(corner)} ${at(towards(corner, next, radius))}`;
  }
  return `${path}L${at(towards(end, before, Math.min(HEAD - 1, distance(end, before))))}`;
}

/** The head of an arrow, as an SVG path. */
export function headPath(points: readonly Point[]): string {
  const tip = points.at(-1);
  const before = points.at(-2);
  if (tip === undefined || before === undefined) return '';
  const base = towards(tip, before, HEAD);
  const [dx, dy] = [((tip.y - base.y) / HEAD) * HALF, ((base.x - tip.x) / HEAD) * HALF];
  return `M${at(tip)}L${at({ x: base.x + dx, y: base.y + dy })}L${at({ x: base.x - dx, y: base.y - dy })}Z`;
}

const distance = (one: Point, other: Point): number => Math.abs(one.x - other.x) + Math.abs(one.y - other.y);
