/**
 * Program: a stack's configuration → everything that runs its pipelines, and their jobs.
 *
 * Owns: the order. Configuration, code and stored jobs are looked at before the first resource is
 * declared, so that whatever is wrong leaves everything as it is.
 *
 *   read config ─▶ compile and bundle ─▶ look at jobs ─▶ (move state) ─▶ declare ─▶ launch, go on
 */

import { type Output, runtime } from "@pulumi/pulumi";
import { DEFAULT_OPTIONS, type EngineOptions } from "../functions/options.ts";
import { type BuiltPipeline, stageSettings } from "./build-pipelines.ts";
import { type DeployConfig, readConfig } from "./config.ts";
import { JobStep } from "./job-step.ts";
import type { Jobs } from "./jobs.ts";
import { outputsOf, type StackOutputs } from "./outputs.ts";
import { MeshPipeline } from "./pipeline.ts";
import { MeshPlatform } from "./platform.ts";

/** What the program is run with. */
export interface ProgramInput {
  /** All of the stack's configuration, by full key. */
  readonly config: Readonly<Record<string, string>>;
  /** Full keys of what is encrypted in the stack's file. */
  readonly secretKeys?: readonly string[];
  /** Folder of Pulumi.yaml: files are relative to it. */
  readonly root: string;
  /** Names the stack among others of one project. */
  readonly stack: string;
  readonly build: (config: DeployConfig, root: string) => Promise<readonly BuiltPipeline[]>;
  readonly jobsOf: (project: string, database: string) => Jobs;
  readonly tell: (words: string) => void;
}

/** Declares everything, and returns the stack's outputs. */
export async function runProgram(input: ProgramInput): Promise<StackOutputs> {
  const config = readConfig(input.config, input.secretKeys);
  const built = await input.build(config, input.root);
  const { jobsOf, stack, tell } = input;
  for (const { plan, wholeBecause } of built) {
    if (wholeBecause === undefined) continue;
    tell(
      `Pipeline ${plan.pipeline}: any edit of its code changes all of its functions, because ` +
        `${wholeBecause}. (tidemark:wholeModules true says that this is wanted.)`,
    );
  }
  const isPreview = runtime.isDryRun();
  const jobs = jobsOf(config.project, config.database);
  const step = new JobStep({ jobs, config, stack, isPreview, tell });
  await step.check(built.map(({ plan }) => plan));
  const engine = engineOf(config);
  const options = { ...DEFAULT_OPTIONS, ...engine };
  await step.prepare(built.map(({ plan, compile }) => ({ plan, compile, options })));
  const platform = platformOf(config);
  const pipelines = built.map((one) => pipelineOf(one, platform, config, engine));
  const states = Object.fromEntries(
    pipelines.map((one) => [one.plan.pipeline, settled(one, step)]),
  );
  return outputsOf(platform, pipelines, states);
}

function settled({ standing, deployment }: MeshPipeline, step: JobStep): Output<string> {
  return standing.apply(() =>
    deployment.apply(async (known) => (await step.settle(known)) ?? "as it was"),
  );
}

function platformOf(config: DeployConfig): MeshPlatform {
  const { kmsKey, repository } = config;
  return new MeshPlatform("tidemark", {
    project: config.project,
    region: config.region,
    database: config.database,
    firestoreLocation: config.firestoreLocation,
    existingDatabase: config.existingDatabase,
    existingTopics: config.existingTopics,
    protect: config.protect,
    labels: config.labels,
    hasSecrets: Object.keys(config.secrets).length > 0,
    secretValues: config.secretValues,
    alertEmails: config.alertEmails,
    ...(kmsKey !== undefined && { kmsKey }),
    ...(repository !== undefined && { repository }),
  });
}

function pipelineOf(
  { pipeline, plan, compile, bundles }: BuiltPipeline,
  platform: MeshPlatform,
  config: DeployConfig,
  engine: Partial<EngineOptions>,
): MeshPipeline {
  const { functions, serviceAccounts, env, secrets } = config;
  return new MeshPipeline(plan.pipeline, {
    platform,
    plan,
    graph: pipeline.graph,
    compile,
    bundles,
    engine,
    functions,
    stages: stageSettings(plan, config),
    serviceAccounts,
    env,
    secrets,
    alerts: {
      channels: config.alertChannels,
      freshnessSeconds: config.freshnessSeconds,
      watermarkLagSeconds: config.watermarkLagSeconds,
      budgetPerMonth: config.budgetPerMonth,
    },
  });
}

function engineOf({ tickMs, gatherMs, watermarkLogSeconds }: DeployConfig): Partial<EngineOptions> {
  const watermarkLogMs = watermarkLogSeconds * 1_000;
  return { tickMs, watermarkLogMs, ...(gatherMs !== undefined && { gatherMs }) };
}
