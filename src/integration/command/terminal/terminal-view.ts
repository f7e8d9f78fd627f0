import { type Actor, createActor } from 'xstate';
import type { Clock } from '../../../actors/ports.ts';
import type { InspectorAddress } from '../../inspect/inspector-address.ts';
import { NO_RATE, type Rate, rated, recentRate } from '../../inspect/viewer/rate.ts';
import { FullScreen } from '../../terminal/full-screen.ts';
import { InspectorClient } from './inspector-client.ts';
import { type Key, KeyDecoder } from './key-decoder.ts';
import type { Picture, Place, View } from './picture.ts';
import type { Terminal } from './process-terminal.ts';
import { screenOf } from './screen.ts';
import { layoutOf } from './screen-layout.ts';
import { viewMachine } from './view-chart.ts';
import { factsOf } from './view-facts.ts';
import { keyEvent, type ViewWish } from './view-types.ts';
import { Watching } from './watching.ts';

/** What comes is shown so soon, ms; several changes at once. */
const DRAW_MS = 40;
/** Count-downs are drawn so often, ms. */
const TICK_MS = 250;
const SECOND_MS = 1_000;
/** What follows ESC in a sequence is there by then, ms, also over a slow line. */
const ESCAPE_MS = 40;

/** The view of an inspector in a terminal, until the user leaves. */
export class TerminalView {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #screen: FullScreen;
  readonly #client: InspectorClient;
  readonly #watching: Watching;
  readonly #view: Actor<typeof viewMachine>;
  readonly #decoder = new KeyDecoder();
  readonly #timers = new Map<'draw' | 'tick' | 'second' | 'escape', unknown>();
  #rate: Rate = NO_RATE;
  #giveBack: (() => void) | null = null;
  #left: (() => void) | null = null;

  constructor(address: InspectorAddress, terminal: Terminal, clock: Clock) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#view = createActor(viewMachine, { clock, input: { room: { list: 1, log: 1, story: 1 } } });
    this.#screen = new FullScreen(terminal, terminal.color);
    this.#client = new InspectorClient(address, clock, {
      onMessage: message => {
        this.#watching.take(message);
        this.#drawSoon();
      },
      onLife: isLive => {
        if (isLive) this.#watching.goOn();
        this.#drawSoon();
      },
    });
    this.#watching = new Watching(this.#client, this.#view, clock);
  }

  /** Shows the view. Ends when the user leaves, or {@link leave} is called. */
  run(): Promise<void> {
    const ended = new Promise<void>(resolve => {
      this.#left = resolve;
    });
    this.#view.on('*', wish => this.#do(wish));
    this.#view.subscribe(() => {
      this.#watching.follow();
      this.#drawSoon();
    });
    this.#view.start();
    this.#screen.enter();
    this.#giveBack = this.#terminal.listen({
      onText: text => this.#typed(text),
      onResize: () => {
        this.#screen.forget();
        this.#draw();
      },
    });
    this.#client.start();
    this.#tick();
    this.#second();
    return ended;
  }

  /** Gives the terminal back as it was. May be called at any time, and more than once. */
  leave(): void {
    this.#screen.leave();
    this.#giveBack?.();
    this.#giveBack = null;
    for (const timer of this.#timers.values()) this.#clock.clearTimeout(timer);
    this.#watching.stop();
    this.#client.stop();
    this.#view.stop();
    this.#left?.();
    this.#left = null;
  }

  #typed(text: string): void {
    this.#clock.clearTimeout(this.#timers.get('escape'));
    this.#press(this.#decoder.feed(text));
    if (this.#decoder.pending) this.#later('escape', ESCAPE_MS, () => this.#press(this.#decoder.flush()));
  }

  #press(keys: readonly Key[]): void {
    for (const key of keys) this.#view.send(keyEvent(key));
    if (this.#left !== null) this.#draw();
  }

  #do(wish: ViewWish): void {
    switch (wish.type) {
      case 'quit':
        this.leave();
        break;
      case 'suspend':
        this.#screen.leave();
        this.#terminal.suspend(() => {
          this.#screen.enter();
          this.#draw();
        });
        break;
      case 'redraw':
        this.#screen.forget();
        break;
      case 'retry':
        this.#client.retry();
        break;
      case 'explain':
        this.#watching.explain(wish.actor);
        break;
      case 'send':
        this.#watching.send(wish.actor, wish.event);
    }
  }

  #draw(): void {
    const view = this.#viewNow();
    const picture = this.#pictureNow();
    const { room } = layoutOf(picture, this.#terminal.size);
    if (!sameAs(view.context.room, room)) this.#view.send({ type: 'ROOM', room });
    const facts = factsOf(picture, this.#watching.allowSend);
    if (!sameAs(view.context.facts, facts)) this.#view.send({ type: 'FACTS', facts });
    this.#screen.draw(screenOf(picture, this.#viewNow(), this.#terminal.size));
  }

  #pictureNow(): Picture {
    return {
      ...this.#watching.picture(),
      rate: recentRate(this.#rate),
      link: this.#client.facts,
      place: this.#client.place,
    };
  }

  #viewNow(): View {
    const { value, context } = this.#view.getSnapshot();
    const { place, flow } = value;
    const leaf = typeof place === 'string' ? place : 'browsing' in place ? place.browsing : place.sending;
    return { place: leaf as Place, paused: flow === 'paused', context };
  }

  #drawSoon(): void {
    if (!this.#timers.has('draw')) this.#later('draw', DRAW_MS, () => this.#draw());
  }

  #tick(): void {
    this.#draw();
    this.#later('tick', TICK_MS, () => this.#tick());
  }

  #second(): void {
    const { events } = this.#watching;
    if (events !== undefined) this.#rate = rated(this.#rate, events);
    this.#later('second', SECOND_MS, () => this.#second());
  }

  #later(name: 'draw' | 'tick' | 'second' | 'escape', ms: number, then: () => void): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(name);
      then();
    }, ms);
    this.#timers.set(name, timer);
  }
}

const sameAs = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
