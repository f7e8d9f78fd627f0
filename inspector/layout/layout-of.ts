import type { ChartDefinition, NodeId } from '../../src/integration/inspect/page-protocol.ts';
import { arrangements, scaleOf } from './arrange.ts';
import { SIDE } from './block.ts';
import { cornersOf, lanesOf } from './lanes.ts';
import type { Arrow, Box, ChartLayout, Chip, Point, Start } from './layout-types.ts';
import { type Picture, pictureOf } from './picture.ts';
import { type Arrangement, place, type Spot, spotsOf } from './place.ts';
import { type Route, routesOf } from './route.ts';
import { networkOf } from './tracks.ts';
import { type Cell, cellsOf, treeOf } from './tree.ts';

/** Arrangements whose arrows are drawn before the best is taken; fewer where there are many arrows. */
const CANDIDATES = 8;
const MOST_ARROWS = 400;
/** The channels are given the width that the arrows need, and the arrows their ways through those, so often. */
const ROUNDS = 3;
/** A chart with room to spare is spread so far, and no further. */
const SPREAD = { to: 0.75, most: 1.8 };

interface Drawn {
  readonly root: Spot;
  readonly routes: readonly Route[];
  readonly paths: readonly (readonly Point[])[];
}

/**
 * Lays a chart out: nested boxes in columns, the triggers as texts in the boxes, and orthogonal arrows from the texts to
 * the states to which they lead. The same definition gives the same layout everywhere.
 *
 * @param effort how long the best arrangement is searched for, as a part of the usual.
 *
 * @example
 * const { boxes, arrows } = layoutOf(chartDefinition(machine));
 */
export function layoutOf(definition: ChartDefinition, effort = 1): ChartLayout {
  const picture = pictureOf(definition);
  const tree = treeOf(definition, picture);
  const cells = cellsOf(tree);
  const wanted = Math.max(1, Math.min(CANDIDATES, Math.floor(MOST_ARROWS / (picture.bundles.length + 1))));
  const drawings = arrangements(tree, picture, wanted, effort).map(arrangement => {
    const drawn = draw(tree, arrangement, picture, cells);
    return { arrangement, drawn, cost: costOf(drawn) };
  });
  const best = drawings.reduce((one, other) => (other.cost < one.cost ? other : one));
  const ease = Math.min(SPREAD.most, SPREAD.to / scaleOf(best.drawn.root));
  const drawn = ease > 1 ? draw(tree, best.arrangement, picture, cells, ease) : best.drawn;
  return finished(definition, picture, drawn);
}

function draw(
  tree: Cell,
  arrangement: Arrangement,
  picture: Picture,
  cells: ReadonlyMap<NodeId, Cell>,
  ease = 1,
): Drawn {
  let widths: ReadonlyMap<string, number> = new Map();
  for (let round = 1; ; round += 1) {
    const root = place(tree, arrangement, widths, ease);
    const routes = routesOf(root, networkOf(root, picture), picture, cells);
    const lanes = lanesOf(routes, channel => widths.get(channel) ?? 0);
    if (round === ROUNDS) return { root, routes, paths: routes.map(route => cornersOf(route, lanes)) };
    widths = lanes.needs;
  }
}

/** Small, with short arrows, few bends and few crossings. */
function costOf({ root, paths }: Drawn): number {
  let cost = scaleOf(root) * (500 + 400 * paths.length);
  const flat: [Point, Point][] = [];
  const upright: [Point, Point][] = [];
  for (const path of paths)
    for (const [at, point] of path.entries()) {
      const next = path[at + 1];
      if (next === undefined) continue;
      cost += Math.abs(next.x - point.x) + Math.abs(next.y - point.y) + 10;
      (point.y === next.y ? flat : upright).push([point, next]);
    }
  for (const [from, to] of flat)
    for (const [begin, end] of upright)
      if ((from.x - begin.x) * (to.x - begin.x) < 0 && (begin.y - from.y) * (end.y - from.y) < 0) cost += 15;
  return cost;
}

function finished(definition: ChartDefinition, picture: Picture, { root, routes, paths }: Drawn): ChartLayout {
  const spots = spotsOf(root);
  const leaving = new Map(
    routes.map(({ bundle, begin, tracks }) => [bundle, tracks[0]?.from === begin.x ? 1 : -1] as const),
  );
  const arrows: Arrow[] = picture.bundles.map(({ source, targets, edges, eventless }, index) => ({
    id: `arrow-${index}`,
    source,
    targets,
    edges,
    eventless,
    paths: paths.filter((_, at) => routes[at]?.bundle === index),
  }));
  const starts: Start[] = [...spots.values()]
    .filter(({ hat }) => hat > 0)
    .map(({ cell, x, y, hat }) => ({ node: cell.node.id, x: x + 14, y: y - hat + 4 }));
  const boxes = definition.nodes.map(({ id }) => boxOf(spots.get(id) as Spot, leaving));
  return rounded({ key: definition.key, width: root.width, height: root.height, boxes, arrows, starts });
}

/** Tenths are fine enough for the eye, and short. */
const rounded = (layout: ChartLayout): ChartLayout =>
  JSON.parse(JSON.stringify(layout, (_, value) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value)));

/** The texts of an arrow stand at the side from which it leaves. */
function boxOf(spot: Spot, leaving: ReadonlyMap<number, 1 | -1>): Box {
  const { cell, x, y, width, height, block } = spot;
  const chips: Chip[] = [...block.aside];
  for (const row of block.rows) {
    const room = width - block.left - block.right;
    const shift = row.bundle !== null && leaving.get(row.bundle) === 1 ? room - row.width : 0;
    for (const chip of row.chips) chips.push({ ...chip, x: chip.x + shift });
  }
  const head = cell.children.length === 0 ? height : block.height;
  const moved = chips.map(chip => ({ ...chip, x: chip.x + x, y: chip.y + y }));
  return {
    id: cell.node.id,
    parent: cell.node.parent,
    title: block.title,
    inset: block.rows.length > 0 ? block.left : Math.min(block.left, SIDE),
    x,
    y,
    width,
    height,
    head,
    chips: moved,
  };
}
