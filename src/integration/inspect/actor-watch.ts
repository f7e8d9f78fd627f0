import type { AnyActorRef, AnyTransitionDefinition } from 'xstate';
import { activeOf, pathOf, statusOf, tagsOf, timerNames } from './actor-facts.ts';
import { ActorLog } from './actor-log.ts';
import { edgeIdOf, timerParts } from './chart-definition.ts';
import { machineOf } from './inspected-actor.ts';
import type { Look, SaidEvent } from './inspection-target.ts';
import type { ActorDelta, ActorKey, ActorRow, ActorTimer, ActorView, EdgeId, Party } from './page-protocol.ts';
import { changeOf, isNoChange, type Redaction, ShownContext } from './redaction.ts';
import type { SourceBook } from './source-book.ts';

/** Records that one delta carries at most. */
const MOST_RECORDS = 200;

/** A time that is computed anew from two clocks may differ by this without meaning another one, ms. */
const CLOCK_JITTER_MS = 20;

type Face = Pick<ActorView, 'row' | 'active' | 'tags' | 'context' | 'timers' | 'accepts'>;

/** What was told last: part by part as JSON, the context value by value. */
interface Told extends Record<Exclude<keyof Face, 'context'>, string> {
  readonly context: Face['context'];
  readonly seq: number;
}

/** Follows one actor closely: keeps its log, and says what became different. */
export class ActorWatch {
  readonly key: ActorKey;
  readonly book: SourceBook;
  /** How many watch it. */
  users = 1;
  /** It was told that the actor is gone for good. */
  isGone = false;
  /** It could not be read, and is not read again. */
  isBroken = false;
  #actor: AnyActorRef;
  readonly #redaction: Redaction;
  readonly #shown: ShownContext;
  readonly #log: ActorLog;
  readonly #sourceIndex: () => number;
  #context: Readonly<Record<string, unknown>>;
  #path: string;
  #status: ActorRow['status'];
  #edges: EdgeId[] = [];
  /** Times that were told of timers, by their id. */
  #times = new Map<string, { readonly dueAt: number; readonly at: number }>();
  /** Ids of all timers that it may have; `undefined` while that is not known. */
  #armed: Set<string> | undefined;
  #told: Told;

  constructor(
    key: ActorKey,
    actor: AnyActorRef,
    book: SourceBook,
    redaction: Redaction,
    sourceIndex: () => number,
    lastSeq: number,
  ) {
    this.key = key;
    this.book = book;
    this.#actor = actor;
    this.#redaction = redaction;
    this.#sourceIndex = sourceIndex;
    this.#shown = new ShownContext(redaction);
    const snapshot = actor.getSnapshot();
    this.#context = this.#shown.read(snapshot);
    this.#path = pathOf(snapshot);
    this.#status = statusOf(actor);
    this.#log = new ActorLog(this.#context, lastSeq);
    // There is always a record that others can follow.
    this.#log.add({ at: this.#now(), kind: 'status', status: this.#status });
    this.#told = this.#tell(this.#face(book.target.look()));
  }

  get actor(): AnyActorRef {
    return this.#actor;
  }

  /** Number of the latest record. */
  get lastSeq(): number {
    return this.#log.last;
  }

  /** The actor was taken down, and another one has its place. */
  follow(actor: AnyActorRef): void {
    this.#noteStatus();
    this.#actor = actor;
    this.#edges = [];
    this.#armed = undefined;
  }

