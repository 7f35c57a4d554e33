/**
 * Fuzz, reduced: broken inputs at every endpoint; `npm run fuzz` is the same with as many as you like.
 *
 * TIDEMARK_SEED replays them.
 */
import { expect, test } from "vitest";
import { runFuzz } from "../fuzz/fuzz-run.ts";

test("broken input at any endpoint crashes nothing, and none of it is lost", async () => {
  const seed = Number(process.env["TIDEMARK_SEED"] ?? 1);
  const reports = await runFuzz({ inputs: 2_600, seed }, () => {}, new AbortController().signal);
  expect(reports.flatMap(({ endpoint, faults }) => faults.map((f) => `${endpoint}: ${f}`))).toEqual(
    [],
  );
  // Inputs of each kind came, or the run would show nothing.
  const kinds = new Set(reports.flatMap(({ answers }) => Object.keys(answers)));
  for (const kind of ["taken", "dead letter", "400", "INVALID_ARGUMENT"]) {
    expect(kinds).toContain(kind);
  }
}, 60_000);
