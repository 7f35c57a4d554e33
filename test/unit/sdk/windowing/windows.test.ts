import { expect, test } from "vitest";
import { fixedWindows, globalWindow } from "../../../../sdk/index.ts";
import type { Timestamp } from "../../../../sdk/model/time.ts";
import { assignerOf } from "../../../../sdk/windowing/window-fn.ts";
import { meshErrorOf } from "../errors.ts";

test("windows are plain data", () => {
  expect(fixedWindows({ hours: 1 }, { offset: { minutes: 5 } })).toEqual({
    kind: "fixed",
    sizeMs: 3_600_000,
    offsetMs: 300_000,
  });
  expect(globalWindow()).toEqual({ kind: "global" });
});

test.each([
  [-1, -10, 0],
  [-10, -10, 0],
  [-11, -20, -10],
  [0, 0, 10],
  [9, 0, 10],
  [10, 10, 20],
])("the time %d falls into the window [%d, %d)", (time, start, end) => {
  expect(assignerOf(fixedWindows(10))(time as Timestamp)).toEqual({ start, end });
});

test.each([
  ["no size", 0, 0],
  ["a size beyond ten thousand years", 4e14, 0],
  ["an offset of a whole size", 10, 10],
  ["a fraction of a millisecond", 1.5, 0],
])("%s is refused", (_, size, offset) => {
  expect(meshErrorOf(() => fixedWindows(size, { offset })).code).toBe("ERR_DURATION");
});
