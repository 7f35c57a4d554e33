/**
 * Build pipelines: the files that a stack names → plans and bundles.
 *
 * Owns: what is checked of several pipelines together, and of what the configuration says about
 * stages. Does not own: loading (load-pipeline.ts), bundling (code-bundle.ts).
 *
 * BP1. Nothing is written but below `.tidemark/infra`, beside Pulumi.yaml.
 */
import { join, resolve } from "node:path";
import { compile } from "../sdk/compile/compile.ts";
import type { CompileOptions, MeshPlan } from "../sdk/compile/plan.ts";
import { MeshError } from "../sdk/model/errors.ts";
import { orWords, similarTo } from "../sdk/model/similar.ts";
import type { Pipeline } from "../sdk/pipeline.ts";
import { bundlePipeline, type StageBundle } from "./code-bundle.ts";
import type { DeployConfig } from "./config.ts";
import { requireDeployable } from "./deployable.ts";
import { TRACKER } from "./functions.ts";
import { loadPipeline } from "./load-pipeline.ts";
import type { FunctionSettings } from "./settings.ts";
import { settingsOf } from "./settings.ts";

/** A pipeline that can be declared. */
export interface BuiltPipeline {
  readonly pipeline: Pipeline;
  readonly plan: MeshPlan;
  readonly compile: CompileOptions;
  readonly bundles: readonly StageBundle[];
  /** Why each function has all code of the file although it need not; undefined where it has not. */
  readonly wholeBecause?: string;
}

/**
 * Builds one file.
 *
 * @param root - folder that `path` is relative to, and below which bundles are put
 * @param isWhole - whether each function has all code of the file, and any edit changes them all
 * @throws ERR_PIPELINE_FILE and others that loading, compiling or bundling gives
 * @throws ERR_UNSUPPORTED if it reads or writes files of this machine
 */
export async function buildPipeline(
  path: string,
  root: string,
  options: CompileOptions = {},
  isWhole = false,
): Promise<BuiltPipeline> {
  return bundled(await compiled(path, root, options), root, isWhole);
}

/**
 * Builds all pipelines of a stack.
 *
 * @throws ERR_OPTION for two pipelines of one name, or for a pipeline or a stage that there is not
 */
export async function buildPipelines(
  config: Pick<
    DeployConfig,
    "pipelines" | "parallelism" | "wholeModules" | "functions" | "stages" | NamedKey
  >,
  root: string,
): Promise<readonly BuiltPipeline[]> {
  const { parallelism, wholeModules } = config;
  const options = parallelism === undefined ? {} : { shards: parallelism };
  const found: Compiled[] = [];
  for (const path of config.pipelines) {
    const one = await compiled(path, root, options);
    const other = found.find(({ plan }) => plan.pipeline === one.plan.pipeline);
    if (other !== undefined) throw twice(other.path, path, one.plan.pipeline);
    found.push(one);
  }
  // Bundling takes seconds: what is wrong is said before.
  requireKnown(config, found);
  return Promise.all(found.map((one) => bundled(one, root, wholeModules)));
}

/** A pipeline without its bundles. */
interface Compiled extends Omit<BuiltPipeline, "bundles"> {
  readonly path: string;
  readonly file: string;
}

async function compiled(path: string, root: string, options: CompileOptions): Promise<Compiled> {
  const { pipeline, file } = await loadPipeline(resolve(root, path));
  requireDeployable(pipeline.name, pipeline.graph);
  return { pipeline, plan: compile(pipeline, options), compile: options, path, file };
}

async function bundled(
  { path: _, file, ...one }: Compiled,
  root: string,
  isWhole: boolean,
): Promise<BuiltPipeline> {
  const { plan } = one;
  const folder = join(root, ".tidemark/infra", plan.pipeline);
  let wholeBecause: string | undefined;
  const onWhole = (because: string): void => {
    wholeBecause = because;
  };
  const input = { file, plan, folder, isDeployed: true, isWhole, onWhole };
  const bundles = await bundlePipeline(input);
  return { ...one, bundles, ...(wholeBecause !== undefined && { wholeBecause }) };
}

function twice(one: string, other: string, name: string): MeshError {
  return new MeshError(
    "ERR_OPTION",
    `${one} and ${other} are both pipelines of the name "${name}": give one another name.`,
  );
}

/** Keys whose entries are by pipeline. */
type NamedKey = "rename" | "drop" | "override";

function requireKnown(
  config: Pick<DeployConfig, "functions" | "stages" | NamedKey>,
  built: readonly Pick<BuiltPipeline, "plan">[],
): void {
  const plans = new Map(built.map(({ plan }) => [plan.pipeline, plan]));
  const named = {
    stages: Object.keys(config.stages),
    rename: Object.keys(config.rename),
    drop: Object.keys(config.drop),
    override: config.override,
  };
  for (const [key, names] of Object.entries(named)) {
    for (const name of names) {
      if (!plans.has(name)) throw unknown(`tidemark:${key}`, "pipeline", name, [...plans.keys()]);
    }
  }
  for (const { plan } of built) stageSettings(plan, config);
}

/**
 * Returns settings by the id of a stage, or `tracker`.
 *
 * @throws ERR_OPTION for a stage that the plan has not, or settings that do not go together
 */
export function stageSettings(
  plan: MeshPlan,
  { functions, stages }: Pick<DeployConfig, "functions" | "stages">,
): Record<string, Partial<FunctionSettings>> {
  const settings: Record<string, Partial<FunctionSettings>> = {};
  for (const [name, given] of Object.entries(stages[plan.pipeline] ?? {})) {
    const where = `tidemark:stages, ${plan.pipeline}, ${name}`;
    settingsOf(where, functions, given);
    for (const id of stageIds(plan, name)) settings[id] = { ...settings[id], ...given };
  }
  return settings;
}

function stageIds({ pipeline, stages }: MeshPlan, name: string): string[] {
  if (name === TRACKER) return [TRACKER];
  const ids = stages
    .filter((stage) => stage.id === name || stage.name === name)
    .map(({ id }) => id);
  if (ids.length > 0) return ids;
  const names = [...stages.map((stage) => stage.name), TRACKER];
  throw unknown(`tidemark:stages, ${pipeline}`, "stage", name, names);
}

function unknown(key: string, what: string, name: string, known: readonly string[]): MeshError {
  const near = similarTo(name, known);
  const hint = near.length > 0 ? ` Did you mean ${orWords(near)}?` : "";
  const list = known.length === 0 ? "" : ` There are: ${known.join(", ")}.`;
  return new MeshError("ERR_OPTION", `${key}: there is no ${what} "${name}".${hint}${list}`);
}
