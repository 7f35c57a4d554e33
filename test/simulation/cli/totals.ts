/**
 * Totals: what many runs gave, added up.
 */
import type { Outcome, Violation } from "../simulate.ts";
import { FAULT_NAMES, type FaultCounts } from "../world/faults.ts";

/** What runs gave. */
export interface Totals {
  runs: number;
  steps: number;
  virtualMs: number;
  readonly faults: FaultCounts;
  readonly violations: Violation[];
}

/** Returns totals of nothing. */
export function noTotals(): Totals {
  return { runs: 0, steps: 0, virtualMs: 0, faults: {}, violations: [] };
}

/** Adds one run. */
export function addOutcome(totals: Totals, outcome: Outcome): void {
  addTotals(totals, { runs: 1, ...outcome, violations: [...outcome.violations] });
}

/** Adds others to totals. */
export function addTotals(totals: Totals, other: Totals): void {
  totals.runs += other.runs;
  totals.steps += other.steps;
  totals.virtualMs += other.virtualMs;
  totals.violations.push(...other.violations);
  for (const name of FAULT_NAMES) {
    const count = other.faults[name] ?? 0;
    if (count > 0) totals.faults[name] = (totals.faults[name] ?? 0) + count;
  }
}
