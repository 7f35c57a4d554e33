/**
 * The unchanged engine under seeded faults: no loss, no duplicate, no watermark that goes back,
 * nothing dropped late, nothing left behind, and an end. A failure names its seed and workload.
 *
 * To replay one seed: SIM_SEED=7 npx vitest run test/simulation -t "word count"
 */
import { describe, expect, test } from "vitest";
import { CHANCE } from "./faults.ts";
import { simulate, type Trace } from "./simulator.ts";
import { windowedSum } from "./workloads/groupings.ts";
import { workloads } from "./workloads.ts";

const SEEDS = Number(process.env["SIM_SEEDS"] ?? 30);
const only = process.env["SIM_SEED"];
const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, i) => i + 1) : [Number(only)];

describe.each(workloads.map((make) => [make(1).name, make] as const))("%s", (name, make) => {
  test(`comes to the right end under the faults of ${seeds.length} seeds`, {
    timeout: 60_000,
  }, async () => {
    for (const seed of seeds) {
      try {
        await simulate(make(seed), seed);
      } catch (error) {
        throw new Error(`workload "${name}", seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
  });

  test("gives the same trace for the same seed, and another for another", async () => {
    const [first, again, other] = [
      await simulate(make(1), 1),
      await simulate(make(1), 1),
      await simulate(make(2), 2),
    ] as [Trace, Trace, Trace];
    expect(again).toEqual(first);
    expect(other.hash).not.toBe(first.hash);
  });
});

test("every fault of faults.ts happens", async () => {
  const met = new Set<string>();
  for (const seed of [101, 102, 103]) {
    const { faults } = await simulate(windowedSum(seed), seed);
    for (const fault of Object.keys(faults)) met.add(fault);
  }
  expect([...met].sort()).toEqual(Object.keys(CHANCE).sort());
});
