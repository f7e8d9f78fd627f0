import type { AnyActorRef } from 'xstate';
import { shownName } from '../../services/config-field.ts';
import { pathOf, soonestOf, statusOf, timerNames } from './actor-facts.ts';
import { chartDefinition } from './chart-definition.ts';
import { isAlive, machineOf, parentOf } from './inspected-actor.ts';
import type { ActorFacts, InspectionTarget, Look, SaidEvent } from './inspection-target.ts';
import type { ActorKey, ActorRow, ChartDefinition, ChartKey, Explanation, Overview, Party } from './page-protocol.ts';
import type { Redaction } from './redaction.ts';

/** More than the rows of one page name. */
const MOST_CHARTS = 1_000;

/** An actor of the list, as it was last seen. Times that only the owner of an actor can know are `null`. */
interface Tracked {
  readonly key: ActorKey;
  readonly actor: AnyActorRef;
  state: string;
  since: number | null;
  readonly startedAt: number | null;
  activeAt: number | null;
}

/** A line of the list before it is written out. */
export interface Candidate {
  readonly key: ActorKey;
  readonly id: string;
  readonly state: string;
  /** `undefined` for one that ended. */
  readonly actor: AnyActorRef | undefined;
}

/** What became of the list when something happened to an actor. */
export type Stir = 'nothing' | 'moved' | 'came' | 'went';

/**
 * The actors of one target: which there are, in what states, and the rows that tell of them.
 *
 * While it is open it follows the records of the actor system, so that counting costs nothing per actor; else it asks
 * the target each time.
 */
export class SourceBook {
  readonly target: InspectionTarget;
  readonly name: string;
  readonly #serial: number;
  /** Those that rows named. */
  readonly #charts = new Map<ChartKey, ChartDefinition>();
  readonly #redaction: Redaction;
  readonly #tracked = new Map<AnyActorRef, Tracked>();
  readonly #byKey = new Map<ActorKey, Tracked>();
  readonly #counts = new Map<string, number>();
  #isOpen = false;
  #events = 0;
  #sessionChart: ChartKey | null = null;

  /** @param serial tells its keys from those of others, for good. */
  constructor(target: InspectionTarget, name: string, serial: number, redaction: Redaction) {
    this.target = target;
    this.name = name;
    this.#serial = serial;
    this.#redaction = redaction;
  }

  get rootKey(): ActorKey {
    return this.keyOf(this.target.root) as ActorKey;
  }

  open(): void {
    this.#isOpen = true;
    for (const actor of this.target.actors()) {
      const key = this.keyOf(actor);
      if (key !== undefined) this.#track(key, actor, this.target.stateOf(actor, actor.getSnapshot()), null);
    }
  }

