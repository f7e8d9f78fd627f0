import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { LogEntry } from '../../../src/integration/inspect/viewer/watched.ts';
import { activeIn, type Moment, momentAt, present } from '../model/moment.ts';
import { indexOf, type Place, paused, placeAt, type Step, stepped } from '../scrub/steps.ts';
import type { ConnectionStore } from './connection-types.ts';
import type { SelectionStore } from './selection-store.ts';

const NO_LOG: readonly LogEntry[] = [];

/** The moment that is shown of the chosen actor: the present, or one of its history. */
export interface PlaybackStore {
  /** `null` in the present. */
  readonly place: ReadonlySignal<Place | null>;
  /** All records that there are, also those after the moment that is shown. */
  readonly log: ReadonlySignal<readonly LogEntry[]>;
  /** Index of the latest record that is shown. */
  readonly index: ReadonlySignal<number>;
  readonly moment: ReadonlySignal<Moment | undefined>;
  /** The time that is shown, on the clock of the process. */
  now(): number;
  toggle(): void;
  live(): void;
  step(step: Step): void;
  /** Shows the moment behind the entry at an index. */
  show(index: number): void;
}

export function playbackStore(connection: ConnectionStore, selection: SelectionStore): PlaybackStore {
  const place = signal<Place | null>(null);
  const { watched, row, chart, selected } = selection;
  const log = computed(() => watched.value?.log ?? NO_LOG);
  const index = computed(() => (place.value === null ? log.value.length - 1 : indexOf(log.value, place.value)));
  const moment = computed((): Moment | undefined => {
    const known = watched.value;
    if (known !== undefined && place.value !== null) return momentAt(known, index.value, chart.value);
    if (known !== undefined && !known.gone) return present(known);
    // Of one that has ended the line in the list tells the last state.
    const [line, definition] = [row.value, chart.value];
    if (line === undefined || definition === undefined) return undefined;
    const last = known === undefined ? undefined : present(known);
    const active = activeIn(definition, line.path || line.state);
    const { taken, context } = last ?? { taken: [], context: {} };
    return { active, timers: [], context, path: line.path, taken };
  });
  effect(() => {
    void selected.value;
    place.value = null;
  });

  return {
    place,
    log,
    index,
    moment,
    now: () => place.peek()?.at ?? connection.now(),
    toggle() {
      place.value = place.peek() === null && watched.peek() !== undefined ? paused(log.peek(), connection.now()) : null;
    },
    live() {
      place.value = null;
    },
    step(step) {
      place.value = stepped(log.peek(), place.peek(), step, connection.now());
    },
    show(at) {
      place.value = placeAt(log.peek(), at);
    },
  };
}
