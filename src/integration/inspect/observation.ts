import type { AnyActorRef, InspectionEvent, Subscription } from 'xstate';
import { SessionchartError } from '../../actors/errors.ts';
import { childrenOf } from './actor-facts.ts';
import { isAlive } from './inspected-actor.ts';
import type { InspectionTarget, Look, SaidEvent } from './inspection-target.ts';
import { type ListPage, listOf } from './list-query.ts';
import type {
  ActorDelta,
  ActorKey,
  ActorRow,
  ActorView,
  ChartDefinition,
  ChartKey,
  Explanation,
  ListQuery,
  Overview,
  Source,
} from './page-protocol.ts';
import { Redaction } from './redaction.ts';
import { SourceBook, type Stir } from './source-book.ts';
import { WatchDesk } from './watch-desk.ts';

type ActorSystem = AnyActorRef['system'];

/** What became different since the last {@link Observation.take}. */
export interface Changes {
  /** All of them, if any count changed. */
  readonly overview: readonly Overview[] | undefined;
  /** Rows that changed, of followed actors only. */
  readonly rows: ReadonlyMap<ActorKey, ActorRow>;
  /** A list asked for now may differ. */
  readonly stale: boolean;
  /** Of watched actors. */
  readonly actors: readonly ActorDelta[];
  /** Watched actors that are gone for good. */
  readonly gone: readonly ActorKey[];
}

export interface ObservationOptions {
  /** Applied to all that came from a session before anybody sees it. */
  readonly redact: (data: unknown) => unknown;
  /** The first change since the last {@link Observation.take}. */
  readonly onChange: () => void;
  /** Something threw while an actor was looked at; the actor did not notice. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Looks at actor systems for those who want to see them: which actors there are and in what states, and of the few that
 * are watched everything.
 *
 * While it is closed nothing is attached to any of the systems. While it is open one observer per system counts and
 * marks what changed; only of watched actors anything is copied, and then without secrets. It never throws into the
 * actors that it looks at.
 */
export class Observation {
  readonly #options: ObservationOptions;
  readonly #books: SourceBook[] = [];
  readonly #systems = new Map<ActorSystem, { readonly subscription: Subscription; books: readonly SourceBook[] }>();
  readonly #listeners = new Set<(event: InspectionEvent) => void>();
  readonly #desk: WatchDesk;
  readonly #redaction: Redaction;
  readonly #followed = new Map<ActorKey, number>();
  readonly #changedRows = new Set<ActorKey>();
  #isOpen = false;
  #serial = 0;
  #isCountChanged = false;
  #isStale = false;
  /** Somebody was told that there is something to take. */
  #isAnnounced = false;

  constructor(options: ObservationOptions) {
    this.#options = options;
    this.#redaction = new Redaction(options.redact);
    this.#desk = new WatchDesk(
      this.#redaction,
      book => this.#books.indexOf(book),
      error => this.#fault(error),
    );
  }