  close(): void {
    this.#isOpen = false;
    this.#events = 0;
    for (const kept of [this.#tracked, this.#byKey, this.#counts, this.#charts]) kept.clear();
  }

  /** Whether records of the actor belong to this target: others may live in the same system. */
  covers(actor: AnyActorRef): boolean {
    const { kind, root } = this.target;
    return kind === 'manager' || parentOf(root) === undefined || this.target.keyOf(actor) !== undefined;
  }

  keyOf(actor: AnyActorRef): ActorKey | undefined {
    const key = this.target.keyOf(actor);
    return key === undefined ? undefined : this.fullKey(key);
  }

  /** The key of an actor that the target calls so. */
  fullKey(own: string): ActorKey {
    return `${this.#serial}/${own}`;
  }

  /** What the target calls the actor of that key; `undefined` if the key is not of this book. */
  ownKey(key: ActorKey): string | undefined {
    const start = `${this.#serial}/`;
    return key.startsWith(start) ? key.slice(start.length) : undefined;
  }

  actorOf(key: ActorKey): AnyActorRef | undefined {
    if (this.#isOpen) return this.#byKey.get(key)?.actor;
    const own = this.ownKey(key);
    return own === undefined ? undefined : this.target.actorOf(own);
  }

  /** The key of an actor that is in the list now. */
  trackedKey(actor: AnyActorRef): ActorKey | undefined {
    return this.#tracked.get(actor)?.key;
  }

  /** An actor is about to take an event. */
  heard(actor: AnyActorRef): ActorKey | undefined {
    const tracked = this.#tracked.get(actor);
    if (tracked === undefined) return undefined;
    this.#events += 1;
    if (this.target.kind === 'actor') tracked.activeAt = this.target.clock.wall();
    return tracked.key;
  }

  /** An actor came to a snapshot. */
  moved(actor: AnyActorRef, snapshot: { readonly status: string }, event: SaidEvent): Stir {
    const tracked = this.#tracked.get(actor);
    const isOver = snapshot.status !== 'active' || event.type === 'xstate.stop';
    if (isOver && actor !== this.target.root) return this.left(actor);
    const state = this.target.stateOf(actor, snapshot);
    const now = this.target.kind === 'actor' ? this.target.clock.wall() : null;
    if (tracked === undefined) {
      const key = this.keyOf(actor);
      if (key === undefined) return 'nothing';
      this.#track(key, actor, state, now);
      return 'came';
    }
    if (tracked.state === state) return 'nothing';
    this.#count(tracked.state, -1);
    this.#count(state, 1);
    tracked.state = state;
    tracked.since = now;
    return 'moved';
  }

  /** An actor is over. */
  left(actor: AnyActorRef): Stir {
    const tracked = this.#tracked.get(actor);
    if (tracked === undefined || actor === this.target.root) return 'nothing';
    this.#tracked.delete(actor);
    if (this.#byKey.get(tracked.key) === tracked) this.#byKey.delete(tracked.key);
    this.#count(tracked.state, -1);
    return 'went';
  }

  overview(source: number): Overview {
    const counts = new Map(this.#counts);
    if (!this.#isOpen) for (const { state } of this.#alive()) add(counts, state, 1);
    let ended = 0;
    for (const _ of this.target.ended()) ended += 1;
    if (ended > 0) add(counts, 'ended', ended);
    let total = 0;
    for (const count of counts.values()) total += count;
    return { source, counts: Object.fromEntries(counts), total, slots: this.target.slots(), events: this.#events };
  }

  *candidates(): Generator<Candidate> {
    yield* this.#alive();
    for (const { key, id } of this.target.ended()) {
      yield { key: this.fullKey(key), id, state: 'ended', actor: undefined };
    }
  }

  /** What is known of a line of the list beyond its state. */
  factsFor({ key, actor }: Candidate, look: Look): ActorFacts {
    if (actor !== undefined) return this.target.kind === 'manager' ? look.factsOf(actor) : this.#ownFacts(actor);
    const first = this.target.explain(this.ownKey(key) ?? '');
    return first === undefined ? {} : { startedAt: startOf(first) };
  }

  row(key: ActorKey, source: number, look: Look = this.target.look()): ActorRow | undefined {
    const actor = this.actorOf(key);
    return actor === undefined ? this.#endedRow(key, source) : this.rowOf(key, actor, source, look);
  }

  rowOf(key: ActorKey, actor: AnyActorRef, source: number, look: Look): ActorRow {
    const { target } = this;
    const snapshot = actor.getSnapshot();
    const role = target.roleOf(actor);
    const machine = machineOf(actor);
    const chart = machine === undefined ? null : chartDefinition(machine);
    if (chart !== null) this.#know(chart);
    if (role === 'session') this.#sessionChart = chart?.key ?? null;
    const facts = look.factsOf(actor);
    const next = isAlive(actor) ? soonestOf(look.timersOf(actor)) : undefined;
    return {
      actor: key,
      id: actor.id,
      source,
      role: role === 'coordinator' || role === 'session' ? role : 'actor',
      chart: chart?.key ?? null,
      state: target.stateOf(actor, snapshot),
      path: pathOf(snapshot),
      status: statusOf(actor),
      since: null,
      startedAt: null,
      activeAt: null,
      next: next === undefined ? null : { name: timerNames(machine, next).name, at: look.wallTime(next.dueAt) },
      renewals: null,
      reason: null,
      ...this.#ownFacts(actor),
      ...facts,
      // Whoever throws says what the code is.
      error: typeof facts.error === 'string' ? shownName(this.#redaction.text(facts.error)) : null,
    };
  }

  /** The definition of a chart that a row named. */
  chartOf(chart: ChartKey): ChartDefinition | undefined {
    return this.#charts.get(chart);
  }

  /** What was seen of an actor whose owner keeps no such account. */
  #ownFacts(actor: AnyActorRef): ActorFacts {
    const tracked = this.#tracked.get(actor);
    if (tracked === undefined || this.target.kind === 'manager') return {};
    const { since, startedAt, activeAt } = tracked;
    return { since, startedAt, activeAt };
  }

  partyOf(actor: AnyActorRef): Party {
    return { role: this.target.roleOf(actor), label: actor.id };
  }

  #endedRow(key: ActorKey, source: number): ActorRow | undefined {
    const own = this.ownKey(key);
    const told = own === undefined ? undefined : this.target.explain(own);
    // Of one that waits for a slot something is known as well.
    if (told === undefined || told.state !== 'ended') return undefined;
    const { sessionId, transitions, reason = null } = told;
    const last = transitions.at(-1);
    return {
      actor: key,
      id: sessionId,
      source,
      role: 'session',
      chart: this.#sessionChart,
      state: 'ended',
      path: 'ended',
      status: 'done',
      since: last?.at ?? null,
      startedAt: startOf(told),
      activeAt: null,
      next: null,
      renewals: null,
      error: last?.error ?? null,
      reason,
    };
  }

  #know(chart: ChartDefinition): void {
    if (this.#charts.has(chart.key)) return;
    this.#charts.set(chart.key, shown(chart, this.#redaction));
    const [oldest] = this.#charts.keys();
    // A row that names it again brings it back.
    if (this.#charts.size > MOST_CHARTS && oldest !== undefined) this.#charts.delete(oldest);
  }

  *#alive(): Generator<Candidate> {
    if (this.#isOpen) {
      for (const { key, actor, state } of this.#tracked.values()) yield { key, id: actor.id, state, actor };
      return;
    }
    for (const actor of this.target.actors()) {
      const key = this.keyOf(actor) as ActorKey;
      yield { key, id: actor.id, state: this.target.stateOf(actor, actor.getSnapshot()), actor };
    }
  }

  #track(key: ActorKey, actor: AnyActorRef, state: string, now: number | null): void {
    const tracked: Tracked = { key, actor, state, since: now, startedAt: now, activeAt: now };
    this.#tracked.set(actor, tracked);
    this.#byKey.set(key, tracked);
    this.#count(state, 1);
  }

  #count(state: string, by: number): void {
    add(this.#counts, state, by);
  }
}

/** The names in a chart are names; its descriptions are text that people wrote, of which anything may be a part. */
const shown = (chart: ChartDefinition, redaction: Redaction): ChartDefinition => ({
  ...chart,
  nodes: chart.nodes.map(node =>
    node.description === undefined ? node : { ...node, description: redaction.text(node.description) },
  ),
});

/** When a session that ended was admitted; the first steps of a long story are not kept. */
const startOf = ({ omitted, transitions }: Explanation): number | null =>
  omitted > 0 ? null : (transitions[0]?.at ?? null);

function add(counts: Map<string, number>, state: string, by: number): void {
  const count = (counts.get(state) ?? 0) + by;
  if (count === 0) counts.delete(state);
  else counts.set(state, count);
}
