/**
 * Build: the author's file → pipeline, plan and the bundles of its functions.
 *
 * Owns: where bundles lie and that they are gone in the end. Does not own: loading (load-pipeline.ts)
 * and bundling (infra/code-bundle.ts).
 *
 * BU1. Each build has a folder of its own, for processes may still start from the one before.
 */
import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { bundlePipeline, type StageBundle } from "../infra/code-bundle.ts";
import { loadPipeline } from "../infra/load-pipeline.ts";
import { compile } from "../sdk/compile/compile.ts";
import type { CompileOptions, MeshPlan } from "../sdk/compile/plan.ts";
import type { Pipeline } from "../sdk/pipeline.ts";

/** All that a local mesh needs of the author. */
export interface Build {
  readonly pipeline: Pipeline;
  readonly plan: MeshPlan;
  readonly bundles: readonly StageBundle[];
  /** Absolute paths of the project's files that it is made of. */
  readonly inputs: readonly string[];
}

/** Builds one file, again and again. */
export class Builder {
  readonly #file: string;
  readonly #compile: CompileOptions;
  readonly #folders = new Set<string>();
  #builds = 0;

  constructor(file: string, options: CompileOptions) {
    this.#file = file;
    this.#compile = options;
  }

  /**
   * Builds the file as it is now.
   *
   * @throws what loading, compiling or bundling gives
   */
  async build(): Promise<Build> {
    const { pipeline, file, inputs } = await loadPipeline(this.#file);
    const plan = compile(pipeline, this.#compile);
    const folder = resolve(
      ".tidemark",
      plan.pipeline,
      "bundles",
      `${process.pid}-${++this.#builds}`,
    );
    this.#folders.add(folder);
    return { pipeline, plan, inputs, bundles: await bundlePipeline({ file, plan, folder }) };
  }

  /** Removes all bundles, and the folders above them that are then empty. Synchronous, for exits. */
  remove(): void {
    for (const folder of this.#folders) {
      rmSync(folder, { recursive: true, force: true });
      const bundles = dirname(folder);
      for (const each of [bundles, dirname(bundles), join(bundles, "../..")]) removeIfEmpty(each);
    }
    this.#folders.clear();
  }
}

function removeIfEmpty(folder: string): void {
  try {
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  } catch {
    // It is gone already, or someone else puts something there: both are fine.
  }
}
