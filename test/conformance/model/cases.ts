/**
 * All model cases, by file.
 */
import { badInputCases } from "./bad-input.cases.ts";
import { batchesCases } from "./batches.cases.ts";
import { combineCases } from "./combine.cases.ts";
import { metricsCases } from "./metrics.cases.ts";
import type { ModelCase } from "./model-case.ts";
import { parDoCases } from "./par-do.cases.ts";
import { sideInputsCases } from "./side-inputs.cases.ts";
import { sourcesCases } from "./sources.cases.ts";
import { stateCases } from "./state.cases.ts";
import { testingCases } from "./testing.cases.ts";
import { timersCases } from "./timers.cases.ts";
import { triggersCases } from "./triggers.cases.ts";
import { windowsCases } from "./windows.cases.ts";

/** The cases of each file of this folder, by its name. */
export const CASES_BY_FILE: Readonly<Record<string, readonly ModelCase[]>> = {
  "par-do.cases.ts": parDoCases,
  "combine.cases.ts": combineCases,
  "windows.cases.ts": windowsCases,
  "triggers.cases.ts": triggersCases,
  "side-inputs.cases.ts": sideInputsCases,
  "state.cases.ts": stateCases,
  "timers.cases.ts": timersCases,
  "batches.cases.ts": batchesCases,
  "sources.cases.ts": sourcesCases,
  "metrics.cases.ts": metricsCases,
  "testing.cases.ts": testingCases,
  "bad-input.cases.ts": badInputCases,
};

export const MODEL_CASES: readonly ModelCase[] = Object.values(CASES_BY_FILE).flat();
