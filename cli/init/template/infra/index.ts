/**
 * What `pulumi up` declares: all that runs the pipelines which `tidemark:pipelines` names.
 *
 * Add resources of your own beside it.
 */
import { runStack } from "tidemark/infra";

/** Topics to publish to, URLs of functions, how each job stands, dashboards, and commands to try. */
export const { topics, functions, jobs, dashboards, commands } = await runStack();
