/**
 * What `pulumi up` declares: all that runs the pipelines which `tidemark:pipelines` names.
 *
 * Add resources of your own beside it.
 */
import { getOrganization, getProject, getStack, log, runtime } from "@pulumi/pulumi";
import { CloudJobs, runProgram } from "tidemark/infra";

/** Topics to publish to, URLs of functions, how each job stands, dashboards, and commands to try. */
export const { topics, functions, jobs, dashboards, commands } = await runProgram({
  config: runtime.allConfig(),
  root: runtime.getRootDirectory(),
  stack: `${getOrganization()}/${getProject()}/${getStack()}`,
  jobsOf: (project, database) => new CloudJobs(project, database),
  tell: (words) => void log.info(words),
});
