/**
 * Seeds that once failed: they are run in every test, whatever else is.
 */

/** A seed that once broke a promise. */
export interface KeptSeed {
  readonly workload: string;
  readonly seed: number;
  /** What was wrong. */
  readonly cause: string;
}

/** All kept seeds. */
export const KEPT_SEEDS: readonly KeptSeed[] = [
  {
    workload: "counted",
    seed: 3,
    cause:
      "a launch took a busy store's refusal for another launch's success, and left no job (launch.ts)",
  },
];
