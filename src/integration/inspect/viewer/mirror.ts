import type {
  ActorKey,
  ActorRow,
  ChartDefinition,
  ChartKey,
  Delta,
  ListAnswer,
  Overview,
  ServerMessage,
  Welcome,
} from '../page-protocol.ts';
import { goneFrom, type Watched, watchedFrom, withDelta } from './watched.ts';

/** The part of the list that is at hand. */
export interface ListPart {
  /** Of the question that it answers; 0 before the first. */
  readonly id: number;
  readonly total: number;
  readonly matched: number;
  readonly offset: number;
  readonly rows: readonly ActorRow[];
}

/** What the page knows of the process. A value: each message makes the next one. */
export interface Mirror {
  readonly welcome: Welcome | null;
  readonly overview: readonly Overview[];
  readonly definitions: ReadonlyMap<ChartKey, ChartDefinition>;
  readonly watched: ReadonlyMap<ActorKey, Watched>;
  readonly list: ListPart;
  /** Counts the times that the list was said to be out of date. */
  readonly stale: number;
  /** Counts the processes seen before this one. */
  readonly restarts: number;
}

const NO_LIST: ListPart = { id: 0, total: 0, matched: 0, offset: 0, rows: [] };

export const EMPTY_MIRROR: Mirror = {
  welcome: null,
  overview: [],
  definitions: new Map(),
  watched: new Map(),
  list: NO_LIST,
  stale: 0,
  restarts: 0,
};

/** What is known after a message. */
export function applied(mirror: Mirror, message: ServerMessage): Mirror {
  switch (message.type) {
    case 'welcome':
      return welcomed(mirror, message);
    case 'definition':
      return { ...mirror, definitions: withEntry(mirror.definitions, message.definition.key, message.definition) };
    case 'delta':
      return withChanges(mirror, message);
    case 'list':
      return message.id < mirror.list.id ? mirror : { ...mirror, list: partOf(message) };
    case 'watched': {
      const key = message.view.row.actor;
      return { ...mirror, watched: withEntry(mirror.watched, key, watchedFrom(message.view, mirror.watched.get(key))) };
    }
    default:
      return mirror;
  }
}

/** An actor ended while the connection was away: the inspector does not know it any more. */
export function ended(mirror: Mirror, actor: ActorKey): Mirror {
  const known = mirror.watched.get(actor);
  if (known === undefined || known.gone) return mirror;
  return { ...mirror, watched: withEntry(mirror.watched, actor, goneFrom(known)) };
}

/** The line of an actor: of one that is gone what the list says of its end, if the list knows of that. */
export function rowIn({ watched, list }: Mirror, actor: ActorKey | null): ActorRow | undefined {
  const known = watched.get(actor ?? '');
  if (known?.gone === false) return known.row;
  const listed = list.rows.find(row => row.actor === actor);
  return known !== undefined && listed?.status === 'active' ? known.row : (listed ?? known?.row);
}

/** Lets go of an actor that is not looked at any more. */
export function forgotten(mirror: Mirror, actor: ActorKey): Mirror {
  const watched = new Map(mirror.watched);
  return watched.delete(actor) ? { ...mirror, watched } : mirror;
}

function welcomed(mirror: Mirror, welcome: Welcome): Mirror {
  const { overview } = welcome;
  if (mirror.welcome === null || mirror.welcome.instance === welcome.instance) return { ...mirror, welcome, overview };
  // Keys and numbers of another process mean something else.
  return { ...EMPTY_MIRROR, welcome, overview, restarts: mirror.restarts + 1 };
}

const partOf = ({ id, total, matched, offset, rows }: ListAnswer): ListPart => ({ id, total, matched, offset, rows });

function withChanges(mirror: Mirror, delta: Delta): Mirror {
  return {
    ...mirror,
    overview: delta.overview === undefined ? mirror.overview : withOverview(mirror.overview, delta.overview),
    list: delta.rows === undefined ? mirror.list : withRows(mirror.list, delta.rows),
    stale: mirror.stale + (delta.stale === true ? 1 : 0),
    watched: withActors(mirror.watched, delta),
  };
}

/** Overviews come for the sources that changed. */
function withOverview(known: readonly Overview[], fresh: readonly Overview[]): readonly Overview[] {
  const bySource = new Map(known.map(overview => [overview.source, overview]));
  for (const overview of fresh) bySource.set(overview.source, overview);
  return [...bySource.values()].sort((a, b) => a.source - b.source);
}

function withRows(list: ListPart, rows: readonly ActorRow[]): ListPart {
  const fresh = new Map(rows.map(row => [row.actor, row]));
  if (!list.rows.some(row => fresh.has(row.actor))) return list;
  return { ...list, rows: list.rows.map(row => fresh.get(row.actor) ?? row) };
}

function withActors(known: ReadonlyMap<ActorKey, Watched>, delta: Delta): ReadonlyMap<ActorKey, Watched> {
  if (delta.actors === undefined && delta.views === undefined && delta.gone === undefined) return known;
  const watched = new Map(known);
  // After a time in which this viewer did not read.
  for (const view of delta.views ?? []) {
    const key = view.row.actor;
    const before = watched.get(key);
    if (before !== undefined) watched.set(key, watchedFrom(view, before));
  }
  for (const change of delta.actors ?? []) {
    const before = watched.get(change.actor);
    if (before !== undefined) watched.set(change.actor, withDelta(before, change));
  }
  for (const actor of delta.gone ?? []) {
    const before = watched.get(actor);
    if (before !== undefined) watched.set(actor, goneFrom(before));
  }
  return watched;
}

function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}
