import { createActor, fromCallback, fromPromise } from 'xstate';
import { isSessionchartError } from '../../../actors/errors.ts';
import type { Clock } from '../../../actors/ports.ts';
import { type InspectorAddress, placeOf } from '../../inspect/inspector-address.ts';
import type { ServerMessage } from '../../inspect/page-protocol.ts';
import { type Access, type LifeEvent, type LinkInput, lifeMachine } from '../../inspect/viewer/life.ts';
import { type Outcome, type Question, Requests } from '../../inspect/viewer/requests.ts';
import { skewAfter } from '../../inspect/viewer/server-clock.ts';
import { askAccess } from '../access.ts';
import type { LinkFacts } from './picture.ts';
import { type Say, socketLink } from './socket-link.ts';

export interface ClientEnds {
  onMessage(message: ServerMessage): void;
  /** The connection is in another state; `isLive` right after it became live. */
  onLife(isLive: boolean): void;
}

/** A connection that is made again whenever it is lost, and what is asked over it. */
export class InspectorClient {
  readonly #requests = new Requests();
  readonly #clock: Clock;
  readonly #place: string;
  readonly #life;
  #say: Say | null = null;
  #skew: number | null = null;
  /** While the process is away its time stands still: nobody knows what its deadlines brought. */
  #lostAt: number | null = null;

  constructor(address: InspectorAddress, clock: Clock, ends: ClientEnds) {
    this.#clock = clock;
    this.#place = placeOf(address);
    const access = fromPromise<Access, LinkInput>(async ({ signal }) => {
      try {
        await askAccess(address, { signal });
        return 'granted';
      } catch (error) {
        if (isSessionchartError(error) && error.details.field === 'token') return 'refused';
        throw error;
      }
    });
    const link = fromCallback<LifeEvent, LinkInput>(({ sendBack }) => {
      const close = socketLink(address, {
        onMessage: message => this.#take(message, ends),
        onLive: say => {
          this.#say = say;
          this.#lostAt = null;
          sendBack({ type: 'WELCOME' });
        },
        onClosed: (code, opened) => {
          this.#lose();
          sendBack({ type: 'CLOSED', code, opened });
        },
      });
      return () => {
        this.#lose();
        close();
      };
    });
    this.#life = createActor(lifeMachine.provide({ actors: { access, link } }), {
      input: { token: address.token, now: () => clock.now() },
      clock,
    });
    let wasLive = false;
    this.#life.subscribe(() => {
      const isLive = this.facts.state === 'live';
      ends.onLife(isLive && !wasLive);
      wasLive = isLive;
    });
  }

  start(): void {
    this.#life.start();
  }

  stop(): void {
    this.#life.stop();
    this.#lose();
  }

  retry(): void {
    this.#life.send({ type: 'RETRY' });
  }

  ask(question: Question): Promise<Outcome> {
    return this.#requests.ask(question, message => this.#say?.(message) ?? false);
  }

  /** The present on the clock of the process, ms. */
  now(): number {
    return (this.#lostAt ?? this.#clock.wall()) + (this.#skew ?? 0);
  }

  get place(): string {
    return this.#place;
  }

  get facts(): LinkFacts {
    const { value, context } = this.#life.getSnapshot();
    const state = typeof value === 'string' ? (value === 'beginning' ? 'asking' : value) : value.linked;
    return { state, absence: context.absence, retryInMs: context.retryAt - this.#clock.now() };
  }

  #take(message: ServerMessage, ends: ClientEnds): void {
    if ('now' in message) {
      this.#skew = skewAfter(message.type === 'welcome' ? null : this.#skew, message.now, this.#clock.wall());
    }
    ends.onMessage(message);
    this.#requests.settle(message);
  }

  #lose(): void {
    if (this.#say !== null) this.#lostAt = this.#clock.wall();
    this.#say = null;
    this.#requests.abandon();
  }
}
