/** A timer that waits in a {@link TimerHeap}. */
export interface HeapTimer {
  readonly dueAt: number;
  readonly callback: () => void;
  /** @internal Order of arming; breaks ties. */
  readonly order: number;
  /** @internal Place in the heap, -1 when it is not in it. */
  place: number;
}

const before = (a: HeapTimer, b: HeapTimer): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);

/**
 * Timers ordered by due time, ties by the order of arming. Adding and cancelling cost O(log n) and leave nothing
 * behind, so a long run that moves far deadlines again and again does not grow.
 */
export class TimerHeap {
  readonly #heap: HeapTimer[] = [];
  #armed = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Due time of the earliest timer; `undefined` when there is none. */
  get nextDueAt(): number | undefined {
    return this.#heap[0]?.dueAt;
  }

  add(callback: () => void, dueAt: number): HeapTimer {
    const timer: HeapTimer = { dueAt, callback, order: this.#armed++, place: this.#heap.length };
    // A time that is no number has no place in the order: such a timer exists, but never comes due.
    if (!Number.isFinite(dueAt)) {
      timer.place = -1;
      return timer;
    }
    this.#heap.push(timer);
    this.#up(timer);
    return timer;
  }

  cancel(timer: HeapTimer): void {
    const place = timer.place;
    if (this.#heap[place] !== timer) return; // it ran, was taken back, or belongs to another clock
    timer.place = -1;
    const last = this.#heap.pop() as HeapTimer;
    if (last === timer) return;
    last.place = place;
    this.#heap[place] = last;
    this.#up(last);
    this.#down(last);
  }

  /** Takes out the earliest timer that is due at `now`. */
  takeDue(now: number): HeapTimer | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.dueAt > now) return undefined;
    this.cancel(first);
    return first;
  }

  #up(timer: HeapTimer): void {
    while (timer.place > 0) {
      const parent = this.#heap[(timer.place - 1) >> 1] as HeapTimer;
      if (!before(timer, parent)) return;
      this.#swap(timer, parent);
    }
  }

  #down(timer: HeapTimer): void {
    for (;;) {
      const left = this.#heap[2 * timer.place + 1];
      const right = this.#heap[2 * timer.place + 2];
      if (left === undefined) return;
      const child = right !== undefined && before(right, left) ? right : left;
      if (!before(child, timer)) return;
      this.#swap(child, timer);
    }
  }

  #swap(a: HeapTimer, b: HeapTimer): void {
    const place = a.place;
    a.place = b.place;
    b.place = place;
    this.#heap[a.place] = a;
    this.#heap[b.place] = b;
  }
}
