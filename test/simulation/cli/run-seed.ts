/**
 * Run seed: all workloads, or one, under the faults of one seed.
 */
import { simulate } from "../simulate.ts";
import { workloads } from "../workloads/all.ts";
import { FAULT_NAMES, FAULTS, type FaultName } from "../world/faults.ts";
import { addOutcome, noTotals, type Totals } from "./totals.ts";

/** Which runs of a seed. */
export interface Selection {
  /** One workload's name; all where left out. */
  readonly workload: string | undefined;
  /** Numbers of the faults that may happen; all where left out. */
  readonly faults: readonly number[] | undefined;
}

/** Runs what is selected under one seed. */
export async function runSeed(
  seed: number,
  { workload, faults }: Selection,
  onLine?: (line: string) => void,
): Promise<Totals> {
  const totals = noTotals();
  const only = faults && namesOf(faults);
  for (const make of workloads) {
    const made = make(seed);
    if (workload !== undefined && made.name !== workload) continue;
    const options = { ...(only && { faults: only }), ...(onLine && { onLine }) };
    addOutcome(totals, await simulate(made, seed, options));
  }
  return totals;
}

function namesOf(numbers: readonly number[]): ReadonlySet<FaultName> {
  return new Set(FAULT_NAMES.filter((name) => numbers.includes(FAULTS[name].number)));
}
