import type { WebSocket } from 'ws';
import { createActor } from 'xstate';
import type { Clock } from '../../actors/ports.ts';
import { inspectionMachine } from '../../machines/inspection.ts';
import { ViewerConnection } from './connection.ts';
import type { Endpoint } from './endpoint.ts';

/** Of so many that left it is remembered for some seconds what they watched; of more, the latest. */
const MOST_REMEMBERED = 64;

export interface HubOptions {
  readonly clock: Clock;
  /** Begins and ends to listen to the actors. */
  readonly open: () => void;
  readonly close: () => void;
  /** Tells the viewers what changed; resolves to what it took, ms. */
  readonly tell: () => Promise<number>;
  readonly onFault: (error: unknown) => void;
}

/** All viewers of an inspector, whatever they speak. When it listens and when it tells them is a chart; this does what it orders. */
export class ViewerHub {
  readonly #options: HubOptions;
  readonly #inspection: ReturnType<typeof inspectionActor>;
  readonly #connected = new Set<ViewerConnection>();
  /** Those that left, the latest last. */
  readonly #remembered = new Set<ViewerConnection>();
  #onEmpty: (() => void) | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    const { clock, open, close, onFault } = options;
    this.#inspection = inspectionActor(clock);
    const guarded = (run: () => void) => (): void => {
      try {
        run();
      } catch (error) {
        onFault(error);
      }
    };
    this.#inspection.on('openDue', guarded(open));
    this.#inspection.on('closeDue', guarded(close));
    this.#inspection.on('newsDue', () => void this.#tell());
    this.#inspection.start();
  }

  /** Viewers with an open socket, those that have not said hello included. */
  get count(): number {
    return this.#connected.size;
  }

  /** Something changed that viewers may want to hear of. */
  changed(): void {
    this.#inspection.send({ type: 'CHANGED' });
  }

  /** What is inspected came or went. */
  refresh(): void {
    for (const connection of this.#connected) connection.refresh();
  }

  /** Looks after the socket from now on. */
  connect(socket: WebSocket, endpoint: Endpoint, query: URLSearchParams): void {
    const { clock, onFault } = this.#options;
    const connection = new ViewerConnection({
      socket,
      endpoint,
      query,
      clock,
      onGreeted: () => this.#inspection.send({ type: 'CAME' }),
      onLeft: left => {
        this.#connected.delete(left);
        this.#remembered.add(left);
        const [oldest] = this.#remembered;
        if (this.#remembered.size > MOST_REMEMBERED) oldest?.forget();
        if (this.#connected.size === 0) this.#onEmpty?.();
      },
      onEnded: (ended, counted) => {
        this.#remembered.delete(ended);
        if (counted) this.#inspection.send({ type: 'LEFT' });
      },
      onFault,
    });
    this.#connected.add(connection);
  }

  /** Tells all viewers what happened last and asks them to leave; resolves when they have. Nothing is kept of anybody. */
  async close(): Promise<void> {
    await this.#lastNews();
    for (const connection of this.#connected) connection.close('goingAway');
    for (const connection of this.#remembered) connection.forget();
    if (this.#connected.size > 0) {
      const release = this.#options.clock.hold?.();
      await new Promise<void>(resolve => {
        this.#onEmpty = resolve;
      });
      release?.();
    }
    this.#inspection.send({ type: 'CLOSED' });
  }

  async #lastNews(): Promise<void> {
    const { tell, onFault } = this.#options;
    if (this.#connected.size === 0) return;
    try {
      await tell();
    } catch (error) {
      onFault(error);
    }
  }

  async #tell(): Promise<void> {
    const { tell, onFault } = this.#options;
    let tookMs = 0;
    try {
      tookMs = await tell();
    } catch (error) {
      onFault(error);
    }
    if (this.#inspection.getSnapshot().status === 'active') this.#inspection.send({ type: 'TOLD', tookMs });
  }
}

const inspectionActor = (clock: Clock) => createActor(inspectionMachine, { clock });
