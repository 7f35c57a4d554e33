/**
 * The tasks that wait, the earliest first.
 *
 * Owns: the order. Does not own: whether an entry still counts (task-queue.ts asks).
 *
 * D1. Entries come out by due time, equal times in the order they went in.
 */
import { Heap } from "../../functions/heap.ts";

/** A task that waits. */
export interface DueEntry {
  readonly dueMs: number;
  readonly sequence: number;
  readonly task: string;
}

function isBefore(a: DueEntry, b: DueEntry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}

/** The tasks that wait. */
export class DueHeap extends Heap<DueEntry> {
  constructor() {
    super(isBefore);
  }
}
