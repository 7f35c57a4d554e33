/**
 * Offset ranges: what is claimed, what is left and what is split off are the range (RT1).
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  MAX_OFFSET,
  type OffsetRange,
  OffsetRangeTracker,
  splitOffsetRange,
} from "../../../../sdk/index.ts";

const range = (from: number, to: number): OffsetRange => ({ from, to });

test("positions of the range are claimed, the end and what is behind it are refused", () => {
  const tracker = new OffsetRangeTracker(range(10, 13));
  expect([10, 12].map((at) => tracker.tryClaim(at))).toEqual([true, true]);
  expect([13, 20].map((at) => tracker.tryClaim(at))).toEqual([false, false]);
});

test("positions must go up and lie in the range", () => {
  const tracker = new OffsetRangeTracker(range(10, 13));
  expect(() => tracker.tryClaim(9)).toThrow("before 10");
  tracker.tryClaim(11);
  expect(() => tracker.tryClaim(11)).toThrow("must go up");
});

test("a range is done when its last position was claimed, or a later one was tried", () => {
  const tracker = new OffsetRangeTracker(range(0, 3));
  expect(() => tracker.checkDone()).toThrow("[0, 3)");
  tracker.tryClaim(1);
  expect(() => tracker.checkDone()).toThrow("[2, 3)");
  tracker.tryClaim(2);
  tracker.checkDone();
  const passed = new OffsetRangeTracker(range(0, 3));
  passed.tryClaim(7);
  passed.checkDone();
  new OffsetRangeTracker(range(5, 5)).checkDone();
});

test("a checkpoint leaves what was claimed and splits off the rest, other fields kept", () => {
  const tracker = new OffsetRangeTracker({ ...range(0, 10), file: "a" });
  tracker.tryClaim(3);
  expect(tracker.trySplit(0)).toEqual({
    primary: { from: 0, to: 4, file: "a" },
    residual: { from: 4, to: 10, file: "a" },
  });
  expect(tracker.currentRestriction()).toEqual({ from: 0, to: 4, file: "a" });
  expect(tracker.tryClaim(4)).toBe(false);
  tracker.checkDone();
});

test("before the first claim a checkpoint splits off everything", () => {
  const tracker = new OffsetRangeTracker(range(5, 10));
  expect(tracker.trySplit(0)).toEqual({ primary: range(5, 5), residual: range(5, 10) });
  tracker.checkDone();
});

test("after the last claim there is nothing to split off", () => {
  const tracker = new OffsetRangeTracker(range(0, 2));
  tracker.tryClaim(1);
  expect(tracker.trySplit(0)).toBeUndefined();
  expect(tracker.trySplit(0.5)).toBeUndefined();
});

test("a part of what remains is split off behind it", () => {
  const tracker = new OffsetRangeTracker(range(0, 100));
  tracker.tryClaim(19);
  expect(tracker.trySplit(0.5)?.residual).toEqual(range(59, 100));
});

test("progress counts what was claimed and what is left", () => {
  const tracker = new OffsetRangeTracker(range(10, 20));
  expect(tracker.getProgress()).toEqual({ done: 0, remaining: 10 });
  tracker.tryClaim(13);
  expect(tracker.getProgress()).toEqual({ done: 4, remaining: 6 });
  tracker.tryClaim(30);
  expect(tracker.getProgress()).toEqual({ done: 10, remaining: 0 });
});

test("a growable range is split by where it ends now, and goes on without end", () => {
  let end = 50;
  const tracker = new OffsetRangeTracker(range(0, MAX_OFFSET), () => end);
  tracker.tryClaim(9);
  expect(tracker.getProgress()).toEqual({ done: 10, remaining: 40 });
  expect(tracker.trySplit(0.5)).toEqual({ primary: range(0, 29), residual: range(29, MAX_OFFSET) });
  end = 0; // An estimate that is behind: one position at least is still left here.
  const late = new OffsetRangeTracker(range(0, MAX_OFFSET), () => end);
  late.tryClaim(9);
  expect(late.trySplit(0.5)?.residual).toEqual(range(10, MAX_OFFSET));
});

test.each([
  [range(0, 10), 3, 1, [range(0, 4), range(4, 8), range(8, 10)]],
  [range(5, 6), 4, 1, [range(5, 6)]],
  [range(5, 5), 4, 1, []],
  [range(0, 10), 10, 6, [range(0, 6), range(6, 10)]],
])("%o for %i shards, at least %i each", (whole, wanted, sizeMin, parts) => {
  expect(splitOffsetRange(whole, wanted, sizeMin)).toEqual(parts);
});

/** Steps of a tracker: a claim so much further on, or a split. */
const steps = fc.array(fc.oneof(fc.nat(5), fc.constant("split" as const)), { maxLength: 20 });

function residualsOf(
  tracker: OffsetRangeTracker,
  part: number,
  todo: readonly (number | "split")[],
): OffsetRange[] {
  const residuals: OffsetRange[] = [];
  let position = tracker.currentRestriction().from;
  for (const step of todo) {
    if (step === "split") {
      const split = tracker.trySplit(part);
      if (split !== undefined) residuals.push(split.residual);
      continue;
    }
    if (!tracker.tryClaim(position + step)) break;
    position += step + 1;
  }
  return residuals;
}

test("whatever is claimed and split, every position is in exactly one part", () => {
  const fraction = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.nat(30), fc.nat(30), fraction, steps, (from, length, part, todo) => {
      const tracker = new OffsetRangeTracker(range(from, from + length));
      const residuals = residualsOf(tracker, part, todo).reverse();
      const parts = [tracker.currentRestriction(), ...residuals];
      expect(parts[0]?.from).toBe(from);
      for (const [i, { to }] of parts.entries())
        expect(to).toBe(parts[i + 1]?.from ?? from + length);
    }),
  );
});
