/**
 * All model cases.
 */
import type { ModelCase } from "./model-case.ts";
import { parDoCases } from "./par-do.cases.ts";

export const MODEL_CASES: readonly ModelCase[] = [...parDoCases];
