/** Faults that can be switched on alone, and seeds that once failed. */
import { expect, test } from "vitest";
import { violationText } from "./cli/report.ts";
import { violationsOf } from "./promises.suite.ts";
import { KEPT_SEEDS } from "./seeds.ts";
import { simulate } from "./simulate.ts";
import { workloads } from "./workloads/all.ts";
import { FAULT_NAMES, FAULTS, type FaultName } from "./world/faults.ts";

const named = workloads.map((make) => [make(1).name, make] as const);

/** Where a fault can happen; all others can in a windowed sum. */
const PLACES: Partial<Record<FaultName, string>> = {
  "sink half": "ingest sinks",
  "two plan generations": "updated to more shards",
  "control refused": "restored",
  "control unanswered": "restored",
  "control partial": "restored",
};

test.each(FAULT_NAMES)("the fault '%s' can be switched on alone, and happens", async (fault) => {
  const place = PLACES[fault] ?? "windowed sum";
  const workload = named.find(([name]) => name === place)?.[1];
  const faults = new Set([fault]);
  let times = 0;
  for (let seed = 1; seed <= 30 && times === 0; seed++) {
    const outcome = await simulate(workload!(seed), seed, { faults });
    expect(outcome.violations.map(violationText)).toEqual([]);
    expect(Object.keys(outcome.faults).filter((name) => name !== fault)).toEqual([]);
    times += outcome.faults[fault] ?? 0;
  }
  expect(times).toBeGreaterThan(0);
});

test("numbers of faults are one each, for replay commands name them", () => {
  const numbers = FAULT_NAMES.map((name) => FAULTS[name].number);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test.each(
  KEPT_SEEDS.map((kept) => [`${kept.workload}, seed ${kept.seed}: ${kept.cause}`, kept] as const),
)("%s", async (_, { workload, seed }) => {
  const make = named.find(([name]) => name === workload)?.[1];
  expect(await violationsOf(make!, seed)).toEqual([]);
});
