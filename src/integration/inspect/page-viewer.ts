import { isSessionchartError, SessionchartError } from '../../actors/errors.ts';
import { readMessage } from './client-message.ts';
import type { Connection, EndpointParts, ViewerSide } from './endpoint.ts';
import { type News, refusal } from './page-frames.ts';
import type { SharedLists } from './page-lists.ts';
import type {
  ActorKey,
  ActorView,
  ChartKey,
  ClientMessage,
  Delta,
  ListAnswer,
  ListQuery,
  ServerMessage,
  Welcome,
} from './page-protocol.ts';

/** More than fit on a screen; each costs the process something with every event of the actor. */
const MOST_WATCHED = 16;
/** More than one frame can mention; a definition that was sent longer ago is sent again. */
const MOST_CHARTS = 1_000;

export interface PageParts extends EndpointParts {
  readonly lists: SharedLists;
  welcome(): Welcome;
  /** The definition of a chart, as it is sent; `undefined` if the chart is not known. */
  definition(chart: ChartKey): string | undefined;
  /** Takes a viewer up among those that get news, or takes it out. */
  follow(viewer: PageViewer): void;
  unfollow(viewer: PageViewer): void;
}

type SendMessage = Extract<ClientMessage, { type: 'send' }>;

/** One page that looks: what it sees of the list, and the actors that it watches. */
export class PageViewer implements ViewerSide {
  readonly #connection: Connection;
  readonly #parts: PageParts;
  readonly #charts = new Set<ChartKey>();
  #window: ReadonlySet<ActorKey> = new Set();
  /** The actors that it watches, each with the latest record that it was sent. */
  readonly #watched = new Map<ActorKey, number>();
  /** Actors that are gone, which it was not told for it did not read. */
  readonly #untold = new Set<ActorKey>();
  #isGreeted = false;
  #news: News | undefined;

