/**
 * Planted bugs: a checker that never speaks proves nothing. Each bug breaks one rule, and the checker
 * that it names must catch it.
 */
import { expect, test } from "vitest";
import { CHECKERS } from "./checkers/all.ts";
import { PLANTED_BUGS } from "./planted/all.ts";
import { hunt } from "./planted/hunt.ts";

test.each(PLANTED_BUGS.map((bug) => [bug.name, bug.caughtBy, bug] as const))(
  "%s: %s notices",
  { timeout: 120_000 },
  async (_name, caughtBy, bug) => {
    const { caught, others } = await hunt(bug);
    expect(caught?.checker, `seen by ${others.join(", ") || "nobody"}`).toBe(caughtBy);
  },
);

test("every checker has a bug that it must catch", () => {
  const named = new Set(PLANTED_BUGS.map(({ caughtBy }) => caughtBy));
  expect(CHECKERS.filter(({ name }) => !named.has(name)).map(({ name }) => name)).toEqual([]);
});
