/** What a session asks the world around it. */
export type Port = 'acquire' | 'open' | 'probe' | 'notify' | 'purge' | 'revoke' | 'close';

interface Question {
  readonly sessionId: string;
  readonly attempt?: number | undefined;
  readonly signal?: AbortSignal;
}

interface Asked extends Question {
  readonly port: Port;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const LATE_PORTS: readonly Port[] = ['acquire', 'open'];
const RELEASE_PORTS: readonly Port[] = ['revoke', 'close'];

const isRelease = ({ port }: Asked): boolean => RELEASE_PORTS.includes(port);
const isLate = ({ port, signal }: Asked): boolean => LATE_PORTS.includes(port) && signal?.aborted === true;

/** The world around the sessions: it does nothing by itself, and each answer is a step of its own. */
export class Outside {
  /** Channels that are open, by the attempts that opened them. */
  readonly #channels = new Map<string, Set<number>>();
  #asked: Asked[] = [];

  ask(port: Port, question: Question): Promise<never> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const { sessionId, attempt } = question;
    if (port === 'close' && attempt === undefined) this.#channels.delete(sessionId);
    if (port === 'close' && attempt !== undefined) this.#channels.get(sessionId)?.delete(attempt);
    const { signal } = question;
    this.#asked.push({ port, sessionId, attempt, ...(signal === undefined ? {} : { signal }), resolve, reject });
    return promise as Promise<never>;
  }

  /** What a session waits for, other than that something is taken back. */
  asksOf(sessionId: string): Port[] {
    return this.#asked
      .filter(asked => asked.sessionId === sessionId && !isRelease(asked) && !asked.signal?.aborted)
      .map(({ port }) => port)
      .sort();
  }

  channelsOf(sessionId: string): number {
    return this.#channels.get(sessionId)?.size ?? 0;
  }

  answer(sessionId: string, port: Port, value: unknown): void {
    this.#take(
      asked => asked.sessionId === sessionId && asked.port === port && !asked.signal?.aborted,
      this.#answered(value),
    );
  }

  fail(sessionId: string, port: Port, error: Error): void {
    this.#take(
      asked => asked.sessionId === sessionId && asked.port === port && !asked.signal?.aborted,
      ({ reject }) => reject(error),
    );
  }

  /** All that the end of a session gives back is taken back. */
  release(sessionId: string): void {
    this.#take(asked => asked.sessionId === sessionId && isRelease(asked), this.#answered(undefined));
  }

  isReleasing(sessionId: string): boolean {
    return this.#asked.some(asked => asked.sessionId === sessionId && isRelease(asked));
  }

  /** How many releases are under way. */
  get releases(): number {
    return this.#asked.filter(isRelease).length;
  }

  /** Takes back at once what belongs to no release that somebody waits for; tells whether there was any. */
  takeBack(isWaitedFor: (sessionId: string) => boolean): boolean {
    return this.#take(asked => isRelease(asked) && !isWaitedFor(asked.sessionId), this.#answered(undefined));
  }

  /** Whether there are questions to which nobody awaits the answer any more. */
  get isLate(): boolean {
    return this.#asked.some(isLate);
  }

  /** Credentials and channels come late. */
  answerLate(credential: unknown): void {
    this.#take(isLate, asked => this.#answered(asked.port === 'acquire' ? credential : undefined)(asked));
  }

  #take(which: (asked: Asked) => boolean, settle: (asked: Asked) => void): boolean {
    const taken = this.#asked.filter(which);
    this.#asked = this.#asked.filter(asked => !taken.includes(asked));
    for (const asked of taken) settle(asked);
    return taken.length > 0;
  }

  /** Answers, and notes a channel that is open by that. */
  #answered(value: unknown): (asked: Asked) => void {
    return asked => {
      if (asked.port === 'open') this.#opened(asked);
      asked.resolve(value);
    };
  }

  #opened({ sessionId, attempt = 0 }: Asked): void {
    const open = this.#channels.get(sessionId) ?? new Set();
    this.#channels.set(sessionId, open.add(attempt));
  }
}
