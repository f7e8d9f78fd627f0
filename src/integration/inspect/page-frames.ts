import { ERROR_CATALOGUE, isSessionchartError } from '../../actors/errors.ts';
import type { Changes } from './observation.ts';
import type { ActorDelta, ActorKey, Refused } from './page-protocol.ts';

/** The latest record of the log that a viewer was sent, by the actor that it watches. */
export type SeenRecords = ReadonlyMap<ActorKey, number>;

/**
 * One round of news, for all viewers: each part of it is made into text once, and each viewer's frame is joined of
 * the parts that it asked for.
 */
export class News {
  readonly #changes: Changes;
  readonly #now: number;
  readonly #rows = new Map<ActorKey, string>();
  readonly #actors = new Map<ActorDelta, string>();
  readonly #overview: string | undefined;

  constructor(changes: Changes, now: number) {
    this.#changes = changes;
    this.#now = now;
    this.#overview = changes.overview === undefined ? undefined : JSON.stringify(changes.overview);
  }

  /** Charts of the rows and actors that a frame for this viewer mentions. */
  *charts(window: ReadonlySet<ActorKey>, seen: SeenRecords): Iterable<string | null> {
    for (const [key, row] of this.#changes.rows) if (window.has(key)) yield row.chart;
    for (const { actor, row } of this.#changes.actors) if (row !== undefined && seen.has(actor)) yield row.chart;
  }

  /** The frame for a viewer with this window of the list; `undefined` if there is nothing new for it. */
  frame(window: ReadonlySet<ActorKey>, seen: SeenRecords): string | undefined {
    const { rows, stale, actors, gone } = this.#changes;
    const parts: string[] = [];
    if (this.#overview !== undefined) parts.push(`"overview":${this.#overview}`);
    const shown: string[] = [];
    for (const key of rows.keys()) if (window.has(key)) shown.push(this.#row(key));
    if (shown.length > 0) parts.push(`"rows":[${shown.join(',')}]`);
    if (stale) parts.push('"stale":true');
    const watched = actors.filter(({ actor }) => seen.has(actor)).map(delta => this.#actor(delta, seen));
    if (watched.length > 0) parts.push(`"actors":[${watched.join(',')}]`);
    const lost = gone.filter(actor => seen.has(actor));
    if (lost.length > 0) parts.push(`"gone":${JSON.stringify(lost)}`);
    return parts.length === 0 ? undefined : `{"type":"delta","now":${this.#now},${parts.join(',')}}`;
  }

  /** The latest records in these news, and the actors that are gone. */
  get changes(): Changes {
    return this.#changes;
  }

  #row(key: ActorKey): string {
    let text = this.#rows.get(key);
    if (text === undefined) {
      text = JSON.stringify(this.#changes.rows.get(key));
      this.#rows.set(key, text);
    }
    return text;
  }

  #actor(delta: ActorDelta, seen: SeenRecords): string {
    const latest = seen.get(delta.actor) ?? 0;
    const first = delta.log?.[0]?.seq;
    // A viewer that asked in the middle of the round has the beginning of it already.
    if (first !== undefined && first <= latest) return JSON.stringify(trimmed(delta, latest));
    let text = this.#actors.get(delta);
    if (text === undefined) {
      text = JSON.stringify(delta);
      this.#actors.set(delta, text);
    }
    return text;
  }
}

function trimmed({ log = [], dropped: _, ...rest }: ActorDelta, latest: number): ActorDelta {
  const fresh = log.filter(({ seq }) => seq > latest);
  const dropped = (fresh[0]?.seq ?? latest + 1) - latest - 1;
  return {
    ...rest,
    ...(fresh.length > 0 && { log: fresh }),
    ...(dropped > 0 && { dropped }),
  };
}

/** What is said instead of an answer. Of an error that is not ours nothing is told. */
export function refusal(id: number | null, error: unknown): Refused {
  const known = isSessionchartError(error);
  const { code, message, remediation } = known ? error : { code: 'UNKNOWN_ERROR', ...ERROR_CATALOGUE.UNKNOWN_ERROR };
  const { field, allowed } = known ? error.details : {};
  return {
    type: 'error',
    id,
    code,
    message,
    remediation,
    ...(field !== undefined && { field }),
    ...(allowed !== undefined && { allowed }),
  };
}
