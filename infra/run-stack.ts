/**
 * Run stack: the program of a Pulumi stack, with all that is Pulumi's own of it.
 *
 * Owns: where configuration, the stack's name and log lines come from. Does not own: the program
 * (program.ts).
 */
import { getOrganization, getProject, getStack, log, runtime } from "@pulumi/pulumi";
import { buildPipelines } from "./build-pipelines.ts";
import { CloudJobs } from "./cloud-jobs.ts";
import type { StackOutputs } from "./outputs.ts";
import { runProgram } from "./program.ts";

/** By this Pulumi tells a program which keys are encrypted: a list as JSON. */
const SECRET_KEYS = "PULUMI_CONFIG_SECRET_KEYS";

/**
 * Declares all that runs the pipelines which `tidemark:pipelines` names, and looks after their jobs.
 *
 * @throws ERR_OPTION for a configuration that can't be deployed; nothing is declared then
 * @example export const { topics, functions, jobs, dashboards, commands } = await runStack();
 */
export function runStack(): Promise<StackOutputs> {
  return runProgram({
    config: runtime.allConfig(),
    secretKeys: JSON.parse(process.env[SECRET_KEYS] ?? "[]") as readonly string[],
    root: runtime.getRootDirectory(),
    stack: `${getOrganization()}/${getProject()}/${getStack()}`,
    build: buildPipelines,
    jobsOf: (project, database) => new CloudJobs(project, database),
    tell: (words) => void log.info(words),
  });
}
