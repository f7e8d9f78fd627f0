import type { NodeId } from '../../src/integration/inspect/page-protocol.ts';
import { type Block, SIDE } from './block.ts';
import type { Area } from './layout-types.ts';
import type { Cell } from './tree.ts';

/** The columns in which the states inside a state stand, each from top to bottom. */
export type Arrangement = ReadonlyMap<NodeId, readonly (readonly Cell[])[]>;

/** How wide a channel is, px: the free space between two columns, two states, or a state and the frame around it. */
export type Widths = ReadonlyMap<string, number>;

/** A channel: arrows run in it. */
export const channelKey = {
  /** Left of column `at`; behind the last column: right of it. */
  beside: (id: NodeId, at: number): string => `${id}|beside|${at}`,
  top: (id: NodeId): string => `${id}|top`,
  bottom: (id: NodeId): string => `${id}|bottom`,
  /** Below a state that is not the last one of its column. */
  below: (id: NodeId): string => `${id}|below`,
};

const BESIDE = 16;
const EDGE = 12;
const BETWEEN = 12;
/** Where an arrow begins inside a frame, so far from the text. */
export const PORT = 5;
/** Above the state in which the one around it begins, for the dot. */
const HAT = 15;

/** A state in its place. */
export interface Spot extends Area {
  readonly cell: Cell;
  readonly block: Block;
  /** Space above, for the dot. */
  readonly hat: number;
  readonly columns: readonly { readonly x: number; readonly width: number; readonly spots: readonly Spot[] }[];
}

/** A card with nothing but its title need not be wider, px. */
const BARE = 104;

/** Puts every state in its place. Channels are `ease` times as wide as they must be. */
export function place(root: Cell, arrangement: Arrangement, widths: Widths, ease = 1): Spot {
  const isKnown = widths.size > 0;
  const between = (channel: () => string, least: number): number =>
    Math.max(isKnown ? (widths.get(channel()) ?? 0) : 0, least) * ease;
  const besides = (cell: Cell, count: number): number[] =>
    Array.from({ length: count + 1 }, (_, at) =>
      between(() => channelKey.beside(cell.node.id, at), at === 0 || at === count ? EDGE : BESIDE),
    );
  const least = new Map<Cell, readonly number[]>();
  const measure = (cell: Cell): number => {
    const columns = (arrangement.get(cell.node.id) ?? []).map(column => Math.max(...column.map(measure)));
    let width = cell.textWidth;
    if (columns.length > 0) {
      const gaps = besides(cell, columns.length);
      const inner =
        columns.reduce((sum, next) => sum + next, 0) + gaps.slice(1, -1).reduce((sum, next) => sum + next, 0);
      width = Math.max(inner, cell.textWidth - 2 * SIDE + 2 * PORT) + (gaps[0] ?? 0) + (gaps.at(-1) ?? 0);
    }
    least.set(cell, columns);
    return width;
  };

  const put = (cell: Cell, x: number, y: number, width: number): Spot => {
    const hat = cell.isStart ? HAT : 0;
    const columns = arrangement.get(cell.node.id) ?? [];
    if (columns.length === 0) {
      const own = cell.isHistory
        ? cell.textWidth
        : cell.isBare
          ? Math.min(width, Math.max(cell.textWidth, BARE))
          : width;
      const block = cell.block(own);
      const left = cell.isHistory ? x + (width - own) / 2 : x;
      return { cell, x: left, y, width: own, height: block.height, hat, block, columns: [] };
    }
    const id = cell.node.id;
    const gaps = besides(cell, columns.length);
    const needs = least.get(cell) ?? [];
    const taken = [...needs, ...gaps].reduce((sum, next) => sum + next, 0);
    const extra = Math.max(0, Math.floor((width - taken) / columns.length));
    // The texts keep clear of the channels at the sides: arrows to states inside begin there.
    const block = cell.block(width, (gaps[0] ?? 0) + PORT, (gaps.at(-1) ?? 0) + PORT);
    const top = y + block.height + between(() => channelKey.top(id), EDGE);
    let left = x + (gaps[0] ?? 0);
    let lowest = top;
    const placed = columns.map((column, at) => {
      const columnWidth = (needs[at] ?? 0) + extra;
      let down = top;
      const spots = column.map((child, nth) => {
        const spot = put(child, left, down + (child.isStart ? HAT : 0), columnWidth);
        lowest = Math.max(lowest, spot.y + spot.height);
        down =
          spot.y +
          spot.height +
          (nth < column.length - 1 ? between(() => channelKey.below(child.node.id), BETWEEN) : 0);
        return spot;
      });
      const result = { x: left, width: columnWidth, spots };
      left += columnWidth + (gaps[at + 1] ?? 0);
      return result;
    });
    const height = lowest + between(() => channelKey.bottom(id), EDGE) - y;
    return { cell, x, y, width, height, hat, block, columns: placed };
  };
  return put(root, 0, 0, measure(root));
}

/** All states in their places, parents before their children. */
export function spotsOf(root: Spot): Map<NodeId, Spot> {
  const spots = new Map<NodeId, Spot>();
  const walk = (spot: Spot): void => {
    spots.set(spot.cell.node.id, spot);
    for (const column of spot.columns) column.spots.forEach(walk);
  };
  walk(root);
  return spots;
}
