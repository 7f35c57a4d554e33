/**
 * A Pulumi program of one's own: one pipeline, with an engine that soon gives up what was not published.
 *
 * Owns: the figures. What was refused in the midst of a group commit holds the watermarks back until
 * its register is given up, which takes longer than a Pub/Sub deadline in the program of the mesh.
 */
import { fileURLToPath } from "node:url";
import { Config, type Output, runtime } from "@pulumi/pulumi";
import {
  buildPipeline,
  CloudJobs,
  JobStep,
  MeshPipeline,
  MeshPlatform,
} from "../../../infra/library.ts";

const project = new Config("gcp").require("project");
const database = "rights";
const root = fileURLToPath(new URL("../../..", import.meta.url));

const { pipeline, ...built } = await buildPipeline("test/support/pipelines/rights.ts", root, {
  shards: 1,
});
const step = new JobStep({
  jobs: new CloudJobs(project, database),
  config: { rename: {}, drop: {}, override: [], drainRemoved: false, updateTimeoutSeconds: 60 },
  stack: "rights",
  isPreview: runtime.isDryRun(),
  tell: () => {},
});
await step.check([built.plan]);
const platform = new MeshPlatform("mesh", {
  project,
  region: "europe-west1",
  database,
  protect: false,
});
const mesh = new MeshPipeline("rights", {
  platform,
  graph: pipeline.graph,
  engine: { tickMs: 100, registerTimeoutMs: 500 },
  ...built,
});

/** How the job stands. */
export const job: Output<string | undefined> = mesh.standing.apply(() =>
  mesh.deployment.apply((deployment) => step.settle(deployment)),
);
