import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ActorRow, ListSort } from '../../../src/integration/inspect/page-protocol.ts';
import { needsMore, partAround, type Span } from '../list/list-window.ts';
import type { ConnectionStore } from './connection-types.ts';

/** The order is renewed at most so often, ms. */
const REFRESH_MS = 1_000;
/** While somebody scrolls or types, parts are asked for at most so often, ms. */
const ASK_PAUSE_MS = 120;
/** A pointer that moved so short a time ago is about to click a row, ms. */
const POINTER_REST_MS = 900;

export interface Order {
  readonly sort: ListSort;
  readonly descending: boolean;
}

/** The list: what is asked for, and the part of it that is at hand. */
export interface ListStore {
  readonly search: Signal<string>;
  readonly states: Signal<ReadonlySet<string>>;
  readonly order: Signal<Order>;
  /** The rows that are seen. */
  readonly seen: Signal<Span>;
  readonly rows: ReadonlySignal<{ readonly offset: number; readonly rows: readonly ActorRow[] }>;
  readonly matched: ReadonlySignal<number>;
  readonly total: ReadonlySignal<number>;
  /** There has been an answer. */
  readonly isKnown: ReadonlySignal<boolean>;
  pointerMoved(): void;
}

export function listStore(connection: ConnectionStore): ListStore {
  const { mirror, life } = connection;
  const search = signal('');
  const states = signal<ReadonlySet<string>>(new Set());
  const order = signal<Order>({ sort: 'started', descending: true });
  const seen = signal<Span>({ offset: 0, limit: 20 });
  const part = computed(() => mirror.value.list);
  const rows = computed(() => ({ offset: part.value.offset, rows: part.value.rows }));
  let asking = false;
  let again = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  let pointerAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function ask(): Promise<void> {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    again = false;
    askedAt = performance.now();
    clearTimeout(timer);
    timer = undefined;
    await connection.ask({
      type: 'list',
      query: {
        ...partAround(seen.peek()),
        ...order.peek(),
        ...(search.peek() === '' ? {} : { search: search.peek() }),
        ...(states.peek().size === 0 ? {} : { states: [...states.peek()] }),
      },
    });
    await new Promise(resolve => setTimeout(resolve, askedAt + ASK_PAUSE_MS - performance.now()));
    asking = false;
    if (again && life.peek().state === 'live') void ask();
  }

  function askSoon(): void {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        if (performance.now() - pointerAt < POINTER_REST_MS) askSoon();
        else void ask();
      },
      Math.max(50, askedAt + REFRESH_MS - performance.now(), pointerAt + POINTER_REST_MS - performance.now()),
    );
  }

  const isLive = computed(() => life.value.state === 'live');
  const stale = computed(() => mirror.value.stale);
  effect(() => {
    void [search.value, states.value, order.value];
    if (isLive.value) void ask();
  });
  effect(() => {
    if (stale.value > 0 && isLive.value) askSoon();
  });
  effect(() => {
    const { offset, rows: atHand, matched, id } = part.value;
    const more = id > 0 && needsMore(seen.value, { offset, limit: atHand.length }, matched);
    if (isLive.peek() && more) void ask();
  });

  return {
    search,
    states,
    order,
    seen,
    rows,
    matched: computed(() => part.value.matched),
    total: computed(() => part.value.total),
    isKnown: computed(() => part.value.id > 0),
    pointerMoved() {
      pointerAt = performance.now();
    },
  };
}