  message(from: Party, to: Party, event: SaidEvent): void {
    const payload = this.#redaction.payload(event);
    this.#log.add({
      at: this.#now(),
      kind: 'message',
      from,
      to,
      event: this.#redaction.text(event.type),
      ...(payload === undefined ? {} : { payload }),
    });
  }

  child(child: AnyActorRef, phase: 'started' | 'done' | 'error' | 'stopped'): void {
    this.#log.add({ at: this.#now(), kind: 'child', child: this.book.partyOf(child), phase });
  }

  step(transitions: readonly AnyTransitionDefinition[]): void {
    for (const transition of transitions) this.#edges.push(edgeIdOf(transition));
  }

  /** It may have armed a timer of that id; of one that was given none XState makes it up. */
  armed(id: string | undefined): void {
    if (id === undefined) this.#armed = undefined;
    else this.#armed?.add(id);
  }

  moved(snapshot: unknown, event: SaidEvent): void {
    const context = this.#shown.read(snapshot);
    const from = this.#path;
    const to = pathOf(snapshot);
    this.#log.add({
      at: this.#now(),
      kind: 'transition',
      event: this.#redaction.text(event.type),
      cause: this.#redaction.text(this.book.target.causeOf(this.#actor, event)),
      edges: this.#edges,
      from,
      to,
      active: activeOf(snapshot),
      changes: changeOf(this.#context, context),
      timers: this.#timers(this.book.target.look()),
    });
    this.#edges = [];
    this.#context = context;
    this.#path = to;
    this.#noteStatus();
  }

  /** Everything, the log behind `after`. */
  view(after: number | undefined, look: Look): ActorView {
    this.#noteStatus();
    const { log, dropped } = this.#log.behind(after);
    return { ...this.#face(look), base: this.#log.baseOf((log[0]?.seq ?? this.#log.last + 1) - 1), log, dropped };
  }

  /** What became different since it was last asked; `undefined` if nothing did. */
  delta(look: Look): ActorDelta | undefined {
    this.#noteStatus();
    const before = this.#told;
    const face = this.#face(look);
    const now = this.#tell(face);
    const { log, dropped } = this.#log.behind(before.seq, MOST_RECORDS);
    const context = changeOf(before.context, face.context);
    const delta = {
      ...(now.row === before.row ? {} : { row: face.row }),
      ...(now.active === before.active ? {} : { active: face.active }),
      ...(now.tags === before.tags ? {} : { tags: face.tags }),
      ...(isNoChange(context) ? {} : { context }),
      ...(now.timers === before.timers ? {} : { timers: face.timers }),
      ...(now.accepts === before.accepts ? {} : { accepts: face.accepts }),
      ...(log.length === 0 ? {} : { log }),
      ...(dropped === 0 ? {} : { dropped, base: this.#log.baseOf((log[0]?.seq ?? 1) - 1) }),
    };
    this.#told = now;
    return Object.keys(delta).length === 0 ? undefined : { actor: this.key, ...delta };
  }

  /** Timers by their own name; every other event by its sender. */
  speaker(from: AnyActorRef | undefined, to: AnyActorRef, event: SaidEvent): Party {
    if (from === undefined) {
      const role = this.book.target.speakerOf(to, event) ?? 'application';
      return { role, label: role };
    }
    if (from !== to) return this.book.partyOf(from);
    const machine = machineOf(to);
    return {
      role: 'timer',
      label: (machine && timerParts(machine, event.type)?.name) ?? this.#redaction.text(event.type),
    };
  }

  /** An actor that throws leaves no record of it. */
  #noteStatus(): void {
    const status = statusOf(this.#actor);
    if (status === this.#status) return;
    this.#status = status;
    this.#log.add({ at: this.#now(), kind: 'status', status });
  }

  #face(look: Look): Face {
    const actor = this.#actor;
    const snapshot = actor.getSnapshot();
    return {
      row: this.#row(look),
      active: activeOf(snapshot),
      tags: tagsOf(snapshot),
      context: this.#context,
      timers: this.#timers(look),
      accepts: this.book.target.acceptsOf(actor),
    };
  }

  #row(look: Look): ActorRow {
    const source = this.#sourceIndex();
    const { book, key } = this;
    return book.row(key, source, look) ?? book.rowOf(key, this.#actor, source, look);
  }

  #tell(face: Face): Told {
    return {
      row: JSON.stringify(face.row),
      active: JSON.stringify(face.active),
      tags: JSON.stringify(face.tags),
      context: face.context,
      timers: JSON.stringify(face.timers),
      accepts: JSON.stringify(face.accepts),
      seq: this.#log.last,
    };
  }

  #timers(look: Look): ActorTimer[] {
    const machine = machineOf(this.#actor);
    const times = new Map<string, { readonly dueAt: number; readonly at: number }>();
    const timers = look.timersOf(this.#actor, this.#armed).map(timer => {
      const { id, dueAt } = timer;
      const before = this.#times.get(id);
      let at = look.wallTime(dueAt);
      if (before?.dueAt === dueAt && Math.abs(before.at - at) <= CLOCK_JITTER_MS) at = before.at;
      times.set(id, { dueAt, at });
      return { id, ...timerNames(machine, timer), at };
    });
    this.#times = times;
    this.#armed = new Set(times.keys());
    return timers.sort((a, b) => a.at - b.at);
  }

  #now(): number {
    return this.book.target.clock.wall();
  }
}
