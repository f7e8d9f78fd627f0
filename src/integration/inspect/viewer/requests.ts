import type {
  ClientMessage,
  ExplainAnswer,
  ListAnswer,
  Refused,
  SendAnswer,
  ServerMessage,
  UnwatchAnswer,
  WatchAnswer,
} from '../page-protocol.ts';

type Asking = Exclude<ClientMessage, { type: 'hello' }>;
/** `Omit` for each member of a union by itself. */
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
export type Question = WithoutId<Asking>;

export type Answer = ListAnswer | WatchAnswer | UnwatchAnswer | ExplainAnswer | SendAnswer;

/** What came of a question: an answer, a refusal, or nothing because the connection ended first. */
export type Outcome = Answer | Refused | { readonly type: 'away' };

const ANSWERS: ReadonlySet<string> = new Set(['list', 'watched', 'unwatched', 'explanation', 'sent', 'error']);

/** Numbers questions and finds the question of each answer. */
export class Requests {
  #lastId = 0;
  readonly #pending = new Map<number, (outcome: Outcome) => void>();

  get pending(): number {
    return this.#pending.size;
  }

  /** Gives the question its number; `say` sends it, and tells whether it could. */
  ask(question: Question, say: (message: ClientMessage) => boolean): Promise<Outcome> {
    const id = ++this.#lastId;
    if (!say({ ...question, id } as ClientMessage)) return Promise.resolve({ type: 'away' });
    return new Promise(resolve => this.#pending.set(id, resolve));
  }

  /** Hands an answer to its question; anything else is none of its business. */
  settle(message: ServerMessage): void {
    if (!ANSWERS.has(message.type)) return;
    const { id } = message as Answer | Refused;
    const resolve = id === null ? undefined : this.#pending.get(id);
    if (resolve === undefined || id === null) return;
    this.#pending.delete(id);
    resolve(message as Answer | Refused);
  }

  /** The connection has ended: nothing that was asked will be answered. */
  abandon(): void {
    const open = [...this.#pending.values()];
    this.#pending.clear();
    for (const resolve of open) resolve({ type: 'away' });
  }
}
