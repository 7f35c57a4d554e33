/**
 * What docs/reliability.md lists is what there is: faults, checkers, planted bugs and kept seeds.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CHECKERS } from "./checkers/all.ts";
import { PLANTED_BUGS } from "./planted/all.ts";
import { KEPT_SEEDS } from "./seeds.ts";
import { workloads } from "./workloads/all.ts";
import { FAULT_NAMES, FAULTS } from "./world/faults.ts";

const page = readFileSync(new URL("../../docs/reliability.md", import.meta.url), "utf8");

function rowsOf(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = [...section.matchAll(/^\| (.+) \|$/gm)].map(([, row = ""]) => row.split(" | "));
  return rows.slice(1); // Without the table's head; the line below it has no spaces.
}

test("faults, with number, chance and what they do", () => {
  const rows = FAULT_NAMES.map((name) => {
    const { number, probability, does } = FAULTS[name];
    return [String(number), name, String(probability), does];
  });
  expect(rowsOf("Faults")).toEqual(rows);
});

test("checkers, with their promises", () => {
  expect(rowsOf("Checkers")).toEqual(CHECKERS.map(({ name, promise }) => [name, promise]));
});

test("planted bugs, with the checker that catches each", () => {
  const rows = PLANTED_BUGS.map(({ name, caughtBy, workload }) => [name, caughtBy, workload]);
  expect(rowsOf("Planted bugs")).toEqual(rows);
});

test("kept seeds, and how many workloads there are", () => {
  expect(rowsOf("Kept seeds").map(([workload, seed]) => [workload, seed])).toEqual(
    KEPT_SEEDS.map(({ workload, seed }) => [workload, String(seed)]),
  );
  expect(page).toContain(`each of the ${workloads.length} workloads`);
});
