import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { ActorKey, ActorRow, ChartDefinition } from '../../../src/integration/inspect/page-protocol.ts';
import { rowIn } from '../../../src/integration/inspect/viewer/mirror.ts';
import type { Watched } from '../../../src/integration/inspect/viewer/watched.ts';
import type { ConnectionStore } from './connection-types.ts';

/** Actors that are followed at once: going back to one finds its history whole. The server allows 16. */
const MOST_WATCHED = 4;

/** What could not be watched, for another reason than that it has ended, is tried again after this time, ms. */
const WATCH_AGAIN_MS = 3_000;

/** Who goes through the list with a key held down watches nobody on the way, ms. */
const PASSING_MS = 120;

/** The actor that is looked at. */
export interface SelectionStore {
  readonly selected: ReadonlySignal<ActorKey | null>;
  /** What is known of it, if it is alive or was watched. */
  readonly watched: ReadonlySignal<Watched | undefined>;
  /** Its line, also of one that has ended. */
  readonly row: ReadonlySignal<ActorRow | undefined>;
  readonly chart: ReadonlySignal<ChartDefinition | undefined>;
  /** It has ended: nothing of it can be followed, its story can be read. */
  readonly isPast: ReadonlySignal<boolean>;
  select(actor: ActorKey | null): void;
}

export function selectionStore(connection: ConnectionStore): SelectionStore {
  const { mirror, life } = connection;
  const selected = signal<ActorKey | null>(null);
  const past = signal<ReadonlySet<ActorKey>>(new Set());
  const watched = computed(() => mirror.value.watched.get(selected.value ?? ''));
  // An actor may leave the part of the list that is at hand, its line is kept.
  let lastRow: ActorRow | undefined;
  const row = computed(() => {
    const key = selected.value;
    const found = rowIn(mirror.value, key);
    if (found !== undefined) lastRow = found;
    return lastRow?.actor === key ? lastRow : undefined;
  });
  const chart = computed(() => mirror.value.definitions.get(row.value?.chart ?? ''));
  /** Most recent last. */
  let recent: ActorKey[] = [];
  let selectedAt = Number.NEGATIVE_INFINITY;
  let passing: ReturnType<typeof setTimeout> | undefined;
  const again = new Map<ActorKey, ReturnType<typeof setTimeout>>();

  async function watch(actor: ActorKey): Promise<void> {
    clearTimeout(again.get(actor));
    again.delete(actor);
    const after = mirror.peek().watched.get(actor)?.lastSeq;
    const outcome = await connection.ask({ type: 'watch', actor, ...(after ? { after } : {}) });
    if (outcome.type !== 'error') return;
    if (outcome.code === 'ACTOR_NOT_FOUND') {
      past.value = new Set(past.peek()).add(actor);
      connection.markEnded(actor);
    } else if (recent.includes(actor)) {
      clearTimeout(again.get(actor));
      again.set(
        actor,
        setTimeout(() => recent.includes(actor) && void watch(actor), WATCH_AGAIN_MS),
      );
    }
  }

  function select(actor: ActorKey | null): void {
    selected.value = actor;
    clearTimeout(passing);
    if (actor === null) return;
    const now = performance.now();
    const since = now - selectedAt;
    selectedAt = now;
    if (since > PASSING_MS) follow(actor);
    else passing = setTimeout(() => follow(actor), PASSING_MS);
  }

  function follow(actor: ActorKey): void {
    const known = mirror.peek().watched.has(actor);
    recent = [...recent.filter(key => key !== actor), actor];
    while (recent.length > MOST_WATCHED) {
      const oldest = recent.shift() as ActorKey;
      void connection.ask({ type: 'unwatch', actor: oldest });
      connection.forget(oldest);
    }
    if (!known && !past.peek().has(actor)) void watch(actor);
  }

  const session = computed(() => (life.value.state === 'live' ? mirror.value.welcome : null));
  let instance: string | undefined;
  effect(() => {
    const welcome = session.value;
    if (welcome === null) return;
    if (welcome.instance !== instance) {
      instance = welcome.instance;
      recent = [];
      lastRow = undefined;
      past.value = new Set();
      selected.value = null;
    } else for (const actor of recent) void watch(actor);
  });
  // Something to look at from the beginning: the first session that lives, else the root.
  let chosenFor: string | undefined;
  effect(() => {
    const { list, welcome } = mirror.value;
    if (welcome === null || list.id === 0 || chosenFor === welcome.instance) return;
    const first = list.rows.find(each => each.role !== 'coordinator' && each.status === 'active') ?? list.rows[0];
    if (first === undefined) return;
    chosenFor = welcome.instance;
    if (selected.peek() === null) select(first.actor);
  });

  return {
    selected,
    watched,
    row,
    chart,
    isPast: computed(() => watched.value?.gone ?? past.value.has(selected.value ?? '')),
    select,
  };
}
