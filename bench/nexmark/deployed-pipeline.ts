/**
 * Deployed pipeline: the module that is bundled for functions. The environment says which query.
 */
import { nexmarkPipeline, type PipelineSettings } from "./pipeline.ts";
import { queryOf } from "./queries/all.ts";

interface DeployedRun extends PipelineSettings {
  readonly query: number;
}

const run = JSON.parse(process.env["NEXMARK_RUN"] ?? "{}") as DeployedRun;

export default nexmarkPipeline(queryOf(run.query), run);
