/**
 * The tasks that wait, the earliest first.
 *
 * Owns: the order. Does not own: whether an entry still counts (task-queue.ts asks).
 *
 * D1. Entries come out by due time, equal times in the order they went in.
 */

/** A task that waits. */
export interface DueEntry {
  readonly dueMs: number;
  readonly sequence: number;
  readonly task: string;
}

function isBefore(a: DueEntry, b: DueEntry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}

/** A binary heap. */
export class DueHeap {
  readonly #entries: DueEntry[] = [];

  /** The earliest entry. */
  peek(): DueEntry | undefined {
    return this.#entries[0];
  }

  push(entry: DueEntry): void {
    const entries = this.#entries;
    let index = entries.length;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = entries[parentIndex];
      if (parent === undefined || !isBefore(entry, parent)) break;
      entries[index] = parent;
      index = parentIndex;
    }
    entries[index] = entry;
  }

  pop(): DueEntry | undefined {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (last !== undefined && entries.length > 0) this.#sink(last);
    return first;
  }

  #sink(entry: DueEntry): void {
    const entries = this.#entries;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const leftEntry = entries[left];
      if (leftEntry === undefined) break;
      const rightEntry = entries[left + 1];
      const goRight = rightEntry !== undefined && isBefore(rightEntry, leftEntry);
      const child = goRight ? rightEntry : leftEntry;
      if (!isBefore(child, entry)) break;
      entries[index] = child;
      index = goRight ? left + 1 : left;
    }
    entries[index] = entry;
  }
}
