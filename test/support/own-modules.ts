/**
 * Own modules: the author's module as each bundle of a deploy has it, without the engine around it.
 */
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import Module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { BUNDLE_OPTIONS, tidemarkAlias } from "../../infra/code-bundle.ts";
import { withoutForeignCode } from "../../infra/foreign-code.ts";
import { sharedGoogleClients } from "../../infra/google-clients.ts";
import { loadPipeline } from "../../infra/load-pipeline.ts";
import { ownLocation } from "../../infra/own-location.ts";
import { compile } from "../../sdk/compile/compile.ts";
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { isPipeline, type Pipeline } from "../../sdk/pipeline.ts";

/** An author's project, built as for a deploy. */
export interface OwnTexts {
  readonly plan: MeshPlan;
  /** By the name of a stage, or `tracker`. */
  readonly texts: ReadonlyMap<string, string>;
  /** Why nothing could be left out. */
  readonly wholeBecause: string | undefined;
}

/** Builds a project of these files, by name; the first exports the pipeline. */
export async function ownTexts(files: Readonly<Record<string, string>>): Promise<OwnTexts> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-own-"));
  try {
    // What a project imports from packages, it has.
    await symlink(
      fileURLToPath(new URL("../../node_modules", import.meta.url)),
      join(folder, "node_modules"),
    );
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const [main = ""] = Object.keys(files);
    return await buildOf(join(folder, main));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildOf(file: string): Promise<OwnTexts> {
  const { pipeline } = await loadPipeline(file);
  const plan = compile(pipeline);
  const plugins: Plugin[] = [sharedGoogleClients(() => {}), ownLocation];
  let wholeBecause: string | undefined;
  const onWhole = (because: string): void => {
    wholeBecause = because;
  };
  const input = { file, plan, onWhole, sdk: tidemarkAlias };
  const own = await withoutForeignCode({ ...input, options: { ...BUNDLE_OPTIONS, plugins } });
  const stages = new Map(plan.stages.map(({ id, name }) => [id, name]));
  const ids = [...stages.keys(), "tracker"];
  const { outputFiles } = await build({
    ...BUNDLE_OPTIONS,
    entryPoints: ids.map((id) => ({ in: own.nameOf(id), out: id })),
    plugins: [own.plugin, ...plugins],
    outdir: tmpdir(),
    format: "cjs",
    write: false,
    alias: { ...tidemarkAlias },
  });
  const texts = outputFiles.map(({ text }, i) => {
    const id = ids[i] ?? "";
    return [stages.get(id) ?? id, text] as const;
  });
  return { plan, texts: new Map(texts), wholeBecause };
}

/** Runs what `ownTexts` gave of one bundle, as a function's process does. */
export function pipelineOf(text: string): Pipeline {
  const module = new Module("own") as Module & { _compile(text: string, name: string): void };
  module._compile(`"use strict";${text}`, "own.cjs");
  const { default: pipeline } = module.exports as { default?: unknown };
  if (!isPipeline(pipeline)) throw new Error("The text exports no pipeline.");
  return pipeline;
}
