/**
 * Time index: items in the order of a time that may change.
 *
 * Owns: finding the earliest item. An item whose time changes is put in again, and the older place
 * of it is left to be found stale; so a change costs as much as an insertion.
 */
import { MAX_TIMESTAMP } from "../../sdk/model/time.ts";
import { Heap } from "../heap.ts";

interface Place<T> {
  readonly time: number;
  readonly item: T;
}

/** Items in the order of their times. MAX_TIMESTAMP always means: none. */
export class TimeIndex<T> {
  readonly #times = new Map<T, number>();
  readonly #heap = new Heap<Place<T>>((a, b) => a.time < b.time);

  /** Gives an item its time; it leaves if that is none. */
  set(item: T, time: number): void {
    if (time >= MAX_TIMESTAMP) {
      this.#times.delete(item);
      return;
    }
    if (this.#times.get(item) === time) return;
    this.#times.set(item, time);
    this.#heap.push({ time, item });
    if (this.#heap.size > 2 * this.#times.size + 16) this.#forgetStale();
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
      const top = this.#heap.peek();
      if (top === undefined || this.#times.get(top.item) === top.time) return top;
      this.#heap.pop();
    }
  }

  #forgetStale(): void {
    this.#heap.clear();
    for (const [item, time] of this.#times) this.#heap.push({ time, item });
  }
}
