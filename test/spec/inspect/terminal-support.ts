import type { Picture, Place, Size, View } from '../../../src/integration/command/terminal/picture.ts';
import type { Terminal } from '../../../src/integration/command/terminal/process-terminal.ts';
import type { ViewContext } from '../../../src/integration/command/terminal/view-types.ts';
import type { ActorRow, ActorView } from '../../../src/integration/inspect/page-protocol.ts';
import { EMPTY_MIRROR } from '../../../src/integration/inspect/viewer/mirror.ts';
import { type Watched, watchedFrom } from '../../../src/integration/inspect/viewer/watched.ts';

export const NOW = Date.UTC(2026, 0, 5, 12);

export const rowOf = (change: Partial<ActorRow> = {}): ActorRow => ({
  actor: 'a1',
  id: 'session-1',
  source: 0,
  role: 'session',
  chart: 'session-1234',
  state: 'active',
  path: 'serving.active',
  status: 'active',
  since: NOW - 5_000,
  startedAt: NOW - 60_000,
  activeAt: NOW - 1_000,
  next: { name: 'renewal', at: NOW + 30_000 },
  renewals: 3,
  error: null,
  reason: null,
  ...change,
});

export const watchedOf = (change: Partial<ActorView> = {}): Watched =>
  watchedFrom({
    row: rowOf(),
    active: [],
    tags: [],
    context: {},
    timers: [],
    accepts: [],
    base: {},
    log: [],
    dropped: 0,
    ...change,
  });

export const pictureOf = (change: Partial<Picture> = {}): Picture => ({
  now: NOW,
  link: { state: 'live', absence: 'lost', retryInMs: 0 },
  place: '127.0.0.1:4747',
  title: 'Voice gateway',
  overview: [],
  rate: 12,
  list: EMPTY_MIRROR.list,
  row: undefined,
  watched: undefined,
  story: undefined,
  ...change,
});

/** A list that holds all of its rows. */
export const listOf = (rows: readonly ActorRow[]): Picture['list'] => ({
  id: 1,
  total: rows.length,
  matched: rows.length,
  offset: 0,
  rows,
});

export const contextOf = (change: Partial<ViewContext> = {}): ViewContext => ({
  room: { list: 20, log: 10, story: 20 },
  list: { matched: 0, offset: 0, actors: [] },
  facts: { allowSend: true, role: 'session', accepts: [], states: [], logLines: 0, storyLines: 0 },
  cursor: 0,
  top: 0,
  chosen: null,
  search: '',
  searchBefore: '',
  state: null,
  sort: 'started',
  descending: false,
  logUp: 0,
  storyTop: 0,
  menu: null,
  asked: null,
  choice: 0,
  line: '',
  notice: null,
  ...change,
});

export const viewOf = (place: Place, change: Partial<ViewContext> = {}, paused = false): View => ({
  place,
  paused,
  context: contextOf(change),
});

const ESCAPE = '\u001b';
const BEGIN_OF_LINE = /^\[(\d+);1H(.*)$/s;
const STYLE = /^\[\d+m(.*)$/s;

/** A terminal whose screen can be read. It knows what the view writes, and nothing else. */
export class FakeTerminal implements Terminal {
  readonly color = false;
  size: Size;
  /** The other screen is on. */
  isTaken = false;
  readonly written: string[] = [];
  suspended: (() => void) | null = null;
  #lines: string[] = [];
  #ends: { onText(text: string): void; onResize(): void } | null = null;
  #waiting: { readonly is: (screen: string) => boolean; readonly done: () => void }[] = [];

  constructor(columns = 120, lines = 30) {
    this.size = { columns, lines };
  }

  get screen(): string {
    return this.#lines.join('\n');
  }

  get isListenedTo(): boolean {
    return this.#ends !== null;
  }

  write(text: string): void {
    this.written.push(text);
    if (text.includes('\u001b[?1049h')) this.isTaken = true;
    if (text.includes('\u001b[?1049l')) this.isTaken = false;
    if (text.includes('\u001b[2J')) this.#lines = [];
    let at = 0;
    for (const piece of text.split(ESCAPE)) {
      const [, line, begin] = BEGIN_OF_LINE.exec(piece) ?? [];
      const [, more = ''] = STYLE.exec(piece) ?? [];
      if (line !== undefined) at = Number(line) - 1;
      this.#lines[at] = begin ?? (this.#lines[at] ?? '') + more;
    }
    const ready = this.#waiting.filter(({ is }) => is(this.screen));
    this.#waiting = this.#waiting.filter(one => !ready.includes(one));
    for (const { done } of ready) done();
  }

  listen(ends: { onText(text: string): void; onResize(): void }): () => void {
    this.#ends = ends;
    return () => {
      this.#ends = null;
    };
  }

  suspend(onBack: () => void): void {
    this.suspended = onBack;
  }

  type(text: string): void {
    this.#ends?.onText(text);
  }

  resize(columns: number, lines: number): void {
    this.size = { columns, lines };
    this.#ends?.onResize();
  }

  /** Waits until the screen is so. */
  until(what: string | RegExp | ((screen: string) => boolean)): Promise<void> {
    const is =
      typeof what === 'function'
        ? what
        : (screen: string) => (typeof what === 'string' ? screen.includes(what) : what.test(screen));
    if (is(this.screen)) return Promise.resolve();
    return new Promise(done => this.#waiting.push({ is, done }));
  }
}
