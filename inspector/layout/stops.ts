import type { NodeId } from '../../src/integration/inspect/page-protocol.ts';
import type { Point } from './layout-types.ts';
import type { Spot } from './place.ts';
import type { Network, Port, Track } from './tracks.ts';

/** Directions in which a stop has neighbours. */
export const LEFT = 0;
export const RIGHT = 1;
export const UP = 2;
export const DOWN = 3;

/** A point where tracks cross, begin or end. */
export interface Stop extends Point {
  /** Neighbours: left, right, up, down. */
  readonly next: (Stop | undefined)[];
  /** The tracks along which those are: horizontal, vertical. */
  readonly tracks: readonly [Track | null, Track | null];
  /** The innermost state around it. */
  readonly inside: NodeId;
  /** How many arrows pass horizontally and vertically, by where they lead. */
  readonly passing: readonly [Map<NodeId, number>, Map<NodeId, number>];
}

export interface Stops {
  readonly ports: ReadonlyMap<Port, Stop>;
}

/** Crosses all tracks with each other. */
export function stopsOf(root: Spot, network: Network): Stops {
  const insideOf = finder(root);
  const onTrack = new Map<Track, Stop[]>(network.tracks.map(track => [track, []]));
  const add = (x: number, y: number, tracks: readonly [Track | null, Track | null]): Stop => {
    const stop: Stop = { x, y, next: [], tracks, inside: insideOf(x, y), passing: [new Map(), new Map()] };
    for (const track of tracks) if (track !== null) onTrack.get(track)?.push(stop);
    return stop;
  };
  const upright = network.tracks.filter(track => track.vertical);
  for (const flat of network.tracks)
    if (!flat.vertical)
      for (const up of upright) if (covers(flat, up.at) && covers(up, flat.at)) add(up.at, flat.at, [flat, up]);
  const ports = new Map<Port, Stop>();
  for (const port of [...network.exits.values(), ...network.entries.values()].flat())
    ports.set(port, add(port.x, port.y, port.track.vertical ? [null, port.track] : [port.track, null]));
  for (const [{ vertical }, stops] of onTrack) {
    stops.sort((one, other) => (vertical ? one.y - other.y : one.x - other.x));
    for (const [at, stop] of stops.entries()) {
      const behind = stops[at + 1];
      if (behind === undefined) continue;
      stop.next[vertical ? DOWN : RIGHT] = behind;
      behind.next[vertical ? UP : LEFT] = stop;
    }
  }
  return { ports };
}

const covers = ({ from, to }: Track, at: number): boolean => from <= at && at <= to;

/** Tells the innermost state around a point. */
function finder(root: Spot): (x: number, y: number) => NodeId {
  return (x, y) => {
    let spot = root;
    for (let deeper: Spot | undefined = root; deeper !== undefined; ) {
      spot = deeper;
      deeper = spot.columns
        .flatMap(({ spots }) => spots)
        .find(
          child =>
            child.columns.length > 0 &&
            child.x < x &&
            x < child.x + child.width &&
            child.y < y &&
            y < child.y + child.height,
        );
    }
    return spot.cell.node.id;
  };
}
