import type { NodeId } from '../../src/integration/inspect/page-protocol.ts';
import { Heap } from './heap.ts';
import type { Picture } from './picture.ts';
import type { Spot } from './place.ts';
import { DOWN, LEFT, RIGHT, type Stop, stopsOf, UP } from './stops.ts';
import type { Network, Port, Track } from './tracks.ts';
import type { Cell } from './tree.ts';

/** A way from a text to a state. */
export interface Route {
  readonly bundle: number;
  readonly target: NodeId;
  readonly begin: Port;
  readonly end: Port;
  /** The tracks along which it runs, in turn: horizontal, vertical, horizontal … */
  readonly tracks: readonly Track[];
  /** Where it changes from one to the next. */
  readonly bends: readonly Stop[];
}

/** What a bend and a crossing are worth, px, and each px beside another arrow. */
const BEND = 14;
const CROSSING = 26;
const COMPANY = 0.2;
/** Each px of a way that is there already for another arrow to the same state. */
const SHARED = 0.45;
const ROUNDS = 3;

interface Wanted {
  readonly bundle: number;
  readonly target: NodeId;
  /** States through which it may run. */
  readonly open: ReadonlySet<NodeId>;
  path: readonly Stop[];
}

/** Finds a way for each arrow, short and with few bends and crossings. */
export function routesOf(root: Spot, network: Network, picture: Picture, cells: ReadonlyMap<NodeId, Cell>): Route[] {
  const { ports } = stopsOf(root, network);
  const stopsAt = (list: readonly Port[] | undefined): Stop[] => (list ?? []).map(port => ports.get(port) as Stop);
  const wanted: Wanted[] = picture.bundles.flatMap(({ source, targets }, bundle) =>
    targets.map(target => ({
      bundle,
      target,
      open: new Set([...around(cells.get(source)), ...around(cells.get(target)?.parent)]),
      path: [],
    })),
  );
  for (let round = 0; round < ROUNDS; round += 1)
    for (const want of wanted) {
      count(want, -1);
      want.path = search(stopsAt(network.exits.get(want.bundle)), stopsAt(network.entries.get(want.target)), want);
      count(want, 1);
    }
  const portAt = new Map([...ports].map(([port, stop]) => [stop, port]));
  return wanted.map(({ bundle, target, path }) => {
    const bends = path.filter(
      (stop, at) =>
        at > 0 && at < path.length - 1 && isFlat(path[at - 1] as Stop, stop) !== isFlat(stop, path[at + 1] as Stop),
    );
    const begin = portAt.get(path[0] as Stop) as Port;
    const end = portAt.get(path.at(-1) as Stop) as Port;
    const tracks = [...bends, path.at(-1) as Stop].map((stop, at) => stop.tracks[at % 2] as Track);
    return { bundle, target, begin, end, tracks, bends };
  });
}

const isFlat = (one: Stop, other: Stop): boolean => one.next[LEFT] === other || one.next[RIGHT] === other;

function* around(cell: Cell | null | undefined): Generator<NodeId> {
  for (let at = cell; at !== null && at !== undefined; at = at.parent) yield at.node.id;
}

function count({ path, target }: Wanted, by: 1 | -1): void {
  for (const [at, stop] of path.entries()) {
    const behind = path[at + 1];
    if (behind === undefined) break;
    const way = isFlat(stop, behind) ? 0 : 1;
    for (const end of [stop, behind]) end.passing[way].set(target, (end.passing[way].get(target) ?? 0) + by);
  }
}

function others(stop: Stop, way: 0 | 1, target: NodeId): number {
  let sum = 0;
  for (const [to, times] of stop.passing[way]) if (to !== target && times > 0) sum += 1;
  return sum;
}

/** Dijkstra's algorithm over stops and the direction in which they are reached. */
function search(begins: readonly Stop[], ends: readonly Stop[], { bundle, target, open }: Wanted): Stop[] {
  interface Step {
    readonly stop: Stop;
    readonly way: 0 | 1;
    readonly cost: number;
    readonly before: Step | undefined;
  }
  const best = [new Map<Stop, number>(), new Map<Stop, number>()] as const;
  const heap = new Heap<Step>((one, other) => one.cost - other.cost);
  for (const stop of begins) heap.push({ stop, way: 0, cost: 0, before: undefined });
  const goal = new Set(ends);
  for (let step = heap.pop(); step !== undefined; step = heap.pop()) {
    const { stop, way, cost } = step;
    if ((best[way].get(stop) ?? Number.POSITIVE_INFINITY) <= cost) continue;
    best[way].set(stop, cost);
    if (goal.has(stop)) {
      const path: Stop[] = [];
      for (let at: Step | undefined = step; at !== undefined; at = at.before) path.unshift(at.stop);
      return path;
    }
    for (const direction of [LEFT, RIGHT, UP, DOWN]) {
      const next = stop.next[direction];
      if (next === undefined) continue;
      const then = direction === LEFT || direction === RIGHT ? 0 : 1;
      const owner = next.tracks[then]?.owner;
      if (owner !== null && owner !== bundle && owner !== target) continue;
      if (!open.has(next.inside)) continue;
      const length = Math.abs(next.x - stop.x) + Math.abs(next.y - stop.y);
      const isShared = (next.passing[then].get(target) ?? 0) > 0 && (stop.passing[then].get(target) ?? 0) > 0;
      const price =
        length * (isShared ? SHARED : 1 + COMPANY * others(next, then, target)) +
        (isShared ? 0 : CROSSING * others(next, then === 0 ? 1 : 0, target)) +
        (then === way ? 0 : BEND);
      heap.push({ stop: next, way: then, cost: cost + price, before: step });
    }
  }
  throw new Error(`no way to "${target}"`);
}
