/**
 * `tidemark/infra`: what a Pulumi program of one's own can use.
 */
export { type BuiltPipeline, buildPipeline, buildPipelines } from "./build-pipelines.ts";
export { CloudJobs } from "./cloud-jobs.ts";
export type { StageBundle } from "./code-bundle.ts";
export type { AccountsMode, DeployConfig, SecretSetting } from "./config.ts";
export { JobStep, type JobStepInput } from "./job-step.ts";
export type { Jobs, StoredJob } from "./jobs.ts";
export { MeshPipeline, type MeshPipelineArgs } from "./pipeline.ts";
export { MeshPlatform, type MeshPlatformArgs } from "./platform.ts";
export { runStack } from "./run-stack.ts";
export type { FunctionSettings } from "./settings.ts";
