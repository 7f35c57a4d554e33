/**
 * Many due times, one timer.
 *
 * Owns: which entry is due next, and the one timer that waits for it.
 *
 * H1. An entry is in the heap at most once; `heapIndex` is its place, or -1.
 * H2. The armed timer fires no later than the earliest entry is due. It may fire earlier, when that
 *     entry was removed meanwhile, and then only arms itself again: cheaper than a timer a message.
 */
import type { CancelTimer, Timers } from "../timers.ts";

/** Something that is due at a time. */
export interface AlarmEntry {
  /** When it is due, in ms since the epoch; set before `add`, not changed while in the heap. */
  dueAtMs: number;
  /** Place in the heap; -1 outside. Only the heap writes it. */
  heapIndex: number;
}

/** A binary heap of due times that calls `onDue` for each entry when its time has come. */
export class AlarmHeap<T extends AlarmEntry> {
  readonly #entries: T[] = [];
  readonly #timers: Timers;
  readonly #onDue: (entries: T[]) => void;
  #armedAtMs = Number.POSITIVE_INFINITY;
  #cancel: CancelTimer | undefined;

  /** @param onDue - gets all entries that are due at once, already removed, earliest first */
  constructor(timers: Timers, onDue: (entries: T[]) => void) {
    this.#timers = timers;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#entries.length;
  }

  add(entry: T): void {
    entry.heapIndex = this.#entries.length;
    this.#entries.push(entry);
    this.#siftUp(entry);
    if (entry.dueAtMs < this.#armedAtMs) this.#arm(entry.dueAtMs);
  }

  remove(entry: T): void {
    const index = entry.heapIndex;
    if (index < 0) return;
    entry.heapIndex = -1;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#place(last, index);
    this.#siftUp(last);
    this.#siftDown(last);
  }

  /** Forgets everything and leaves no timer behind. */
  clear(): void {
    for (const entry of this.#entries) entry.heapIndex = -1;
    this.#entries.length = 0;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedAtMs = Number.POSITIVE_INFINITY;
  }

  #arm(atMs: number): void {
    this.#cancel?.();
    this.#armedAtMs = atMs;
    const delayMs = Math.max(0, atMs - this.#timers.nowMs());
    this.#cancel = this.#timers.after(delayMs, () => this.#fire());
  }

  #fire(): void {
    this.#cancel = undefined;
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#timers.nowMs();
    const due: T[] = [];
    for (let first = this.#entries[0]; first !== undefined; first = this.#entries[0]) {
      if (first.dueAtMs > nowMs) break;
      this.remove(first);
      due.push(first);
    }
    const next = this.#entries[0];
    if (next !== undefined) this.#arm(next.dueAtMs);
    if (due.length > 0) this.#onDue(due);
  }

  #place(entry: T, index: number): void {
    this.#entries[index] = entry;
    entry.heapIndex = index;
  }

  #siftUp(entry: T): void {
    let index = entry.heapIndex;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#entries[parentIndex];
      if (parent === undefined || parent.dueAtMs <= entry.dueAtMs) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(entry, index);
  }

  #siftDown(entry: T): void {
    let index = entry.heapIndex;
    for (;;) {
      const child = this.#lesserChild(index);
      if (child === undefined || child.dueAtMs >= entry.dueAtMs) break;
      const childIndex = child.heapIndex;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(entry, index);
  }

  #lesserChild(index: number): T | undefined {
    const left = this.#entries[2 * index + 1];
    const right = this.#entries[2 * index + 2];
    if (left === undefined || right === undefined) return left;
    return right.dueAtMs < left.dueAtMs ? right : left;
  }
}
