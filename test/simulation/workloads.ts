/**
 * All workloads: each makes its input of a seed.
 */
import {
  chainedCombines,
  combinedGlobally,
  grouped,
  reshuffled,
  windowedSum,
  wordCount,
} from "./workloads/groupings.ts";
import { readEach, splittableRead } from "./workloads/reads.ts";
import { countedStream, sideInputs, stateAndTimers } from "./workloads/stateful.ts";
import { earlySessions, timedPanes } from "./workloads/triggers.ts";
import type { Workload } from "./workloads/workload.ts";

/** All workloads: each makes its input of a seed. */
export const workloads: readonly ((seed: number) => Workload)[] = [
  wordCount,
  windowedSum,
  chainedCombines,
  grouped,
  reshuffled,
  combinedGlobally,
  splittableRead,
  readEach,
  sideInputs,
  stateAndTimers,
  countedStream,
  earlySessions,
  timedPanes,
];
