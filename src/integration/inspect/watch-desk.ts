import type { AnyActorRef, AnyTransitionDefinition } from 'xstate';
import { ActorWatch } from './actor-watch.ts';
import { isAlive, parentOf } from './inspected-actor.ts';
import type { Look, SaidEvent } from './inspection-target.ts';
import type { ActorDelta, ActorKey, ActorView } from './page-protocol.ts';
import type { Redaction } from './redaction.ts';
import type { SourceBook } from './source-book.ts';

const ANSWER = /^xstate\.(done|error)\.actor\./;

/** The actors that are watched closely, and who of them a record concerns. */
export class WatchDesk {
  readonly #redaction: Redaction;
  readonly #indexOf: (book: SourceBook) => number;
  readonly #onFault: (error: unknown) => void;
  readonly #watches = new Map<ActorKey, ActorWatch>();
  readonly #byActor = new Map<AnyActorRef, ActorWatch>();
  readonly #touched = new Set<ActorWatch>();
  /** What became different before a view was made: others have not been told of it. */
  #owed: ActorDelta[] = [];
  /** No record that is still to come has a number so low. The next one is left out: who goes on sees that it missed something. */
  #highestSeq = -1;

  constructor(redaction: Redaction, indexOf: (book: SourceBook) => number, onFault: (error: unknown) => void) {
    this.#redaction = redaction;
    this.#indexOf = indexOf;
    this.#onFault = onFault;
  }

  get isIdle(): boolean {
    return this.#watches.size === 0;
  }

  get hasNews(): boolean {
    return this.#touched.size > 0 || this.#owed.length > 0;
  }

  watch(key: ActorKey, book: SourceBook): boolean {
    const known = this.#watches.get(key);
    if (known !== undefined) {
      if (known.isGone) return false;
      known.users += 1;
      return true;
    }
    const actor = book.actorOf(key);
    if (actor === undefined) return false;
    const watch = new ActorWatch(key, actor, book, this.#redaction, () => this.#indexOf(book), this.#highestSeq + 1);
    this.#watches.set(key, watch);
    this.#byActor.set(actor, watch);
    return true;
  }

  unwatch(key: ActorKey): void {
    const watch = this.#watches.get(key);
    if (watch === undefined) return;
    watch.users -= 1;
    if (watch.users === 0) this.#drop(watch);
  }

  view(key: ActorKey, after: number | undefined): ActorView | undefined {
    const watch = this.#watches.get(key);
    if (watch === undefined || watch.isBroken || this.#isDetached(watch)) return undefined;
    const look = watch.book.target.look();
    const delta = watch.delta(look);
    if (delta !== undefined) this.#owed.push(delta);
    return watch.view(after, look);
  }

  /** A new actor: one that is watched may have been started again. */
  came(book: SourceBook, actor: AnyActorRef): void {
    const key = book.keyOf(actor);
    const watch = key === undefined ? undefined : this.#watches.get(key);
    if (watch === undefined || watch.isBroken || watch.actor === actor || isAlive(watch.actor)) return;
    this.#byActor.delete(watch.actor);
    watch.follow(actor);
    this.#byActor.set(actor, watch);
    this.#touched.add(watch);
  }

  said(book: SourceBook, from: AnyActorRef | undefined, to: AnyActorRef, event: SaidEvent): void {
    const hearer = this.#touch(to);
    const teller = from === undefined || from === to ? undefined : this.#touch(from);
    if (hearer !== undefined) {
      hearer.message(hearer.speaker(from, to, event), book.partyOf(to), event);
      const answer = ANSWER.exec(event.type)?.[1] as 'done' | 'error' | undefined;
      if (from !== undefined && answer !== undefined && parentOf(from) === to) hearer.child(from, answer);
    }
    if (teller !== undefined && from !== undefined) {
      teller.message(book.partyOf(from), book.partyOf(to), event);
      if (event.type === 'xstate.init') teller.child(to, 'started');
    }
    if (to === book.target.root) this.#saidOf(book, to, event);
  }

  stepped(actor: AnyActorRef, transitions: readonly AnyTransitionDefinition[]): void {
    this.#touch(actor)?.step(transitions);
  }

  /** An action that may have armed a timer. */
  acted(actor: AnyActorRef, params: unknown): void {
    const { delay, id } = (params ?? {}) as { readonly delay?: unknown; readonly id?: unknown };
    if (delay !== undefined) this.#byActor.get(actor)?.armed(typeof id === 'string' ? id : undefined);
  }

  moved(actor: AnyActorRef, snapshot: unknown, event: SaidEvent): void {
    this.#touch(actor)?.moved(snapshot, event);
    const parent = parentOf(actor);
    if (event.type === 'xstate.stop' && parent !== undefined) this.#touch(parent)?.child(actor, 'stopped');
  }

  /** What became different since this was last asked. An actor that cannot be read is as good as gone: others are told on. */
  take(lookOf: (book: SourceBook) => Look): {
    readonly actors: readonly ActorDelta[];
    readonly gone: readonly ActorKey[];
  } {
    const actors = this.#owed;
    const gone: ActorKey[] = [];
    const touched = [...this.#touched];
    this.#owed = [];
    this.#touched.clear();
    for (const watch of touched) {
      try {
        const delta = this.#isDetached(watch) ? undefined : watch.delta(lookOf(watch.book));
        if (delta !== undefined) actors.push(delta);
        if (watch.isGone || this.#isThere(watch)) continue;
      } catch (error) {
        watch.isBroken = true;
        this.#byActor.delete(watch.actor);
        this.#onFault(error);
        if (watch.isGone) continue;
      }
      watch.isGone = true;
      gone.push(watch.key);
    }
    return { actors, gone };
  }

  /** Nothing more comes from these actors. */
  closeBook(book: SourceBook): void {
    for (const watch of this.#watches.values()) {
      if (watch.book !== book) continue;
      this.#byActor.delete(watch.actor);
      this.#touched.add(watch);
    }
  }

  clear(): void {
    for (const watch of [...this.#watches.values()]) this.#drop(watch);
    this.#owed = [];
  }

  #saidOf(book: SourceBook, root: AnyActorRef, event: SaidEvent): void {
    const about = book.target.aboutOf(event);
    const watch = about && this.#watches.get(book.fullKey(about.key));
    if (about === undefined || watch === undefined) return;
    const from = about.from === 'session' ? book.partyOf(watch.actor) : { role: about.from, label: about.from };
    watch.message(from, book.partyOf(root), event);
    this.#touched.add(watch);
  }

  #isDetached({ book }: ActorWatch): boolean {
    return this.#indexOf(book) < 0;
  }

  #isThere(watch: ActorWatch): boolean {
    if (this.#isDetached(watch)) return false;
    return isAlive(watch.actor) || watch.book.actorOf(watch.key) !== undefined;
  }

  #touch(actor: AnyActorRef): ActorWatch | undefined {
    const watch = this.#byActor.get(actor);
    if (watch !== undefined) this.#touched.add(watch);
    return watch;
  }

  #drop(watch: ActorWatch): void {
    this.#highestSeq = Math.max(this.#highestSeq, watch.lastSeq);
    this.#watches.delete(watch.key);
    this.#byActor.delete(watch.actor);
    this.#touched.delete(watch);
  }
}
