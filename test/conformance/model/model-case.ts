/**
 * Model case: one thing that the Beam model promises, as a pipeline that asserts it.
 *
 * The same cases run in the memory world and on the embedded services; docs/capabilities.md names
 * the case that shows each capability.
 */
import type { RunDeadLetter } from "../../../emulators/testing/judge.ts";
import type { MeshStatus } from "../../../functions/status.ts";
import type { Root } from "../../../sdk/index.ts";

/** What is known of a run beside what its assertions saw. */
export interface CaseOutcome {
  readonly status: MeshStatus;
  readonly deadLetters: readonly RunDeadLetter[];
}

/** One promise of the model, with its pipeline. */
export interface ModelCase {
  /** Unique among all cases. */
  readonly name: string;
  /** Builds the pipeline, with its assertions; called once for each world. */
  readonly build: (p: Root) => void;
  /** Dead letters that must come of it; none where left out. */
  readonly deadLetters?: number;
  /** Throws if the run was not as it should be. Called when its instances have ended. */
  readonly check?: (outcome: CaseOutcome) => void;
}

/** Returns how many elements the stages of a run dropped: late ones, and those of closed windows. */
export function droppedIn({ status }: CaseOutcome): { late: number; closed: number } {
  const sum = (of: (stage: MeshStatus["stages"][number]) => number): number =>
    status.stages.reduce((total, stage) => total + of(stage), 0);
  return { late: sum((stage) => stage.droppedLate), closed: sum((stage) => stage.droppedClosed) };
}
