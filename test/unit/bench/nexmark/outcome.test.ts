/** What the runner makes of a run: its results, and what it lost. */
import { expect, test } from "vitest";
import { linesOf, lossesOf, type Outcome, resultsOf } from "../../../../bench/nexmark/outcome.ts";
import type { StageStatus } from "../../../../functions/status.ts";
import { MIN_TIMESTAMP } from "../../../../sdk/model/time.ts";

const stage: StageStatus = {
  stage: "a",
  kind: "shuffle",
  elementsIn: 1,
  elementsOut: 1,
  activations: 1,
  bundlesInFlight: 0,
  inputWatermark: MIN_TIMESTAMP,
  outputWatermark: MIN_TIMESTAMP,
  hold: MIN_TIMESTAMP,
  droppedLate: 0,
  duplicates: 0,
  deadLetters: 0,
  idleMs: undefined,
};

function outcomeOf(stages: readonly StageStatus[], lines: readonly string[] = []): Outcome {
  return { seconds: 1, status: { pipeline: "p", state: "DONE", stages }, lines };
}

test("a run that drops nothing and sets nothing aside has no losses", () => {
  expect(lossesOf(outcomeOf([stage]))).toEqual([]);
});

test("late elements, dead letters and a job that isn't DONE are losses", () => {
  const outcome = outcomeOf([
    { ...stage, droppedLate: 2 },
    { ...stage, stage: "b", deadLetters: 3 },
  ]);
  const status = { ...outcome.status, state: "RUNNING" } as const;
  expect(lossesOf({ ...outcome, status })).toEqual([
    "a dropped 2 late elements",
    "b has 3 dead letters",
    "the job is RUNNING",
  ]);
});

test("results are the lines of all files", () => {
  const line = { result: { n: 1 }, windowStartMs: 0, windowEndMs: 1, timing: "LATE", paneIndex: 2 };
  const lines = linesOf([`${JSON.stringify(line)}\n`, "", `${JSON.stringify(line)}\n`]);
  expect(resultsOf(outcomeOf([], lines))).toEqual([line, line]);
});
