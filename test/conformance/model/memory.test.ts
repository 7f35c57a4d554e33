/**
 * The Beam model in the memory world.
 */
import { expect, test } from "vitest";
import { testPipeline } from "../../../emulators/testing/index.ts";
import { MODEL_CASES } from "./cases.ts";

test("each case has a name of its own", () => {
  const names = MODEL_CASES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test.each(MODEL_CASES)("$name", async ({ build, check, deadLetters = 0 }) => {
  const result = await testPipeline(build, { shards: 3, allowDeadLetters: deadLetters > 0 });
  expect(result.deadLetters).toHaveLength(deadLetters);
  check?.(result);
});
