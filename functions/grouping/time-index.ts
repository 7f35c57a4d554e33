/**
 * Time index: items in the order of a time that may change: a heap.
 *
 * Owns: finding the earliest item. An item whose time changes is put in again, and the older place
 * of it is left to be found stale; so a change costs as much as an insertion.
 */
import { MAX_TIMESTAMP } from "../../sdk/model/time.ts";

interface Place<T> {
  readonly time: number;
  readonly item: T;
}

/** Items in the order of their times. MAX_TIMESTAMP always means: none. */
export class TimeIndex<T> {
  readonly #times = new Map<T, number>();
  #heap: Place<T>[] = [];

  /** Gives an item its time; it leaves if that is none. */
  set(item: T, time: number): void {
    if (time >= MAX_TIMESTAMP) {
      this.#times.delete(item);
      return;
    }
    if (this.#times.get(item) === time) return;
    this.#times.set(item, time);
    this.#push({ time, item });
    if (this.#heap.length > 2 * this.#times.size + 16) this.#rebuild();
  }

  delete(item: T): void {
    this.#times.delete(item);
  }

  /** The earliest time. */
  first(): number {
    return this.#top()?.time ?? MAX_TIMESTAMP;
  }

  /** The item of the earliest time; undefined if there is none. */
  firstItem(): T | undefined {
    return this.#top()?.item;
  }

  #top(): Place<T> | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined || this.#times.get(top.item) === top.time) return top;
      this.#dropTop();
    }
  }

  #push(place: Place<T>): void {
    const heap = this.#heap;
    let at = heap.push(place) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Place<T>;
      if (above.time <= place.time) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = place;
  }

  #dropTop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      const least = right !== undefined && right.time < left.time ? right : left;
      if (least === right) child++;
      if (least.time >= last.time) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = last;
  }

  /** Forgets stale places. */
  #rebuild(): void {
    this.#heap = [];
    for (const [item, time] of this.#times) this.#push({ time, item });
  }
}
