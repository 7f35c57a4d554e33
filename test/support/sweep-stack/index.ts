/**
 * A Pulumi program of one's own: the flights, each function with an account of its own, and a pipeline
 * whose functions share one; with a secret that the stack makes, and one that is there before.
 *
 * Owns: the figures. Jobs are launched by who runs it, when rights are taken away. One pane at a time
 * is fired, so that a shard with two sends itself what is left over.
 */
import { fileURLToPath } from "node:url";
import { Secret } from "@pulumi/gcp/secretmanager/secret.js";
import { SecretVersion } from "@pulumi/gcp/secretmanager/secretVersion.js";
import { Config, type Output, secret } from "@pulumi/pulumi";
import type { Deployment } from "../../../functions/deployment.ts";
import { buildPipeline, MeshPipeline, MeshPlatform } from "../../../infra/library.ts";

const project = new Config("gcp").require("project");
// Bundles of other programs lie below the project's folder: the flights are in more than one.
const root = fileURLToPath(new URL(".", import.meta.url));
const engine = { tickMs: 100, registerTimeoutMs: 500, firingsMax: 1 };

const [flights, shared] = await Promise.all([
  buildPipeline("../pipelines/prompt-flights.ts", root, { shards: 1 }),
  buildPipeline("../pipelines/shared.ts", root, { shards: 2 }),
]);
const platform = new MeshPlatform("mesh", {
  project,
  region: "europe-west1",
  database: "sweep",
  protect: false,
  hasSecrets: true,
  secretValues: { API_KEY: secret("made by the stack") },
});
// Stands for a secret that somebody else has made.
const options = platform.ready(platform);
const token = new Secret("token", { secretId: "token", replication: { auto: {} } }, options);
const version = new SecretVersion("token", {
  secret: token.id,
  secretData: secret("there before"),
});

const pipelines = [
  new MeshPipeline("flights", { platform, graph: flights.pipeline.graph, engine, ...flights }),
  new MeshPipeline(
    "shared",
    {
      platform,
      graph: shared.pipeline.graph,
      engine,
      serviceAccounts: "shared",
      secrets: { TOKEN: { secret: "token", version: "1" } },
      ...shared,
    },
    { dependsOn: [version] },
  ),
];

/** What the jobs are launched with, by pipeline. */
export const deployments: readonly Output<Deployment>[] = pipelines.map(
  ({ deployment }) => deployment,
);
