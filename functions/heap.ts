/**
 * Heap: the first of many items by an order, with cheap adding and taking.
 *
 * Owns: the order inside. Does not own: whether an item still counts (who takes it asks).
 *
 * HP1. Items come out in the order that `isBefore` gives.
 */

/** A binary heap. */
export class Heap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #items: T[] = [];

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The first item. */
  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let index = items.length;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = items[parentIndex] as T;
      if (!this.#isBefore(item, parent)) break;
      items[index] = parent;
      index = parentIndex;
    }
    items[index] = item;
  }

  /** Takes the first item. */
  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last !== undefined && items.length > 0) this.#sink(last);
    return first;
  }

  /** Takes all items out, in any order. */
  clear(): T[] {
    return this.#items.splice(0);
  }

  #sink(item: T): void {
    const items = this.#items;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= items.length) break;
      const right = left + 1;
      const goRight = right < items.length && this.#isBefore(items[right] as T, items[left] as T);
      const next = goRight ? right : left;
      const child = items[next] as T;
      if (!this.#isBefore(child, item)) break;
      items[index] = child;
      index = next;
    }
    items[index] = item;
  }
}
