import type { LogRecord } from './page-protocol.ts';
import { changed, isNoChange } from './redaction.ts';

/** Records kept per actor; of more, the oldest are dropped. */
const KEPT_RECORDS = 500;
/** What they all together may come to as JSON, but for the latest one. */
const LONGEST_LOG = 1_048_576;

type Context = Readonly<Record<string, unknown>>;
type Unnumbered<T> = T extends unknown ? Omit<T, 'seq'> : never;

/** A stretch of a log. */
export interface LogPart {
  readonly log: readonly LogRecord[];
  /** Records before them that were asked for and are gone. */
  readonly dropped: number;
}

/** The latest records of one actor, and the context before the first of them. */
export class ActorLog {
  readonly #origin: number;
  readonly #records: LogRecord[] = [];
  /** Of each record. */
  readonly #sizes: number[] = [];
  #size = 0;
  #base: Context;
  #last: number;

  /** @param last numbers go on from here. */
  constructor(base: Context, last: number) {
    this.#base = base;
    this.#origin = last;
    this.#last = last;
  }

  /** Number of the latest record. */
  get last(): number {
    return this.#last;
  }

  add(record: Unnumbered<LogRecord>): void {
    this.#last += 1;
    const size = JSON.stringify(record).length;
    this.#records.push({ seq: this.#last, ...record } as LogRecord);
    this.#sizes.push(size);
    this.#size += size;
    while (this.#records.length > KEPT_RECORDS || (this.#size > LONGEST_LOG && this.#records.length > 1)) this.#drop();
  }

  /** The records behind `after`, at most the latest `most`. */
  behind(after: number = this.#origin, most: number = KEPT_RECORDS): LogPart {
    const asked = Math.max(after, this.#origin);
    const from = Math.max(asked, this.#last - Math.min(most, this.#records.length));
    return { log: this.#records.filter(({ seq }) => seq > from), dropped: Math.max(0, from - asked) };
  }

  /** The context before the first record behind `from`. */
  baseOf(from: number): Context {
    const before = this.#records.flatMap(record =>
      record.seq <= from && record.kind === 'transition' ? [record.changes] : [],
    );
    return before.length === 0 ? this.#base : changed(this.#base, before);
  }

  #drop(): void {
    const [oldest] = this.#records.splice(0, 1);
    const [size = 0] = this.#sizes.splice(0, 1);
    this.#size -= size;
    if (oldest?.kind === 'transition' && !isNoChange(oldest.changes)) {
      this.#base = changed(this.#base, [oldest.changes]);
    }
  }
}
