import type { AnyActorRef, InspectedEventEvent, InspectionEvent } from 'xstate';
import type { Connection } from './endpoint.ts';
import { isAlive, parentOf } from './inspected-actor.ts';
import type { Observation } from './observation.ts';

/** How a protocol says what actors do: one text per message, redacted. */
export interface Dialect {
  /** Whether the protocol can speak of such an actor. */
  shows(actor: AnyActorRef): boolean;
  /** What is said first of an actor. `isNew`: it starts now, and its first event follows. */
  introduce(actor: AnyActorRef, isNew: boolean): readonly string[];
  event(record: InspectedEventEvent): string;
  /** `event` brought the actor to `snapshot`; `undefined`: nobody knows any more what did. */
  state(actor: AnyActorRef, snapshot: unknown, event: { readonly type: string } | undefined): string;
  /** What is said last of it, if anything. */
  farewell(actor: AnyActorRef): string | undefined;
}

type Looked = Pick<Observation, 'liveActors' | 'keyOf'>;

/**
 * Tells one viewer in its dialect what actors do: first of all that live, then what happens.
 *
 * A viewer that does not read is told of no states and events. It is remembered which actors it is behind with, and of
 * those it gets the latest state when it reads again; so what waits for it is one entry per actor, whatever happens.
 */
export class ForeignRelay {
  readonly #connection: Connection;
  readonly #observation: Looked;
  readonly #dialect: Dialect;
  readonly #session: string | undefined;
  /** Actors that were introduced. */
  readonly #known = new Map<string, AnyActorRef>();
  /** Actors that the viewer is behind with, parents first. */
  readonly #owed = new Set<AnyActorRef>();

  /** @param session id of the session to limit it to: that one, what is below it, and its parents. */
  constructor(connection: Connection, observation: Looked, dialect: Dialect, session: string | null) {
    this.#connection = connection;
    this.#observation = observation;
    this.#dialect = dialect;
    this.#session = session ?? undefined;
  }

  /** An actor that the viewer knows of. */
  actorOf(sessionId: string): AnyActorRef | undefined {
    return this.#known.get(sessionId);
  }

  /** Tells all from the beginning. */
  restart(): void {
    this.#known.clear();
    this.#owed.clear();
    this.refresh();
  }

  /** Takes leave of what is no longer observed, and introduces what is new. */
  refresh(): void {
    const live = new Set(this.#observation.liveActors());
    const isObserved = (actor: AnyActorRef | undefined): boolean =>
      actor !== undefined && (live.has(actor) || isObserved(parentOf(actor)));
    for (const actor of [...this.#owed, ...this.#known.values()]) {
      if (isObserved(actor)) continue;
      this.#owed.delete(actor);
      if (this.#isKnown(actor)) this.#end(actor);
    }
    for (const actor of live) if (!this.#isKnown(actor) && this.#concerns(actor)) this.#owed.add(actor);
    this.catchUp();
  }

  /** Tells what is owed, as far as the viewer reads it. */
  catchUp(): void {
    for (const actor of this.#owed) {
      this.#owed.delete(actor);
      const isTold = this.#isKnown(actor) ? this.#tellState(actor) : !isAlive(actor) || this.#introduce(actor, false);
      if (!isTold) return;
    }
  }

  hear(record: InspectionEvent): void {
    const actor = record.actorRef as AnyActorRef;
    if (record.type === '@xstate.event') {
      // An actor that throws leaves no record of its own: its parent is told.
      const source = record.sourceRef as AnyActorRef | undefined;
      if (source?.getSnapshot()?.status === 'error' && this.#mayTell(source)) this.#tellState(source);
      if (this.#mayTell(actor, record.event.type === 'xstate.init')) this.#say(actor, this.#dialect.event(record));
    } else if (record.type === '@xstate.snapshot' && this.#mayTell(actor)) {
      this.#tellState(actor, record.snapshot, record.event);
    }
  }

  /** Whether something may be said of the actor now; introduces one that is new. */
  #mayTell(actor: AnyActorRef, isFirst = false): boolean {
    // Nothing is made that will not be sent.
    if (this.#owed.has(actor)) return false;
    if (this.#isKnown(actor)) return true;
    // What is said of one that is over comes too late, unless it was over as soon as it began.
    const mayBegin = isAlive(actor) || (isFirst && actor.getSnapshot()?.status === 'done');
    return mayBegin && this.#concerns(actor) && this.#introduce(actor, isFirst);
  }

  #introduce(actor: AnyActorRef, isNew: boolean): boolean {
    const parent = parentOf(actor);
    if (parent !== undefined && this.#isMissing(parent)) this.#introduce(parent, false);
    const [first = '', ...more] = this.#dialect.introduce(actor, isNew);
    if (!this.#say(actor, first)) return false;
    this.#known.set(actor.sessionId, actor);
    for (const text of more) this.#say(actor, text);
    return true;
  }

  #tellState(actor: AnyActorRef, snapshot: unknown = actor.getSnapshot(), event?: { readonly type: string }): boolean {
    const isTold = this.#say(actor, this.#dialect.state(actor, snapshot, event));
    // One without a chart is told of its stop while it looks as before.
    if (isTold && (event?.type === 'xstate.stop' || !isAlive(actor))) this.#end(actor);
    return isTold;
  }

  #end(actor: AnyActorRef): void {
    this.#known.delete(actor.sessionId);
    const text = this.#dialect.farewell(actor);
    if (text !== undefined) this.#connection.send(text);
  }

  #say(actor: AnyActorRef, text: string): boolean {
    const isSent = this.#connection.send(text, 'droppable');
    if (!isSent) this.#owed.add(actor);
    return isSent;
  }

  /** A parent that can be shown and is not: one limits the viewer to a session below it. */
  #isMissing(parent: AnyActorRef): boolean {
    const isShown = this.#dialect.shows(parent) && this.#observation.keyOf(parent) !== undefined;
    return isShown && !this.#isKnown(parent) && isAlive(parent);
  }

  #isKnown(actor: AnyActorRef): boolean {
    return this.#known.has(actor.sessionId);
  }

  #concerns(actor: AnyActorRef): boolean {
    if (!this.#dialect.shows(actor)) return false;
    if (this.#session === undefined) return true;
    for (let each: AnyActorRef | undefined = actor; each !== undefined; each = parentOf(each)) {
      if (each.id === this.#session) return true;
    }
    return false;
  }
}