  /**
   * Adds what is looked at. When it is taken away again, the sources behind it move up by one.
   *
   * @returns what takes it away; harmless the second time.
   */
  attach(target: InspectionTarget, name: string): () => void {
    const book = new SourceBook(target, name, this.#serial++, this.#redaction);
    this.#books.push(book);
    if (this.#isOpen) this.#guarded(() => this.#begin(book));
    this.#changed();
    return () => {
      const at = this.#books.indexOf(book);
      if (at < 0) return;
      this.#books.splice(at, 1);
      this.#desk.closeBook(book);
      this.#guarded(() => this.#end(book));
      this.#changed();
    };
  }

  get sources(): readonly Source[] {
    return this.#books.map(({ name, target: { kind }, rootKey }) => ({ name, kind, root: rootKey }));
  }

  /** Begins to listen. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    for (const book of this.#books) this.#guarded(() => this.#begin(book));
  }

  /** Ends listening; nothing is kept, of watched actors neither. */
  close(): void {
    this.#isOpen = false;
    for (const book of this.#books) this.#guarded(() => this.#end(book));
    this.#desk.clear();
    this.#followed.clear();
    this.#forgetChanges();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  overview(): readonly Overview[] {
    return this.#books.map((book, source) => {
      const nothing = { source, counts: {}, total: 0, slots: null, events: 0 };
      return this.#guarded(() => book.overview(source)) ?? nothing;
    });
  }

  list(query: ListQuery): ListPage {
    return listOf(this.#books, query, error => this.#fault(error));
  }

  row(actor: ActorKey): ActorRow | undefined {
    return this.#row(actor, ({ target }) => target.look());
  }

  /** The definition of a chart that a row named, as long as what it belongs to is attached and open. */
  chartOf(chart: ChartKey): ChartDefinition | undefined {
    for (const book of this.#books) {
      const definition = book.chartOf(chart);
      if (definition !== undefined) return definition;
    }
    return undefined;
  }

  /** Rows of these actors appear in {@link Changes.rows}. Counted. */
  followRow(actor: ActorKey): void {
    this.#followed.set(actor, (this.#followed.get(actor) ?? 0) + 1);
  }

  unfollowRow(actor: ActorKey): void {
    const users = this.#followed.get(actor) ?? 0;
    if (users > 1) this.#followed.set(actor, users - 1);
    else this.#followed.delete(actor);
  }

  /** Counted. False if there is no such actor alive, or while closed. */
  watch(actor: ActorKey): boolean {
    const book = this.#isOpen ? this.#bookOf(actor) : undefined;
    return book !== undefined && this.#desk.watch(actor, book);
  }

  unwatch(actor: ActorKey): void {
    this.#desk.unwatch(actor);
  }

  /**
   * All of a watched actor, also of one that is gone meanwhile.
   *
   * @param after the log only behind this record. Records of the next delta that are in the view already are the same.
   */
  view(actor: ActorKey, after?: number): ActorView | undefined {
    const view = this.#desk.view(actor, after);
    if (view !== undefined) this.#announce();
    return view;
  }

  /** What became different since it was last asked. Of one actor there may be several deltas, in order. */
  take(): Changes {
    const isCountChanged = this.#isCountChanged;
    const stale = this.#isStale;
    const changed = [...this.#changedRows];
    this.#forgetChanges();
    const overview = isCountChanged ? this.overview() : undefined;
    const lookOf = lookOnce();
    const rows = new Map<ActorKey, ActorRow>();
    for (const key of changed) {
      const row = this.#guarded(() => this.#row(key, lookOf));
      if (row !== undefined) rows.set(key, row);
    }
    return { overview, rows, stale, ...this.#desk.take(lookOf) };
  }

  explain(actor: ActorKey): Explanation | undefined {
    const book = this.#bookOf(actor);
    return book?.target.explain(book.ownKey(actor) as string);
  }

  /**
   * Says something to an actor, as an application would.
   *
   * @throws SessionchartError `ACTOR_NOT_FOUND`; else as the target says. Nothing has happened then.
   */
  async send(actor: ActorKey, event: SaidEvent): Promise<void> {
    const book = this.#bookOf(actor);
    if (book === undefined) throw new SessionchartError('ACTOR_NOT_FOUND');
    await book.target.send(book.ownKey(actor) as string, event);
  }

  /**
   * Hands on the records of all systems as they come, while it is open. A listener that throws is told of, and goes on.
   *
   * @returns what takes the listener off.
   */
  feed(listener: (event: InspectionEvent) => void): () => void {
    const own = (event: InspectionEvent): void => listener(event);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Every live actor, parents first: root, sessions, what they invoked. */
  *liveActors(): Generator<AnyActorRef> {
    const seen = new Set<AnyActorRef>();
    for (const { target } of this.#books) {
      for (const actor of target.actors()) yield* withChildren(actor, seen);
    }
  }

  /** The key of an actor that has one. */
  keyOf(actor: AnyActorRef): ActorKey | undefined {
    for (const book of this.#books) {
      const key = book.target.root.system === actor.system ? book.keyOf(actor) : undefined;
      if (key !== undefined) return key;
    }
    return undefined;
  }

  #row(actor: ActorKey, lookOf: (book: SourceBook) => Look): ActorRow | undefined {
    const source = this.#books.findIndex(book => book.ownKey(actor) !== undefined);
    const book = this.#books[source];
    return book?.row(actor, source, lookOf(book));
  }

  #bookOf(actor: ActorKey): SourceBook | undefined {
    return this.#books.find(book => book.ownKey(actor) !== undefined);
  }

  #begin(book: SourceBook): void {
    // One of which not all can be read is followed as far as it goes.
    this.#guarded(() => book.open());
    const { system } = book.target.root;
    const known = this.#systems.get(system);
    if (known !== undefined) known.books = [...known.books, book];
    else this.#systems.set(system, { subscription: system.inspect(event => this.#hear(system, event)), books: [book] });
  }

  #end(book: SourceBook): void {
    book.close();
    const { system } = book.target.root;
    const known = this.#systems.get(system);
    if (known === undefined) return;
    known.books = known.books.filter(other => other !== book);
    if (known.books.length > 0) return;
    known.subscription.unsubscribe();
    this.#systems.delete(system);
  }

  /** Must not throw: the actor would. */
  #hear(system: ActorSystem, event: InspectionEvent): void {
    const { books } = this.#systems.get(system) ?? { books: [] };
    const actor = event.actorRef as AnyActorRef;
    for (const book of books) this.#guarded(() => this.#note(book, actor, event));
    if (this.#listeners.size === 0 || !books.some(book => book.covers(actor))) return;
    for (const listener of [...this.#listeners]) this.#guarded(() => listener(event));
  }

  #note(book: SourceBook, actor: AnyActorRef, record: InspectionEvent): void {
    switch (record.type) {
      case '@xstate.actor':
        if (!this.#desk.isIdle) this.#desk.came(book, actor);
        return;
      case '@xstate.event': {
        const { event } = record;
        const from = record.sourceRef as AnyActorRef | undefined;
        const key = book.heard(actor);
        if (key !== undefined) this.#isCountChanged = true;
        if (!this.#desk.isIdle) this.#desk.said(book, from, actor, event);
        // One that threw leaves no other trace.
        if (from !== undefined && event.type.startsWith('xstate.error.actor.')) this.#stir(book.left(from));
        break;
      }
      case '@xstate.microstep':
        if (!this.#desk.isIdle) this.#desk.stepped(actor, record._transitions);
        return;
      case '@xstate.action':
        if (!this.#desk.isIdle) this.#desk.acted(actor, record.action.params);
        return;
      case '@xstate.snapshot': {
        const key = book.trackedKey(actor);
        this.#stir(book.moved(actor, record.snapshot, record.event));
        if (key !== undefined && this.#followed.has(key)) this.#changedRows.add(key);
        if (!this.#desk.isIdle) this.#desk.moved(actor, record.snapshot, record.event);
        break;
      }
      default:
        return;
    }
    this.#announce();
  }

  #stir(stir: Stir): void {
    if (stir === 'nothing') return;
    this.#isCountChanged = true;
    this.#isStale = true;
  }

  /** All of it: what there is to look at is another. */
  #changed(): void {
    if (!this.#isOpen) return;
    this.#isCountChanged = true;
    this.#isStale = true;
    this.#guarded(() => this.#announce());
  }

  #announce(): void {
    const hasNews = this.#isCountChanged || this.#isStale || this.#changedRows.size > 0 || this.#desk.hasNews;
    if (this.#isAnnounced || !hasNews) return;
    this.#isAnnounced = true;
    this.#options.onChange();
  }

  #forgetChanges(): void {
    this.#isCountChanged = false;
    this.#isStale = false;
    this.#isAnnounced = false;
    this.#changedRows.clear();
  }

  #guarded<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.#fault(error);
      return undefined;
    }
  }

  #fault(error: unknown): void {
    try {
      this.#options.onFault(error);
    } catch {
      // Who cannot hear of a fault cannot hear of this one.
    }
  }
}

/** Each source is looked at once, and not before somebody asks. */
function lookOnce(): (book: SourceBook) => Look {
  const looks = new Map<SourceBook, Look>();
  return book => {
    let look = looks.get(book);
    if (look === undefined) {
      look = book.target.look();
      looks.set(book, look);
    }
    return look;
  };
}

function* withChildren(actor: AnyActorRef, seen: Set<AnyActorRef>): Generator<AnyActorRef> {
  if (seen.has(actor)) return;
  seen.add(actor);
  yield actor;
  for (const child of childrenOf(actor)) if (isAlive(child)) yield* withChildren(child, seen);
}
