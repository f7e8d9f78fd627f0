/** A place in an {@link ActivityOrder}. An element is in one order at most. */
export interface Ordered {
  /** @internal */
  earlier: Ordered | undefined;
  /** @internal */
  later: Ordered | undefined;
  /** @internal */
  order: ActivityOrder<Ordered> | undefined;
}

/** Sessions by their latest activity. Every operation takes the same time however many there are. */
export class ActivityOrder<T extends Ordered> {
  #first: T | undefined;
  #last: T | undefined;

  /** The one that has been idle for longest. */
  get longestIdle(): T | undefined {
    return this.#first;
  }

  /** The one that was active last; of two at the same instant, the one that was added or touched later. */
  get latest(): T | undefined {
    return this.#last;
  }

  /** Makes `element` the latest. */
  touch(element: T): void {
    if (this.#last === element) return;
    this.remove(element);
    element.order = this as unknown as ActivityOrder<Ordered>;
    element.earlier = this.#last;
    if (this.#last === undefined) this.#first = element;
    else this.#last.later = element;
    this.#last = element;
  }

  /** Takes `element` out; harmless if it is not in. */
  remove(element: T): void {
    if (element.order !== (this as unknown)) return;
    const earlier = element.earlier as T | undefined;
    const later = element.later as T | undefined;
    if (earlier === undefined) this.#first = later;
    else earlier.later = later;
    if (later === undefined) this.#last = earlier;
    else later.earlier = earlier;
    element.earlier = undefined;
    element.later = undefined;
    element.order = undefined;
  }
}
