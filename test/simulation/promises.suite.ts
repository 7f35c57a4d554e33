/**
 * The unchanged engine under seeded faults: every checker, at every step. A failure names workload,
 * seed, checker, the last steps, and the command that replays it.
 *
 * SIM_SEEDS=1000 npx vitest run test/simulation runs more seeds.
 */
import { describe, expect, test } from "vitest";
import { violationText } from "./cli/report.ts";
import { simulate } from "./simulate.ts";
import type { MakeWorkload } from "./workloads/all.ts";
import type { FaultName } from "./world/faults.ts";

const SEEDS = Number(process.env["SIM_SEEDS"] ?? 200);
const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1);

/** Says that workloads keep every promise, under many seeds and without faults. */
export function promises(workloads: readonly MakeWorkload[]): void {
  const named = workloads.map((make) => [make(1).name, make] as const);
  describe.each(named)("%s", (_name, make) => {
    test(`keeps every promise under the faults of ${SEEDS} seeds`, {
      timeout: 600_000,
    }, async () => {
      for (const seed of seeds) expect(await violationsOf(make, seed)).toEqual([]);
    });

    test("keeps every promise where nothing fails", async () => {
      expect(await violationsOf(make, 1, new Set())).toEqual([]);
    });

    test("gives the same trace for the same seed, and another for another", async () => {
      const first = await simulate(make(1), 1);
      expect(await simulate(make(1), 1)).toEqual(first);
      expect((await simulate(make(2), 2)).traceHash).not.toBe(first.traceHash);
    });
  });
}

/** Returns what a run has broken, in words. */
export async function violationsOf(
  make: MakeWorkload,
  seed: number,
  faults?: ReadonlySet<FaultName>,
): Promise<string[]> {
  const { violations } = await simulate(make(seed), seed, faults && { faults });
  return violations.map(violationText);
}
