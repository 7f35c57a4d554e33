/**
 * Author module: the author's file and all that it imports of the project → one module to import.
 *
 * Owns: how the file is made fit to run here. Does not own: what it exports (load-pipeline.ts), and
 * the functions' own bundles (infra/code-bundle.ts).
 *
 * AM1. `tidemark` is this package, wherever the file lies.
 * AM2. Packages are left out and imported from where the file finds them, once in a process.
 * AM3. Stacks name the author's files and lines (source maps), not the bundle's.
 */
import { isBuiltin } from "node:module";
import { dirname, isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type BuildFailure, build, type Plugin } from "esbuild";
import { MeshError } from "../sdk/model/errors.ts";
import { tidemarkAlias } from "./code-bundle.ts";
import { ownLocation } from "./own-location.ts";

/** A module that can be imported from anywhere. */
export interface AuthorModule {
  readonly text: string;
  /** Absolute paths of the project's files in it: what to watch. */
  readonly inputs: readonly string[];
}

/**
 * Returns the author's file as one module.
 *
 * @throws ERR_PIPELINE_FILE with file, line and text, if it can't be read
 */
export async function bundleAuthorModule(file: string): Promise<AuthorModule> {
  try {
    const result = await build({
      entryPoints: [file],
      // Sources of the map are relative to it; nothing is written there.
      outfile: `${file}.mjs`,
      bundle: true,
      platform: "node",
      target: "node22",
      format: "esm",
      sourcemap: "inline",
      sourcesContent: false,
      sourceRoot: pathToFileURL(`${dirname(file)}/`).href,
      metafile: true,
      write: false,
      logLevel: "silent",
      absWorkingDir: dirname(file),
      plugins: [externalPackages, ownLocation],
    });
    const inputs = Object.keys(result.metafile.inputs).map((input) =>
      resolve(dirname(file), input),
    );
    return { text: result.outputFiles[0]?.text ?? "", inputs };
  } catch (cause) {
    throw new MeshError("ERR_PIPELINE_FILE", buildWords(file, cause), { cause });
  }
}

const externalPackages: Plugin = {
  name: "packages-stay-outside",
  setup(builder) {
    builder.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === externalPackages || from.kind === "entry-point") return undefined;
      if (isBuiltin(path)) return { path, external: true };
      const own = tidemarkAlias[path];
      if (own !== undefined) return { path: pathToFileURL(own).href, external: true };
      const { importer, namespace, resolveDir, kind } = from;
      const options = { importer, namespace, resolveDir, kind, pluginData: externalPackages };
      const found = await builder.resolve(path, options);
      if (found.errors.length > 0) return { errors: found.errors };
      // What a tsconfig's paths call by a name is the author's own, and is bundled.
      const isPackage = isAbsolute(found.path) && found.path.includes("/node_modules/");
      return isPackage ? { path: pathToFileURL(found.path).href, external: true } : found;
    });
  },
};

function buildWords(file: string, cause: unknown): string {
  const errors = (cause as Partial<BuildFailure>).errors ?? [];
  const words = errors.map(({ text, location }) => {
    if (location === null) return text;
    const { line, column, lineText } = location;
    const place = `${resolve(dirname(file), location.file)}:${line}:${column + 1}`;
    return `${place}: ${text}\n    ${lineText.trim()}`;
  });
  return words.length > 0 ? words.join("\n") : `${file}: ${String(cause)}`;
}
