import type { NodeId } from '../../src/integration/inspect/page-protocol.ts';
import type { Picture } from './picture.ts';
import { channelKey, PORT, type Spot } from './place.ts';

/** A line that arrows may run along: the middle of a channel, or the way from a text or a title to the next channels. */
export interface Track {
  readonly vertical: boolean;
  /** Where it is: its x if it is vertical, else its y. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
  /** The channel whose middle it is; `null` where only one place is right. */
  readonly channel: string | null;
  /** The arrow whose way out it is, or the state into which it leads. */
  readonly owner: number | NodeId | null;
}

/** Where an arrow may begin or end. */
export interface Port {
  readonly track: Track;
  readonly x: number;
  readonly y: number;
  /** Along the side of the state, where an arrow may end as well: from, to. */
  readonly reach: readonly [number, number];
}

export interface Network {
  readonly tracks: readonly Track[];
  readonly exits: ReadonlyMap<number, readonly Port[]>;
  readonly entries: ReadonlyMap<NodeId, readonly Port[]>;
}

const TITLE_LINE = 15;
const CHIP_MIDDLE = 8;
/** Of the corners of a box, and room for the head of an arrow. */
const ROUND = 12;

/** All ways that there are between the states of a chart that is placed. */
export function networkOf(root: Spot, picture: Picture): Network {
  const tracks: Track[] = [];
  const exits = new Map<number, Port[]>();
  const entries = new Map<NodeId, Port[]>();
  const targets = new Set(picture.bundles.flatMap(bundle => bundle.targets));
  const parents = new Map<Spot, { readonly spot: Spot; readonly column: number; readonly nth: number }>();

  const add = (track: Track): Track => {
    tracks.push(track);
    return track;
  };

  /** How far a horizontal line from `spot` reaches: through all frames at whose side it is, to the channel behind. */
  const reach = (spot: Spot, side: -1 | 1): number => {
    let x = side < 0 ? spot.x : spot.x + spot.width;
    for (let at = parents.get(spot); at !== undefined; at = parents.get(at.spot)) {
      const last = at.spot.columns.length - 1;
      x = besideAt(at.spot, side < 0 ? at.column : at.column + 1);
      if (at.column !== (side < 0 ? 0 : last)) break;
    }
    return x;
  };

  /** The same downwards. */
  const depth = (spot: Spot): number => {
    let y = spot.y + spot.height;
    for (let at = parents.get(spot); at !== undefined; at = parents.get(at.spot)) {
      const { spots } = at.spot.columns[at.column] as Spot['columns'][number];
      const next = spots[at.nth + 1];
      if (next !== undefined) return belowAt(spots[at.nth] as Spot, next);
      y = bottomAt(at.spot);
    }
    return y;
  };

  const addPorts = (spot: Spot): void => {
    const isFrame = spot.columns.length > 0;
    const [insideLeft, insideRight] = isFrame ? [spot.block.left - PORT, spot.block.right - PORT] : [0, 0];
    for (const { bundle, y } of portRows(spot)) {
      const at = spot.y + y;
      const left = add({
        vertical: false,
        at,
        from: reach(spot, -1),
        to: spot.x + insideLeft,
        channel: null,
        owner: bundle,
      });
      const right = add({
        vertical: false,
        at,
        from: spot.x + spot.width - insideRight,
        to: reach(spot, 1),
        channel: null,
        owner: bundle,
      });
      exits.set(bundle, [
        { track: left, x: left.to, y: at, reach: [at, at] },
        { track: right, x: right.from, y: at, reach: [at, at] },
      ]);
    }
    const above = parents.get(spot);
    if (!targets.has(spot.cell.node.id) || above === undefined) return;
    const owner = spot.cell.node.id;
    const y = spot.y + Math.min(TITLE_LINE, spot.height / 2);
    const left = add({ vertical: false, at: y, from: reach(spot, -1), to: spot.x, channel: null, owner });
    const right = add({ vertical: false, at: y, from: spot.x + spot.width, to: reach(spot, 1), channel: null, owner });
    const column = above.spot.columns[above.column] as Spot['columns'][number];
    const before = column.spots[above.nth - 1];
    const x = spot.x + spot.width / 2;
    const top = before === undefined ? topAt(above.spot) : belowAt(before, spot);
    const upper = add({ vertical: true, at: x, from: top, to: spot.y, channel: null, owner });
    const lower = add({ vertical: true, at: x, from: spot.y + spot.height, to: depth(spot), channel: null, owner });
    entries.set(owner, [
      { track: left, x: left.to, y, reach: [y, y] },
      { track: right, x: right.from, y, reach: [y, y] },
      { track: upper, x, y: upper.to, reach: [spot.x + (spot.hat > 0 ? 28 : ROUND), spot.x + spot.width - ROUND] },
      { track: lower, x, y: lower.from, reach: [spot.x + ROUND, spot.x + spot.width - ROUND] },
    ]);
  };

  const walk = (spot: Spot): void => {
    addPorts(spot);
    if (spot.columns.length === 0) return;
    const id = spot.cell.node.id;
    const last = spot.columns.length;
    const top = topAt(spot);
    const bottom = bottomAt(spot);
    for (let at = 0; at <= last; at += 1) {
      const from = at === 0 || at === last ? spot.y + TITLE_LINE + CHIP_MIDDLE : top;
      add({
        vertical: true,
        at: besideAt(spot, at),
        from,
        to: Math.max(bottom, depth(spot)),
        channel: channelKey.beside(id, at),
        owner: null,
      });
    }
    const across = { vertical: false, from: reach(spot, -1), to: reach(spot, 1), owner: null };
    const within = {
      ...across,
      from: Math.min(across.from, besideAt(spot, 0)),
      to: Math.max(across.to, besideAt(spot, last)),
    };
    add({ ...within, at: top, channel: channelKey.top(id) });
    add({ ...within, at: bottom, channel: channelKey.bottom(id) });
    for (const [column, { spots }] of spot.columns.entries())
      for (const [nth, child] of spots.entries()) {
        parents.set(child, { spot, column, nth });
        const next = spots[nth + 1];
        if (next === undefined) continue;
        const from = column === 0 ? within.from : besideAt(spot, column);
        const to = column === last - 1 ? within.to : besideAt(spot, column + 1);
        add({
          vertical: false,
          at: belowAt(child, next),
          from,
          to,
          channel: channelKey.below(child.cell.node.id),
          owner: null,
        });
      }
    for (const { spots } of spot.columns) spots.forEach(walk);
  };
  walk(root);
  return { tracks, exits, entries };
}

