import type { ActorRefFrom } from 'xstate';
import type { Clock } from '../../../actors/ports.ts';
import type { ActorKey, ActorRow, Explanation, ServerMessage } from '../../inspect/page-protocol.ts';
import { applied, EMPTY_MIRROR, ended, forgotten, type Mirror, rowIn } from '../../inspect/viewer/mirror.ts';
import type { InspectorClient } from './inspector-client.ts';
import type { Picture } from './picture.ts';
import type { viewMachine } from './view-chart.ts';
import { queryOf } from './view-types.ts';

/** So often is something asked for at most, ms: three questions at once stay below what an inspector takes. */
const ASK_MS = 200;
/** The order of the list is renewed at most so often, ms. */
const REFRESH_MS = 1_000;

/** What could not be watched, for another reason than that it has ended, is tried again after this time, ms. */
const WATCH_AGAIN_MS = 3_000;

/** The answers to what the user did: they are shown also while the view stands still. */
const ANSWERS: ReadonlySet<ServerMessage['type']> = new Set(['welcome', 'definition', 'list', 'watched']);

/** What is known of the process, and the questions that follow from where the user is. */
export class Watching {
  readonly #client: InspectorClient;
  readonly #view: ActorRefFrom<typeof viewMachine>;
  readonly #clock: Clock;
  /** All that came, and what is shown of it: while the view stands still that is less. */
  #live: Mirror = EMPTY_MIRROR;
  #shown: Mirror = EMPTY_MIRROR;
  #pausedAt: number | null = null;
  /** What was asked for last. */
  #query = '';
  #staleSeen = 0;
  #listedAt = Number.NEGATIVE_INFINITY;
  #watched: ActorKey | null = null;
  #row: ActorRow | undefined;
  #story: { readonly actor: ActorKey; readonly explanation: Explanation | null } | null = null;
  #timer: unknown;
  #again: unknown;
  #isWaiting = false;

  constructor(client: InspectorClient, view: ActorRefFrom<typeof viewMachine>, clock: Clock) {
    this.#client = client;
    this.#view = view;
    this.#clock = clock;
  }

  get allowSend(): boolean {
    return this.#live.welcome?.allowSend ?? false;
  }

