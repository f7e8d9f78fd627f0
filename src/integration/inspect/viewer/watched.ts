import type { Acceptance, ActorDelta, ActorRow, ActorTimer, ActorView, LogRecord, NodeId } from '../page-protocol.ts';
import { type Context, changed, changedKeys } from './context.ts';

/** Records of one actor that are kept for looking back. */
export const LONGEST_LOG = 2_000;

/** Records that never came: the connection was away for too long, or there were too many at once. */
export interface Gap {
  readonly kind: 'gap';
  /** Of the last one that is missing. */
  readonly seq: number;
  readonly at: number;
  /** How many; 0 if nobody watched for a while, so that nobody knows. */
  readonly missed: number;
  /** The context behind the gap. */
  readonly base: Context;
}

export type LogEntry = LogRecord | Gap;

/** All that the page knows of an actor that it watches. */
export interface Watched {
  readonly row: ActorRow;
  readonly active: readonly NodeId[];
  readonly tags: readonly string[];
  readonly context: Context;
  readonly timers: readonly ActorTimer[];
  readonly accepts: readonly Acceptance[];
  /** The context before the first entry of `log`. */
  readonly base: Context;
  readonly log: readonly LogEntry[];
  /** Records before the first entry that are not kept. */
  readonly dropped: number;
  /** The latest record, 0 before the first. */
  readonly lastSeq: number;
  /** It is not there any more; what is shown is how it was last. */
  readonly gone: boolean;
}

/** Takes up an actor, or goes on with one after the connection was away. */
export function watchedFrom(view: ActorView, known?: Watched): Watched {
  const { row, active, tags, context, timers, accepts } = view;
  const first = view.log[0]?.seq;
  const fresh = { row, active, tags, context, timers, accepts, gone: false };
  const goesOn = known !== undefined && known.lastSeq > 0 && (first === undefined || first > known.lastSeq);
  if (!goesOn) {
    return bounded({
      ...fresh,
      base: view.base,
      log: view.log,
      dropped: view.dropped,
      lastSeq: view.log.at(-1)?.seq ?? 0,
    });
  }
  const missed = first === undefined ? 0 : first - known.lastSeq - 1;
  // Numbers do not tell of a time in which nobody watched; the context does.
  const isWhole = missed === 0 && changedKeys(known.context, view.base).size === 0;
  return bounded({
    ...fresh,
    base: known.base,
    dropped: known.dropped,
    log: [...(isWhole ? known.log : withGap(known, missed, view.base)), ...view.log],
    lastSeq: view.log.at(-1)?.seq ?? known.lastSeq,
  });
}

/** What is known after a delta. What it does not mention is as it was. */
export function withDelta(known: Watched, delta: ActorDelta): Watched {
  const context = delta.context === undefined ? known.context : changed(known.context, delta.context);
  const fresh = (delta.log ?? []).filter(record => record.seq > known.lastSeq);
  const first = fresh[0]?.seq;
  // The numbers of an actor do not begin at 1 if it was watched before.
  const missed = known.lastSeq > 0 && first !== undefined ? first - known.lastSeq - 1 : (delta.dropped ?? 0);
  const before = missed > 0 ? withGap(known, missed, delta.base ?? known.context) : known.log;
  return bounded({
    ...known,
    row: delta.row ?? known.row,
    active: delta.active ?? known.active,
    tags: delta.tags ?? known.tags,
    timers: delta.timers ?? known.timers,
    accepts: delta.accepts ?? known.accepts,
    context,
    log: fresh.length === 0 ? known.log : [...before, ...fresh],
    lastSeq: fresh.at(-1)?.seq ?? known.lastSeq,
  });
}

/** It is not there any more. What is known of it stays, but nothing of it looks alive. */
export function goneFrom(known: Watched): Watched {
  const { row } = known;
  return { ...known, row: row.status === 'active' ? overRow(row) : row, timers: [], accepts: [], gone: true };
}

/** The line of one that ended unseen: a session has one way to end, of others only that they are over is known. */
function overRow(row: ActorRow): ActorRow {
  if (row.role === 'session') return { ...row, state: 'ended', path: 'ended', status: 'done', next: null };
  return { ...row, state: 'stopped', path: '', status: 'stopped', next: null };
}

/** The log with a note that records are missing at its end; two such notes in a row are one. */
function withGap({ log, lastSeq }: Watched, missed: number, base: Context): readonly LogEntry[] {
  const last = log.at(-1);
  const kept = last?.kind === 'gap' ? log.slice(0, -1) : log;
  const all = missed + (last?.kind === 'gap' ? last.missed : 0);
  return [...kept, { kind: 'gap', seq: lastSeq + missed, at: kept.at(-1)?.at ?? 0, missed: all, base }];
}

/** What a gap says. */
export function gapText({ missed }: Pick<Gap, 'missed'>): string {
  if (missed === 0) return 'nobody watched for a while';
  return missed === 1 ? '1 record is missing' : `${missed} records are missing`;
}

/** Lets go of the oldest entries beyond the limit. */
function bounded(watched: Watched): Watched {
  const excess = watched.log.length - LONGEST_LOG;
  if (excess <= 0) return watched;
  let { base, dropped } = watched;
  for (const entry of watched.log.slice(0, excess)) {
    base = contextAfter(base, entry);
    dropped += entry.kind === 'gap' ? entry.missed : 1;
  }
  return { ...watched, base, dropped, log: watched.log.slice(excess) };
}

/** The context after an entry of the log, given the one before it. */
export function contextAfter(context: Context, entry: LogEntry): Context {
  if (entry.kind === 'gap') return entry.base;
  return entry.kind === 'transition' ? changed(context, entry.changes) : context;
}
