import type { AnyActorRef } from 'xstate';
import { soonestOf } from './actor-facts.ts';
import type { Look } from './inspection-target.ts';
import type { ActorRow, ListQuery } from './page-protocol.ts';
import type { Candidate, SourceBook } from './source-book.ts';

/** A page of the list. */
export interface ListPage {
  readonly total: number;
  readonly matched: number;
  readonly rows: readonly ActorRow[];
}

type SortKey = string | number | null;

interface Line extends Candidate {
  readonly source: number;
  readonly by: SortKey;
}

/**
 * Filters and sorts by little, and writes out only the rows of the page. What has no value to sort by comes last.
 *
 * @param onFault told of a row that cannot be written out; it is left out.
 */
export function listOf(books: readonly SourceBook[], query: ListQuery, onFault: (error: unknown) => void): ListPage {
  const { states, search = '', descending = false, offset, limit } = query;
  const wanted = states === undefined ? undefined : new Set(states);
  const part = search.toLowerCase();
  const looks = books.map(({ target }) => target.look());
  const lines: Line[] = [];
  let total = 0;
  for (const [source, book] of books.entries()) {
    for (const candidate of book.candidates()) {
      total += 1;
      if (wanted !== undefined && !wanted.has(candidate.state)) continue;
      if (part !== '' && !candidate.id.toLowerCase().includes(part)) continue;
      lines.push({ ...candidate, source, by: sortKey(book, candidate, query, looks[source] as Look) });
    }
  }
  lines.sort((a, b) => compare(a.by, b.by, descending ? -1 : 1));
  const rows: ActorRow[] = [];
  for (const { key, source } of lines.slice(offset, offset + limit)) {
    try {
      const row = books[source]?.row(key, source, looks[source]);
      if (row !== undefined) rows.push(row);
    } catch (error) {
      onFault(error);
    }
  }
  return { total, matched: lines.length, rows };
}

function sortKey(book: SourceBook, candidate: Candidate, query: ListQuery, look: Look): SortKey {
  const { id, state, actor } = candidate;
  switch (query.sort ?? 'started') {
    case 'id':
      return id;
    case 'state':
      return state;
    case 'started':
      return book.factsFor(candidate, look).startedAt ?? null;
    case 'activity':
      return book.factsFor(candidate, look).activeAt ?? null;
    case 'renewals':
      return book.factsFor(candidate, look).renewals ?? null;
    case 'next':
      return actor === undefined ? null : nextOf(actor, look);
  }
}

function compare(a: SortKey, b: SortKey, sign: 1 | -1): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -sign : sign;
}

function nextOf(actor: AnyActorRef, look: Look): number | null {
  const next = soonestOf(look.timersOf(actor));
  return next === undefined ? null : look.wallTime(next.dueAt);
}
