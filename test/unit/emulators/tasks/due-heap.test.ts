import fc from "fast-check";
import { expect, test } from "vitest";
import { type DueEntry, DueHeap } from "../../../../emulators/tasks/due-heap.ts";

test("entries come out by due time, equal times in the order they went in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (times) => {
      const heap = new DueHeap();
      const entries = times.map((dueMs, sequence) => ({ dueMs, sequence, task: "t" }));
      for (const entry of entries) heap.push(entry);
      const out: DueEntry[] = [];
      for (let next = heap.pop(); next !== undefined; next = heap.pop()) out.push(next);
      expect(out).toEqual(entries.toSorted((a, b) => a.dueMs - b.dueMs || a.sequence - b.sequence));
    }),
  );
});
