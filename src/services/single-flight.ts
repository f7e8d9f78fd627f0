import { SessionchartError } from '../actors/errors.ts';

interface Flight<T> {
  readonly answer: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Lets callers with the same key share one piece of work that is under way. Who comes after it has settled starts
 * anew: neither an answer nor a failure is kept. The work is aborted when nobody waits for it any more.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** @throws SessionchartError `OPERATION_ABORTED` when `signal` aborts or all is stopped; else what `work` throws. */
  async run(key: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (signal?.aborted) throw new SessionchartError('OPERATION_ABORTED');
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.waiting++;
    let leave: () => void = () => undefined;
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(new SessionchartError('OPERATION_ABORTED'));
      signal?.addEventListener('abort', leave, { once: true });
      flight.controller.signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([flight.answer, left]);
    } finally {
      signal?.removeEventListener('abort', leave);
      flight.controller.signal.removeEventListener('abort', leave);
      if (--flight.waiting === 0) this.#end(key, flight);
    }
  }

  /** Aborts everything under way. */
  stop(): void {
    for (const [key, flight] of this.#flights) this.#end(key, flight);
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const answer = (async () => work(controller.signal))();
    const flight: Flight<T> = { answer, controller, waiting: 0 };
    this.#flights.set(key, flight);
    const settled = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    answer.then(settled, settled);
    return flight;
  }

  #end(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) !== flight) return;
    this.#flights.delete(key);
    flight.controller.abort();
  }
}
