/** What the runner makes of a run: its results, and what it lost. */
import { expect, test } from "vitest";
import { linesOf, lossesOf, type Outcome, resultsOf } from "../../../../bench/nexmark/outcome.ts";

type Stages = Outcome["status"]["stages"];

const stage = { stage: "a", droppedLate: 0, droppedClosed: 0, deadLetters: 0 };

function outcomeOf(stages: Stages, lines: readonly string[] = []): Outcome {
  return { seconds: 1, status: { state: "DONE", stages }, lines };
}

test("a run that drops nothing and sets nothing aside has no losses", () => {
  expect(lossesOf(outcomeOf([stage]))).toEqual([]);
});

test("elements that are dropped or set aside and a job that isn't DONE are losses", () => {
  const outcome = outcomeOf([
    { ...stage, droppedLate: 2, droppedClosed: 4 },
    { ...stage, stage: "b", deadLetters: 3 },
  ]);
  const status = { ...outcome.status, state: "RUNNING" } as const;
  expect(lossesOf({ ...outcome, status })).toEqual([
    "a dropped 2 late elements",
    "a dropped 4 elements of closed windows",
    "b has 3 dead letters",
    "the job is RUNNING",
  ]);
});

test("results are the lines of all files", () => {
  const line = { result: { n: 1 }, windowStartMs: 0, windowEndMs: 1, timing: "LATE", paneIndex: 2 };
  const lines = linesOf([`${JSON.stringify(line)}\n`, "", `${JSON.stringify(line)}\n`]);
  expect(resultsOf(outcomeOf([], lines))).toEqual([line, line]);
});
