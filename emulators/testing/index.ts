/**
 * `tidemark/testing`: what the tests of a pipeline import.
 *
 * Owns: the list of what is exported.
 */

export type {
  DistributionResult,
  GaugeResult,
  MetricFilter,
  MetricResult,
} from "../../functions/metrics/results.ts";
export * from "../../sdk/testing/index.ts";
export type { RunDeadLetter } from "./judge.ts";
export { type InputMessage, type InputOptions, message } from "./memory-play.ts";
export {
  type MeshRunOptions,
  type MeshRunResult,
  runOnMesh,
  type TestMesh,
} from "./run-on-mesh.ts";
export {
  type RunMetrics,
  type RunOptions,
  type RunResult,
  runPipeline,
  testPipeline,
} from "./run-pipeline.ts";
