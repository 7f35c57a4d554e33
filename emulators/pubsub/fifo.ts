/**
 * A first-in, first-out queue that stays fast when it is long.
 *
 * Owns: order. An Array's shift moves every element; this moves a head index and cuts now and then.
 */

const cutAt = 1024;

/** A queue of values; taking and adding cost constant time on average. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(value: T): void {
    this.#items.push(value);
  }

  /** Puts a value before all others; cheap only if something was taken before. */
  pushFront(value: T): void {
    if (this.#head === 0) this.#items.unshift(value);
    else this.#items[--this.#head] = value;
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const value = this.#items[this.#head];
    // The slot is cleared so that a taken value can be collected before the next cut.
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= cutAt && this.#head * 2 > this.#items.length) this.#cut();
    return value;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = this.#head; i < this.#items.length; i++) {
      const value = this.#items[i];
      if (value !== undefined) yield value;
    }
  }

  #cut(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
