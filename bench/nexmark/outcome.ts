/**
 * Outcome: what came of a run.
 *
 * Owns: reading lines of results, and finding losses. Does not own: what the results should be
 * (oracles/).
 */
import type { MeshStatus, StageStatus } from "../../functions/status.ts";
import type { ResultLine } from "./pipeline.ts";

type StageLosses = Pick<StageStatus, "stage" | "droppedLate" | "droppedClosed" | "deadLetters">;

/** What came of a run. */
export interface Outcome {
  /** From the first publish, or the launch of a batch run, to DONE. */
  readonly seconds: number;
  readonly status: Pick<MeshStatus, "state"> & { readonly stages: readonly StageLosses[] };
  /** The results as JSON texts, see `ResultLine`. */
  readonly lines: readonly string[];
}

/** Returns the lines of files. */
export function linesOf(texts: Iterable<string>): string[] {
  return [...texts].flatMap((text) => text.split("\n").filter((line) => line !== ""));
}

/** Returns the results of a run, each with its pane. */
export function resultsOf<T>({ lines }: Outcome): ResultLine<T>[] {
  return lines.map((line) => JSON.parse(line) as ResultLine<T>);
}

/** Returns what is wrong with a run, in words; empty if it lost nothing. */
export function lossesOf({ status: { state, stages } }: Outcome): string[] {
  const losses = stages.flatMap(({ stage, droppedLate, droppedClosed, deadLetters }) => [
    ...(droppedLate > 0 ? [`${stage} dropped ${droppedLate} late elements`] : []),
    ...(droppedClosed > 0 ? [`${stage} dropped ${droppedClosed} elements of closed windows`] : []),
    ...(deadLetters > 0 ? [`${stage} has ${deadLetters} dead letters`] : []),
  ]);
  return state === "DONE" ? losses : [...losses, `the job is ${state}`];
}
