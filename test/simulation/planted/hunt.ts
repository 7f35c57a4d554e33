/**
 * Hunt: looks for a planted bug, seed after seed, until the checker that it names has caught it.
 */
import { simulate, type Violation } from "../simulate.ts";
import { workloads } from "../workloads/all.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** What came of a hunt. */
export interface Hunt {
  readonly bug: PlantedBug;
  /** Undefined: the checker that must catch it has not. */
  readonly caught: Violation | undefined;
  /** The other checkers that noticed, in all seeds up to there. */
  readonly others: readonly string[];
}

/** Runs the bug's workload under one seed after the other. */
export async function hunt(bug: PlantedBug, seedsMax = 20): Promise<Hunt> {
  const make = workloads.find((each) => each(1).name === bug.workload);
  if (make === undefined) throw new Error(`no workload is named "${bug.workload}"`);
  const others = new Set<string>();
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { violations } = await simulate(make(seed), seed, { planted: bug });
    const caught = violations.find(({ checker }) => checker === bug.caughtBy);
    for (const { checker } of violations) if (checker !== bug.caughtBy) others.add(checker);
    if (caught !== undefined) return { bug, caught, others: [...others] };
  }
  return { bug, caught: undefined, others: [...others] };
}
