/**
 * The Pulumi program: `pulumi up` runs this file (Pulumi.yaml names it).
 *
 * Owns: what is Pulumi's own of it: configuration, the stack's name, outputs.
 */
import { getOrganization, getProject, getStack, log, type Output, runtime } from "@pulumi/pulumi";
import { buildPipelines } from "./build-pipelines.ts";
import { CloudJobs } from "./cloud-jobs.ts";
import type { StackOutputs } from "./outputs.ts";
import { runProgram } from "./program.ts";

const outputs: StackOutputs = await runProgram({
  config: runtime.allConfig(),
  root: runtime.getRootDirectory(),
  stack: `${getOrganization()}/${getProject()}/${getStack()}`,
  build: buildPipelines,
  jobsOf: (project, database) => new CloudJobs(project, database),
  tell: (words) => void log.info(words),
});

/** Topics to publish to, by pipeline. */
export const topics: StackOutputs["topics"] = outputs.topics;
/** URLs of functions, by pipeline and stage. */
export const functions: StackOutputs["functions"] = outputs.functions;
/** How each job stands. */
export const jobs: Output<Readonly<Record<string, string>>> = outputs.jobs;
/** Dashboards in the console, by pipeline. */
export const dashboards: StackOutputs["dashboards"] = outputs.dashboards;
/** Commands to try. */
export const commands: readonly string[] = outputs.commands;
