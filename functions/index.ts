/**
 * The engine as other folders of a user's project may use it: options and the state of a job.
 */
export type { Job, JobState } from "./job.ts";
export type { MetricFilter, MetricResult } from "./metrics/results.ts";
export { DEFAULT_OPTIONS, type EngineOptions } from "./options.ts";
export type { MeshStatus, StageStatus } from "./status.ts";
