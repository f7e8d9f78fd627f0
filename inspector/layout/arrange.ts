import type { NodeId } from '../../src/integration/inspect/page-protocol.ts';
import type { Picture } from './picture.ts';
import { type Arrangement, place, type Spot, spotsOf } from './place.ts';
import type { Cell } from './tree.ts';

/** The part of a page that a chart usually gets, px. */
const ROOM = { width: 640, height: 560 };
/** Moves that are tried per state, and at most in all. */
const MOVES_PER_STATE = 1_200;
const MOST_MOVES = 30_000;
/** A move costs time for each state: in a large chart fewer are tried. */
const MOST_WORK = 720_000;
/** The search is begun anew so often; at first it takes a move for the worse by this part of the cost. */
const BEGINNINGS = 6;
const HEAT = 0.025;

type Columns = Map<NodeId, Cell[][]>;

/** How often the chart must be halved, so to speak, to fit the room: 1 fits as it is. */
export const scaleOf = ({ width, height }: { width: number; height: number }): number =>
  Math.max(width / ROOM.width, height / ROOM.height);

/** Arrangements worth a closer look, the most promising first. The same chart always gives the same ones. */
export function arrangements(root: Cell, picture: Picture, wanted: number, effort: number): Arrangement[] {
  const compounds: Cell[] = [];
  const collect = (cell: Cell): void => {
    if (cell.children.length > 0) compounds.push(cell);
    cell.children.forEach(collect);
  };
  collect(root);
  const found: { readonly cost: number; readonly columns: Columns }[] = [];
  const keep = (cost: number, columns: Columns): void => {
    if (found.some(other => Math.abs(other.cost - cost) < 0.5)) return;
    found.push({ cost, columns: copyOf(columns) });
    found.sort((one, other) => one.cost - other.cost);
    found.length = Math.min(found.length, wanted);
  };
  const movable = compounds.filter(({ children }) => children.length > 1);
  const places = movable.reduce((sum, { children }) => sum + children.length, 0);
  const moves = Math.min(MOST_MOVES, MOST_WORK / (places + 1), places * MOVES_PER_STATE);
  const turns = movable.flatMap(cell => cell.children.map(() => cell));
  const length = turns.length === 0 ? 0 : (effort * moves) / BEGINNINGS;
  for (let beginning = 0; beginning < BEGINNINGS; beginning += 1) {
    const random = randomOf(beginning + 1);
    const begin = [inColumn, inRow, inSquare][beginning % 3] as typeof inColumn;
    let columns: Columns = new Map(compounds.map(cell => [cell.node.id, begin(cell.children)]));
    let cost = costOf(root, columns, picture);
    keep(cost, columns);
    for (let move = 0; move < length; move += 1) {
      const heat = (1 - move / length) ** 2 * cost * HEAT;
      const cell = turns[Math.floor(random() * turns.length)] as Cell;
      const next = copyOf(columns);
      next.set(cell.node.id, shuffled(next.get(cell.node.id) ?? [], random));
      const then = costOf(root, next, picture);
      if (then >= cost + heat * random() ** 2 * 3) continue;
      columns = next;
      cost = then;
      keep(cost, columns);
    }
  }
  return found.map(({ columns }) => columns);
}

const inColumn = (children: readonly Cell[]): Cell[][] => [[...children]];
const inRow = (children: readonly Cell[]): Cell[][] => children.map(child => [child]);
const inSquare = (children: readonly Cell[]): Cell[][] => {
  const height = Math.ceil(Math.sqrt(children.length));
  return Array.from({ length: Math.ceil(children.length / height) }, (_, at) =>
    children.slice(at * height, (at + 1) * height),
  );
};

const copyOf = (columns: Columns): Columns => new Map(columns);

/** Moves one state to another place, or lets two change places. */
function shuffled(columns: readonly (readonly Cell[])[], random: () => number): Cell[][] {
  const next = columns.map(column => [...column]);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const from = pick(next);
  const at = Math.floor(random() * from.length);
  if (random() < 0.35) {
    const to = pick(next);
    const there = Math.floor(random() * to.length);
    const mine = from[at] as Cell;
    from[at] = to[there] as Cell;
    to[there] = mine;
    return next;
  }
  const [cell] = from.splice(at, 1) as [Cell];
  const left = next.filter(column => column.length > 0);
  if (left.length === 0 || random() < 0.3) left.splice(Math.floor(random() * (left.length + 1)), 0, [cell]);
  else {
    const to = pick(left);
    to.splice(Math.floor(random() * (to.length + 1)), 0, cell);
  }
  return left;
}

/** Small charts with short arrows that mostly lead on are good ones. */
function costOf(root: Cell, columns: Columns, picture: Picture): number {
  const placed = place(root, columns, NO_WIDTHS);
  const spots = spotsOf(placed);
  let cost = scaleOf(placed) * (500 + 300 * picture.bundles.length);
  for (const { source, targets } of picture.bundles)
    for (const target of targets) cost += distance(spots.get(source) as Spot, spots.get(target) as Spot);
  for (const { columns: inside } of spots.values()) cost += disorder(inside);
  return cost;
}

const NO_WIDTHS = new Map<string, number>();

/** About how long an arrow becomes: it leaves at a side, and arrives at a side or from above. */
function distance(from: Spot, to: Spot): number {
  const fromY = from.y + Math.min(40, from.height / 2);
  const down = Math.abs(to.y + 14 - fromY);
  let best = Number.POSITIVE_INFINITY;
  for (const leaves of [-1, 1])
    for (const arrives of [-1, 1]) {
      const fromX = leaves < 0 ? from.x : from.x + from.width;
      const toX = arrives < 0 ? to.x : to.x + to.width;
      const isWrong = leaves !== arrives && (leaves < 0 ? toX > fromX : toX < fromX);
      const isStraight = leaves !== arrives && !isWrong;
      best = Math.min(best, Math.abs(fromX - toX) + (isWrong ? from.width + to.width : isStraight ? 0 : 20));
    }
  return best + down;
}

/** States are read in the order in which the chart names them; the first one stands first. */
function disorder(columns: Spot['columns']): number {
  let cost = 0;
  const all = columns.flatMap(({ spots }) => spots);
  for (const one of all)
    for (const other of all)
      if (
        one.cell.parent !== null &&
        one.cell.parent.children.indexOf(one.cell) < one.cell.parent.children.indexOf(other.cell)
      )
        if (other.x + other.width <= one.x || (other.x === one.x && other.y < one.y)) cost += 60;
  const start = all.find(({ cell }) => cell.isStart);
  const first = columns[0]?.spots[0];
  if (start !== undefined && first !== undefined) cost += (start.x - first.x + (start.y - first.y)) * 2;
  return cost;
}

/** Marsaglia's xorshift: a layout must not depend on luck. */
function randomOf(seed: number): () => number {
  let state = (seed * 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
