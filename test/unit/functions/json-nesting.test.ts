/** JSON nesting: how deep text is, whatever stands in its strings. */
import { expect, test } from "vitest";
import { nestingOf } from "../../../functions/json-nesting.ts";

const ofText = (text: string): number => nestingOf(Buffer.from(text));

test.each([
  ["1", 0],
  ["[]", 1],
  ['{"a":[{}],"b":{}}', 3],
  ['"[[[["', 0],
  ['["\\"[[", "\\\\", [1]]', 2],
  ["[[[", 3],
  ['["', 1],
])("%s is nested %i deep", (text, depth) => {
  expect(ofText(text)).toBe(depth);
});

test("text far deeper than any stack is measured", () => {
  expect(ofText("[".repeat(1_000_000))).toBe(1_000_000);
});
