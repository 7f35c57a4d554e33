/**
 * Received: the intervals are a set of numbers, in the fewest pieces (R1, R2).
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { contains, containsRange, Received } from "../../../functions/received.ts";

const sequences = fc.array(fc.nat(40), { maxLength: 60 });

function intervalsOf(received: Received): number[] {
  return received.toJson()["p"]?.[0] ?? [];
}

test("a number is in exactly if it was added, and adding it again says so", () => {
  fc.assert(
    fc.property(sequences, (added) => {
      const received = new Received();
      const model = new Set<number>();
      for (const sequence of added) {
        expect(received.add("p", sequence, 0)).toBe(!model.has(sequence));
        model.add(sequence);
      }
      for (let i = 0; i <= 41; i++) expect(received.has("p", i)).toBe(model.has(i));
    }),
  );
});

test("intervals are ascending, disjoint and not adjacent, in any order of adding", () => {
  fc.assert(
    fc.property(sequences, (added) => {
      const received = new Received();
      for (const sequence of added) received.add("p", sequence, 0);
      const intervals = intervalsOf(received);
      for (let i = 0; i < intervals.length; i += 2) {
        expect(intervals[i]).toBeLessThanOrEqual(Number(intervals[i + 1]));
        if (i > 0) expect(intervals[i]).toBeGreaterThan(Number(intervals[i - 1]) + 1);
      }
    }),
  );
});

test("a range is in if each of its numbers is", () => {
  fc.assert(
    fc.property(sequences, fc.nat(40), fc.nat(10), (added, from, length) => {
      const received = new Received();
      for (const sequence of added) received.add("p", sequence, 0);
      const intervals = intervalsOf(received);
      let all = true;
      for (let i = from; i <= from + length; i++) all &&= contains(intervals, i);
      expect(containsRange(intervals, from, from + length)).toBe(all);
    }),
  );
});

test("what was written as JSON is read back equal, and apart from the original", () => {
  const received = new Received();
  received.add("a/0", 3, 5);
  const again = Received.fromJson(JSON.parse(JSON.stringify(received.toJson())));
  expect(again.toJson()).toEqual(received.toJson());
  again.add("a/0", 4, 6);
  expect(received.has("a/0", 4)).toBe(false);
});

test("only transient producers that were silent are forgotten", () => {
  const received = new Received();
  received.add("stage/0", 0, 10);
  received.add("silent", 0, 10);
  received.add("busy", 0, 10);
  received.add("busy", 1, 20);
  received.forget((producer) => !producer.includes("/"), 15);
  expect(Object.keys(received.toJson())).toEqual(["stage/0", "busy"]);
});
