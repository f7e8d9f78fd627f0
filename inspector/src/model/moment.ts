import type { ActorTimer, ChartDefinition, EdgeId, NodeId } from '../../../src/integration/inspect/page-protocol.ts';
import type { Context } from '../../../src/integration/inspect/viewer/context.ts';
import { contextAfter, type LogEntry, type Watched } from '../../../src/integration/inspect/viewer/watched.ts';

/** Transitions that are handed on at most: what happens at once must not fill the page with pulses. */
export const MOST_TAKEN = 6;

/** The edges of one transition, and its number. */
export interface Taken {
  readonly seq: number;
  readonly edges: readonly EdgeId[];
}

/** An actor as it was behind one entry of its log, or as it is. */
export interface Moment {
  readonly active: readonly NodeId[];
  readonly timers: readonly ActorTimer[];
  readonly context: Context;
  /** Active leaf states in words: `serving.active`. */
  readonly path: string;
  /** The latest transitions up to here, the last one last; of a moment of the past that one alone. */
  readonly taken: readonly Taken[];
}

/** The actor as it is. */
export function present(watched: Watched): Moment {
  const { active, timers, context } = watched;
  return { active, timers, context, path: watched.row.path, taken: latestTaken(watched.log) };
}

/** The actor behind the entry at `index`. `chart` tells the states before the first transition that is known. */
export function momentAt(watched: Watched, index: number, chart?: ChartDefinition): Moment {
  const { log } = watched;
  const context = contextAt(watched, index);
  const latest = latestTransition(log, index);
  if (latest !== undefined) {
    const { active, timers, to, edges, seq } = latest;
    return { active, timers, context, path: to, taken: [{ seq, edges }] };
  }
  const next = log.slice(index + 1).find(entry => entry.kind === 'transition');
  const path = next?.kind === 'transition' ? next.from : watched.row.path;
  const active = chart === undefined ? [] : activeIn(chart, path);
  // Nobody has told of the timers of that time; those that have not changed since are at hand.
  return { active, timers: next === undefined ? watched.timers : [], context, path, taken: [] };
}

/** The context behind the entry at `index`; before the first one for -1. */
export function contextAt(watched: Watched, index: number): Context {
  let context = watched.base;
  for (const entry of watched.log.slice(0, index + 1)) context = contextAfter(context, entry);
  return context;
}

/** Active nodes of a path in words: leaves with all their parents. */
export function activeIn(chart: ChartDefinition, path: string): readonly NodeId[] {
  const active = new Set<NodeId>([chart.root]);
  for (const leaf of path.split(/[\s,]+/)) {
    let parent: NodeId = chart.root;
    for (const key of leaf.split('.')) {
      const node = chart.nodes.find(each => each.parent === parent && each.key === key);
      if (node === undefined) break;
      active.add(node.id);
      parent = node.id;
    }
  }
  return [...active];
}

/** What was taken since the transition with this number; the last one where that came before it, as when one goes back. */
export function takenSince(taken: readonly Taken[], seq: number): readonly Taken[] {
  const fresh = taken.filter(each => each.seq > seq);
  return fresh.length > 0 ? fresh : taken.slice(-1);
}

function latestTaken(log: readonly LogEntry[]): readonly Taken[] {
  const taken: Taken[] = [];
  for (let i = log.length - 1; i >= 0 && taken.length < MOST_TAKEN; i--) {
    const entry = log[i];
    if (entry?.kind === 'transition') taken.unshift({ seq: entry.seq, edges: entry.edges });
  }
  return taken;
}

function latestTransition(log: readonly LogEntry[], index: number) {
  for (let i = Math.min(index, log.length - 1); i >= 0; i--) {
    const entry = log[i];
    if (entry?.kind === 'transition') return entry;
  }
  return undefined;
}
