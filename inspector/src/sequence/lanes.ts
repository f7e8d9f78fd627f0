import type { Party } from '../../../src/integration/inspect/page-protocol.ts';
import type { LogEntry } from '../../../src/integration/inspect/viewer/watched.ts';

/** Messages that are drawn; older ones are in the log. */
export const LONGEST_SEQUENCE = 200;
/** Lanes that fit beside each other; the parties beyond share the last one. */
const MOST_LANES = 6;
const OTHERS = 'others';

/** The order in which parties stand, from outside to inside. */
const ORDER: readonly Party['role'][] = ['application', 'timer', 'coordinator', 'session', 'actor', 'service'];

export interface Lane {
  readonly key: string;
  readonly role: Party['role'];
  readonly label: string;
}

export type SequenceRow = { readonly seq: number; readonly at: number } & (
  | {
      readonly kind: 'arrow';
      readonly from: number;
      readonly to: number;
      readonly event: string;
      readonly detail: string;
    }
  | { readonly kind: 'state'; readonly lane: number; readonly path: string }
  | { readonly kind: 'gap'; readonly missed: number }
);

export interface Sequence {
  readonly lanes: readonly Lane[];
  readonly rows: readonly SequenceRow[];
  /** Rows before the first that are not drawn. */
  readonly omitted: number;
}

/** Services share a lane, as an arrow names the one that it goes to. Of other parties each has its own. */
const laneKey = (party: Party): string => (party.role === 'actor' ? `actor ${party.label}` : party.role);

const laneLabel = (party: Party): string => {
  if (party.role === 'actor') return party.label;
  return party.role === 'service' ? 'services' : party.role;
};

/** The messages of a log in the order of time, with a lane for each who spoke; changes of state stand on the lane of `self`. */
export function sequenceOf(log: readonly LogEntry[], self: Party): Sequence {
  const shown = log.filter(entry => entry.kind === 'message' || entry.kind === 'gap' || changesState(entry));
  const latest = shown.slice(-LONGEST_SEQUENCE);
  const parties = new Map<string, Lane>([[laneKey(self), laneOf(self)]]);
  for (const entry of latest) {
    if (entry.kind !== 'message') continue;
    for (const party of [entry.from, entry.to]) {
      const key = laneKey(party);
      if (!parties.has(key)) parties.set(key, laneOf(party));
    }
  }
  const ordered = [...parties.values()].sort((a, b) => ORDER.indexOf(a.role) - ORDER.indexOf(b.role));
  const lanes = ordered.length <= MOST_LANES ? ordered : [...ordered.slice(0, MOST_LANES - 1), others()];
  const placeOf = (party: Party): number => {
    const place = lanes.findIndex(lane => lane.key === laneKey(party));
    return place < 0 ? lanes.length - 1 : place;
  };
  return {
    lanes,
    rows: latest.flatMap(entry => rowOf(entry, placeOf, self)),
    omitted: shown.length - latest.length,
  };
}

const laneOf = (party: Party): Lane => ({ key: laneKey(party), role: party.role, label: laneLabel(party) });
const others = (): Lane => ({ key: OTHERS, role: 'actor', label: OTHERS });

const changesState = (entry: LogEntry): boolean => entry.kind === 'transition' && entry.from !== entry.to;

function rowOf(entry: LogEntry, placeOf: (party: Party) => number, self: Party): SequenceRow[] {
  const { seq, at } = entry;
  if (entry.kind === 'gap') return [{ kind: 'gap', seq, at, missed: entry.missed }];
  if (entry.kind === 'transition') return [{ kind: 'state', seq, at, lane: placeOf(self), path: entry.to }];
  if (entry.kind !== 'message') return [];
  const service = [entry.from, entry.to].find(party => party.role === 'service');
  return [
    {
      kind: 'arrow',
      seq,
      at,
      from: placeOf(entry.from),
      to: placeOf(entry.to),
      event: entry.event,
      detail: service?.label ?? '',
    },
  ];
}