  constructor(connection: Connection, parts: PageParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  receive(frame: string): void {
    // Whatever is asked is answered as of now, so what happened before has to be told before.
    this.tell();
    const read = readMessage(frame);
    if (!read.ok) {
      const { id, ...why } = read.why;
      this.#refuse(id, new SessionchartError('INVALID_MESSAGE', why));
      this.#connection.garbled();
    } else if (read.message.type === 'send') void this.#send(read.message);
    else this.#answer(read.message);
  }

  refuse(frame: string): void {
    const read = readMessage(frame);
    const id = read.ok ? idOf(read.message) : read.why.id;
    this.#refuse(id, new SessionchartError('RATE_LIMITED', { message: 'Too many messages at once.' }));
  }

  /** There are news; {@link tell} tells them. */
  announce(news: News): void {
    this.#news = news;
  }

  /** Tells what was announced, as far as it is of interest here. */
  tell(): void {
    const news = this.#news;
    this.#news = undefined;
    const frame = news?.frame(this.#window, this.#watched);
    if (news === undefined || frame === undefined) return;
    for (const chart of news.charts(this.#window, this.#watched)) this.#define(chart);
    const { actors, gone } = news.changes;
    if (this.#connection.send(frame, 'droppable')) {
      for (const { actor, log } of actors) this.#note(actor, log);
      for (const actor of gone) this.#unwatch(actor);
    } else for (const actor of gone) if (this.#watched.has(actor)) this.#untold.add(actor);
  }

  /** It could not be told: what it knows is no longer right, so it has to come anew. */
  dismiss(): void {
    this.#connection.close('broken');
  }

  refresh(): void {
    this.tell();
    this.#say(this.#parts.welcome());
  }

  resync(): void {
    this.tell();
    const { observation, clock } = this.#parts;
    const rows = [...this.#window].flatMap(key => observation.row(key) ?? []);
    const views = [...this.#watched].flatMap(([actor, latest]) => observation.view(actor, latest) ?? []);
    const gone = [...this.#untold];
    this.#untold.clear();
    for (const { chart } of [...rows, ...views.map(({ row }) => row)]) this.#define(chart);
    for (const { row, log } of views) this.#note(row.actor, log);
    for (const actor of gone) this.#unwatch(actor);
    const anew: Delta = {
      type: 'delta',
      now: clock.wall(),
      overview: observation.overview(),
      rows,
      stale: true,
      views,
      gone,
    };
    this.#say(anew);
  }

  left(): void {
    this.#news = undefined;
    this.#parts.unfollow(this);
    this.#show(new Set());
  }

  forgotten(): void {
    for (const actor of [...this.#watched.keys()]) this.#unwatch(actor);
  }

  #answer(message: Exclude<ClientMessage, SendMessage>): void {
    try {
      this.#say(this.#answerTo(message));
    } catch (error) {
      const id = idOf(message);
      if (!isSessionchartError(error)) {
        if (id === null) throw error;
        this.#parts.onFault(error);
      }
      this.#refuse(id, error);
    }
  }

  /** An answer, or its text. */
  #answerTo(message: Exclude<ClientMessage, SendMessage>): ServerMessage | string {
    this.#checkOrder(message.type);
    const { observation, clock } = this.#parts;
    switch (message.type) {
      case 'hello':
        this.#isGreeted = true;
        this.#connection.greet();
        this.#parts.follow(this);
        return this.#parts.welcome();
      case 'list':
        return this.#list(message.id, message.query);
      case 'watch': {
        const view = this.#watch(message.actor, message.after);
        return { type: 'watched', id: message.id, now: clock.wall(), view };
      }
      case 'unwatch':
        this.#unwatch(message.actor);
        return { type: 'unwatched', id: message.id };
      case 'explain': {
        const explanation = observation.explain(message.actor) ?? null;
        return { type: 'explanation', id: message.id, explanation };
      }
    }
  }

  async #send({ id, actor, event }: SendMessage): Promise<void> {
    try {
      this.#checkOrder('send');
      if (!this.#parts.allowSend) throw new SessionchartError('SEND_NOT_ALLOWED');
      await this.#parts.observation.send(actor, event);
      this.#say({ type: 'sent', id });
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  #checkOrder(type: ClientMessage['type']): void {
    if ((type === 'hello') !== this.#isGreeted) return;
    const allowed = this.#isGreeted ? 'hello once' : 'hello first';
    this.#connection.garbled();
    throw new SessionchartError('INVALID_MESSAGE', {
      message: `type is "${type}"; allowed: ${allowed}`,
      field: 'type',
      allowed,
    });
  }

  #list(id: number, query: ListQuery): string {
    const { total, matched, rows, text } = this.#parts.lists.page(query);
    for (const { chart } of rows) this.#define(chart);
    this.#show(new Set(rows.map(({ actor }) => actor)));
    const answer: Omit<ListAnswer, 'rows'> = {
      type: 'list',
      id,
      now: this.#parts.clock.wall(),
      total,
      matched,
      offset: query.offset,
    };
    return `${JSON.stringify(answer).slice(0, -1)},"rows":${text}}`;
  }

  #watch(actor: ActorKey, after: number | undefined): ActorView {
    const { observation } = this.#parts;
    if (!this.#watched.has(actor)) {
      if (this.#watched.size >= MOST_WATCHED) {
        const allowed = `at most ${MOST_WATCHED} watched actors`;
        const message = `actor is one too many; allowed: ${allowed}`;
        const remediation = 'Unwatch one first.';
        throw new SessionchartError('INVALID_MESSAGE', { message, field: 'actor', allowed, remediation });
      }
      if (!observation.watch(actor)) throw new SessionchartError('ACTOR_NOT_FOUND');
      this.#watched.set(actor, 0);
    }
    try {
      const view = observation.view(actor, after);
      if (view === undefined) throw new SessionchartError('ACTOR_NOT_FOUND');
      this.#define(view.row.chart);
      this.#note(actor, view.log);
      return view;
    } catch (error) {
      this.#unwatch(actor);
      throw error;
    }
  }

  /** Follows the rows of this window, and of no other. */
  #show(window: ReadonlySet<ActorKey>): void {
    const { observation } = this.#parts;
    for (const actor of window) observation.followRow(actor);
    for (const actor of this.#window) observation.unfollowRow(actor);
    this.#window = window;
  }

  #unwatch(actor: ActorKey): void {
    if (this.#watched.delete(actor)) this.#parts.observation.unwatch(actor);
  }

  #note(actor: ActorKey, log: ActorView['log'] | undefined): void {
    const latest = log?.at(-1)?.seq;
    if (latest !== undefined && this.#watched.has(actor)) this.#watched.set(actor, latest);
  }

  /** Sends the definition of a chart before it is first mentioned. */
  #define(chart: ChartKey | null): void {
    if (chart === null || this.#charts.has(chart)) return;
    const text = this.#parts.definition(chart);
    // What it belonged to was detached; should it come back, the definition is sent.
    if (text === undefined) return;
    this.#charts.add(chart);
    const [oldest] = this.#charts;
    if (this.#charts.size > MOST_CHARTS && oldest !== undefined) this.#charts.delete(oldest);
    this.#connection.send(text);
  }

  #refuse(id: number | null, error: unknown): void {
    this.#say(refusal(id, error));
  }

  #say(message: ServerMessage | string): void {
    this.#connection.send(typeof message === 'string' ? message : JSON.stringify(message));
  }
}

const idOf = (message: ClientMessage): number | null => ('id' in message ? message.id : null);
