/**
 * Load pipeline: the author's file → its pipeline.
 *
 * Owns: importing the module afresh each time, and what is said when it throws or exports no
 * pipeline. Does not own: making it importable (author-module.ts).
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { setSourceMapsSupport } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import { orWords } from "../sdk/model/similar.ts";
import { isPipeline, type Pipeline } from "../sdk/pipeline.ts";
import { bundleAuthorModule } from "./author-module.ts";
import { findModule } from "./find-module.ts";

/** A pipeline and where it came from. */
export interface LoadedPipeline {
  readonly pipeline: Pipeline;
  /** Absolute path of the author's file. */
  readonly file: string;
  /** Absolute paths of all files of the project that it is made of. */
  readonly inputs: readonly string[];
}

/**
 * Loads the pipeline that a file exports as default, as the file is now.
 *
 * @throws ERR_PIPELINE_FILE if there is no file, it does not parse, throws, or exports no pipeline
 * @throws ERR_PIPELINE and others that building the pipeline gives, with the place in the file
 */
export async function loadPipeline(path: string): Promise<LoadedPipeline> {
  const file = findModule(path);
  const { text, inputs } = await bundleAuthorModule(file);
  return { pipeline: pickPipeline(file, await importText(file, text, inputs)), file, inputs };
}

type ModuleExports = Readonly<Record<string, unknown>>;

/** Imports a module's text. Node keeps modules by path, so each import has a path of its own. */
async function importText(
  file: string,
  text: string,
  inputs: readonly string[],
): Promise<ModuleExports> {
  setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
  const folder = await mkdtemp(join(tmpdir(), "tidemark-load-"));
  try {
    const module = join(folder, `${basename(file)}.mjs`);
    await writeFile(module, text);
    return (await import(pathToFileURL(module).href)) as ModuleExports;
  } catch (error) {
    throw loadError(file, inputs, error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function loadError(file: string, inputs: readonly string[], error: unknown): MeshError {
  const place = placeIn(inputs, error) ?? file;
  if (isMeshError(error)) {
    const isPlaced = inputs.some((input) => error.message.includes(input));
    if (isPlaced) return error;
    return new MeshError(error.code, `${place}: ${error.message}`, { cause: error });
  }
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new MeshError("ERR_PIPELINE_FILE", `${place}: the file throws while it loads.\n${words}`, {
    cause: error,
  });
}

/** Returns `file:line:column` of the innermost call in the author's files. */
function placeIn(inputs: readonly string[], error: unknown): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const line of stack.split("\n")) {
    const [, frame = ""] = /(?:\(|at (?:async )?)([^()]+:\d+:\d+)\)?$/.exec(line.trimEnd()) ?? [];
    const place = frame.replace(/^file:\/\//, "");
    if (inputs.some((input) => place.startsWith(`${input}:`))) return place;
  }
  return undefined;
}

function pickPipeline(file: string, exported: ModuleExports): Pipeline {
  const { default: standard } = exported;
  if (isPipeline(standard)) return standard;
  const named = Object.keys(exported).filter((name) => isPipeline(exported[name]));
  if (Array.isArray(standard) && standard.some(isPipeline)) {
    throw new MeshError(
      "ERR_PIPELINE_FILE",
      `${file} exports several pipelines as default. Export one: each file is one pipeline.`,
    );
  }
  if (named.length > 0) {
    const words =
      named.length === 1
        ? `exports the pipeline "${named[0]}" by name only. Write: export default ${named[0]};`
        : `exports several pipelines (${named.join(", ")}) and none as default. Export as default ${orWords(named)}, or give each a file of its own.`;
    throw new MeshError("ERR_PIPELINE_FILE", `${file} ${words}`);
  }
  const what =
    standard === undefined ? "no default export" : `as default ${describeExport(standard)}`;
  throw new MeshError(
    "ERR_PIPELINE_FILE",
    `${file} exports no pipeline (${what}). Write: export default pipeline("name", (p) => { … });`,
  );
}

function describeExport(value: unknown): string {
  if (typeof value === "function") return "a function; did you forget to call it?";
  if (value instanceof Promise) return "a promise; await it in the file";
  return value === null ? "null" : `something else, of type ${typeof value}`;
}