/** The rows from whose middle an arrow leaves; an arrow with several rows leaves from the middle of all. */
function portRows({ block }: Spot): { readonly bundle: number; readonly y: number }[] {
  const groups = Map.groupBy(
    block.rows.filter(({ bundle }) => bundle !== null),
    ({ bundle }) => bundle as number,
  );
  return [...groups].map(([bundle, rows]) => ({
    bundle,
    y: ((rows[0]?.y ?? 0) + (rows.at(-1)?.y ?? 0)) / 2 + CHIP_MIDDLE,
  }));
}

const besideAt = ({ x, width, columns }: Spot, at: number): number => {
  const before = columns[at - 1];
  const behind = columns[at];
  return ((before === undefined ? x : before.x + before.width) + (behind === undefined ? x + width : behind.x)) / 2;
};
const topAt = (spot: Spot): number => {
  const tops = spot.columns.map(({ spots }) => (spots[0]?.y ?? 0) - (spots[0]?.hat ?? 0));
  return (spot.y + spot.block.height + Math.min(...tops)) / 2;
};
const bottomAt = (spot: Spot): number => {
  const lowest = Math.max(...spot.columns.map(({ spots }) => (spots.at(-1)?.y ?? 0) + (spots.at(-1)?.height ?? 0)));
  return (lowest + spot.y + spot.height) / 2;
};
const belowAt = (spot: Spot, next: Spot): number => (spot.y + spot.height + next.y - next.hat) / 2;