  /** Events that all sources took; `undefined` before anything is known. */
  get events(): number | undefined {
    if (this.#live.welcome === null) return undefined;
    return this.#live.overview.reduce((sum, { events }) => sum + events, 0);
  }

  take(message: ServerMessage): void {
    const before = this.#live.restarts;
    this.#live = applied(this.#live, message);
    if (this.#pausedAt === null || this.#live.restarts !== before) this.#shown = this.#live;
    else if (ANSWERS.has(message.type)) this.#shown = applied(this.#shown, message);
    if (this.#live.restarts !== before) this.#beginAfresh();
    if (message.type === 'list' && this.#shown.list.id === message.id) this.#listed();
    this.#askSoon();
  }

  /** The connection is there again: everything is asked for anew. */
  goOn(): void {
    this.#query = '';
    this.#watched = null;
    this.#ask();
  }

  /** The user is somewhere else. */
  follow(): void {
    const paused = this.#view.getSnapshot().matches({ flow: 'paused' });
    if (paused && this.#pausedAt === null) this.#pausedAt = this.#client.now();
    if (!paused && this.#pausedAt !== null) {
      this.#pausedAt = null;
      this.#shown = this.#live;
    }
    this.#askSoon();
  }

  explain(actor: ActorKey): void {
    if (this.#story?.actor !== actor) this.#story = null;
    void this.#client.ask({ type: 'explain', actor }).then(answer => {
      if (answer.type === 'explanation') this.#story = { actor, explanation: answer.explanation };
      else if (answer.type === 'error') this.#say(`${answer.message} ${answer.remediation}`, 'bad');
    });
  }

  send(actor: ActorKey, event: { readonly type: string }): void {
    const name = this.#shown.list.rows.find(row => row.actor === actor)?.id ?? 'it';
    void this.#client.ask({ type: 'send', actor, event }).then(answer => {
      if (answer.type === 'sent') this.#say(`${event.type} was taken by ${name}.`, 'good');
      else if (answer.type === 'error') this.#say(`${answer.code}: ${answer.message} ${answer.remediation}`, 'bad');
      else this.#say(`${event.type}: the connection ended before there was an answer.`, 'bad');
    });
  }

  /** What is shown, but for what the connection adds. */
  picture(): Omit<Picture, 'rate' | 'link' | 'place'> {
    const { welcome, overview, list, watched } = this.#shown;
    const chosen = this.#view.getSnapshot().context.chosen;
    const known = watched.get(chosen ?? '');
    const row = rowIn(this.#shown, chosen);
    // It may leave the part of the list that is at hand.
    if (row !== undefined || this.#row?.actor !== chosen) this.#row = row;
    return {
      now: this.#pausedAt ?? this.#client.now(),
      title: welcome?.title ?? 'Sessions',
      overview,
      list,
      row: this.#row,
      watched: known,
      story: this.#story?.actor === chosen ? this.#story?.explanation : undefined,
    };
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#clock.clearTimeout(this.#again);
    this.#watched = null;
    this.#isWaiting = true;
  }

  #askSoon(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    // What a key asks for is asked at once, what follows within the time together.
    this.#timer = this.#clock.setTimeout(() => {
      this.#isWaiting = false;
      if (this.#ask()) this.#askSoon();
    }, ASK_MS);
    this.#ask();
  }

  /** Asks for what is wanted and not asked for yet. Whether there is something left for later. */
  #ask(): boolean {
    if (this.#client.facts.state !== 'live') return false;
    const { context } = this.#view.getSnapshot();
    const query = queryOf(context);
    const isStale = this.#pausedAt === null && this.#live.stale !== this.#staleSeen;
    const isDue = this.#clock.now() - this.#listedAt >= REFRESH_MS;
    if (JSON.stringify(query) !== this.#query || (isStale && isDue)) {
      this.#query = JSON.stringify(query);
      this.#staleSeen = this.#live.stale;
      this.#listedAt = this.#clock.now();
      void this.#client.ask({ type: 'list', query }).then(answer => {
        if (answer.type === 'error') this.#say(`${answer.message} ${answer.remediation}`, 'bad');
      });
    }
    this.#watch(context.chosen);
    return isStale && !isDue;
  }

  #watch(chosen: ActorKey | null): void {
    if (chosen === this.#watched) return;
    const before = this.#watched;
    this.#watched = chosen;
    if (before !== null) {
      void this.#client.ask({ type: 'unwatch', actor: before });
      this.#live = forgotten(this.#live, before);
      this.#shown = forgotten(this.#shown, before);
    }
    this.#clock.clearTimeout(this.#again);
    if (chosen === null) return;
    const after = this.#live.watched.get(chosen)?.lastSeq;
    void this.#client.ask({ type: 'watch', actor: chosen, ...(after ? { after } : {}) }).then(answer => {
      if (answer.type === 'error') this.#notWatched(chosen, answer.code);
    });
  }

  #notWatched(actor: ActorKey, code: string): void {
    if (code === 'ACTOR_NOT_FOUND') {
      // Of one that has ended there is only the row, and what was known of it before.
      this.#live = ended(this.#live, actor);
      this.#shown = ended(this.#shown, actor);
    } else if (actor === this.#watched) {
      this.#again = this.#clock.setTimeout(() => {
        if (actor === this.#watched) this.#watched = null;
        this.#askSoon();
      }, WATCH_AGAIN_MS);
    }
  }

  #listed(): void {
    const { matched, offset, rows } = this.#shown.list;
    this.#view.send({ type: 'LISTED', list: { matched, offset, actors: rows.map(({ actor }) => actor) } });
  }

  #beginAfresh(): void {
    this.#query = '';
    this.#watched = null;
    this.#row = undefined;
    this.#story = null;
    this.#staleSeen = 0;
    this.#view.send({ type: 'AFRESH' });
    this.#say('The process was started again.', 'good');
  }

  #say(text: string, tone: 'good' | 'bad'): void {
    this.#view.send({ type: 'NOTICE', notice: { text, tone } });
  }
}
