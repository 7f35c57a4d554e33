/**
 * Code bundles: one self-contained file a function, by esbuild.
 *
 * Owns: what goes into a function's bundle: the user's module, the engine, and only the connectors
 * that the stage reads from. Does not own: Google's clients, the same in all bundles
 * (google-clients.ts), taking out functions of other stages (foreign-code.ts), and where bundles go
 * (resources here, processes locally).
 *
 * CB1. A bundle has no dependency to install: `index.js` and a package.json without any.
 * CB2. The same sources give the same bytes, and so the same hash.
 *      The map beside it is no part of that, and holds no path of a machine.
 * CB3. Names are not shortened: Google's clients compare constructors by name.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildFailure, type BuildOptions, build, type Plugin } from "esbuild";
import type { MeshPlan, StagePlan } from "../sdk/compile/plan.ts";
import { MeshError } from "../sdk/model/errors.ts";
import { ownFile } from "../sdk/model/own-file.ts";
import { withoutForeignCode } from "./foreign-code.ts";
import { type Extent, googleClients, sharedGoogleClients } from "./google-clients.ts";
import { ownLocation } from "./own-location.ts";
import { projectMap, projectOf } from "./source-map-paths.ts";

/** The code of one function, in a folder of its own. */
export interface StageBundle {
  /** Stage id, or `tracker`. */
  readonly name: string;
  /** Contains `index.js`, which exports `handle`, a package.json, and maybe its map `index.js.map`. */
  readonly folder: string;
  readonly bytes: number;
  /** Of the bundle's content. */
  readonly hash: string;
}

/** What is bundled. */
export interface BundleInput {
  /** Absolute path of the user's module, whose default export is the pipeline. */
  readonly file: string;
  readonly plan: MeshPlan;
  /** Where to put one folder a function. */
  readonly folder: string;
  /**
   * Leaves out what only other stages run, so that an edit changes one bundle. There is no map then: it
   * would change with every edit, and its places would be wrong behind what was left out.
   */
  readonly isDeployed?: boolean;
  /** Leaves nothing of the user's out, even where it is deployed. */
  readonly isWhole?: boolean;
  /** Told why nothing of the user's can be left out although it is deployed. */
  readonly onWhole?: (because: string) => void;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const own = (source: string): string => join(root, ownFile(source));

/** Connectors by the names that a plan gives them. */
const connectorModules: Readonly<Record<string, { readonly file: string; readonly name: string }>> =
  {
    create: { file: "functions/connectors/create-source.ts", name: "createSource" },
    file: { file: "functions/connectors/file-source.ts", name: "fileSource" },
  };

/**
 * Bundles every function of a pipeline: its stages and its tracker.
 *
 * @throws ERR_PIPELINE_FILE if the user's module can't be bundled
 */
export async function bundlePipeline(input: BundleInput): Promise<readonly StageBundle[]> {
  if (!existsSync(input.file)) {
    throw new MeshError("ERR_PIPELINE_FILE", `There is no file at ${input.file}.`);
  }
  const { clients, built } = await buildTexts(input);
  return Promise.all(
    [...built].map(([name, { text, map }]) =>
      store(name, { text: `"use strict";${clients}${text}`, map }, input.folder),
    ),
  );
}

/** Lets `import "tidemark"` mean this package, wherever the user's file lies. */
export const tidemarkAlias: Readonly<Record<string, string>> = {
  tidemark: own("sdk/index.ts"),
  "tidemark/testing": own("sdk/testing/index.ts"),
};

function stageEntry(file: string, stage: StagePlan): string {
  const lines = [
    `import pipeline from ${JSON.stringify(file)};`,
    `import { stageFunction } from ${JSON.stringify(own("functions/gcp/stage-function.ts"))};`,
  ];
  const used: string[] = [];
  for (const connector of stage.kind === "read" ? stage.connectors : []) {
    const module = connectorModules[connector];
    if (module === undefined) continue;
    lines.push(`import { ${module.name} } from ${JSON.stringify(own(module.file))};`);
    used.push(`${connector}: ${module.name}`);
  }
  const connectors = `{ ${used.join(", ")} }`;
  lines.push(
    `export const handle = stageFunction(pipeline, ${JSON.stringify(stage.id)}, ${connectors});`,
  );
  return lines.join("\n");
}

function trackerEntry(file: string): string {
  const module = own("functions/gcp/stage-function.ts");
  return [
    `import pipeline from ${JSON.stringify(file)};`,
    `import { trackerFunction } from ${JSON.stringify(module)};`,
    "export const handle = trackerFunction(pipeline);",
  ].join("\n");
}

/** What esbuild made of one entry. */
interface Built {
  text: string;
  /** Undefined where there is none. */
  map: string | undefined;
}

async function store(name: string, { text, map }: Built, parent: string): Promise<StageBundle> {
  const folder = join(parent, name);
  const manifest = `${JSON.stringify({ name, private: true, main: "index.js" })}\n`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "index.js"), text);
  if (map !== undefined) await writeFile(join(folder, "index.js.map"), map);
  await writeFile(join(folder, "package.json"), manifest);
  const hash = createHash("sha256").update(manifest).update(text).digest("hex").slice(0, 16);
  return { name, folder, bytes: Buffer.byteLength(text), hash };
}

/** How all code of a function is built. */
export const BUNDLE_OPTIONS: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node22",
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  logLevel: "silent",
};

/** One build for all entries: what they share is read and parsed once. */
async function buildTexts(
  input: BundleInput,
): Promise<{ readonly clients: string; readonly built: Map<string, Built> }> {
  const { file, plan, isDeployed = false, isWhole = false, onWhole = () => {} } = input;
  let extent: Extent = "lean";
  const shared = sharedGoogleClients(() => {
    extent = "whole";
  });
  const plugins = [shared, ownLocation];
  try {
    const own =
      isDeployed && !isWhole
        ? await withoutForeignCode({
            ...{ file, plan, onWhole, sdk: tidemarkAlias },
            options: { ...BUNDLE_OPTIONS, plugins },
          })
        : undefined;
    const authored = (name: string): string => own?.nameOf(name) ?? file;
    const entries = new Map([
      ...plan.stages.map((stage) => [stage.id, stageEntry(authored(stage.id), stage)] as const),
      ["tracker", trackerEntry(authored("tracker"))],
    ]);
    const [, { outputFiles }] = await Promise.all([
      googleClients(BUNDLE_OPTIONS, extent), // Most likely it stays so.
      build({
        ...BUNDLE_OPTIONS,
        entryPoints: [...entries.keys()].map((name) => ({ in: `entry:${name}`, out: name })),
        plugins: [virtualEntries(entries), ...(own === undefined ? [] : [own.plugin]), ...plugins],
        outdir: root,
        format: "cjs",
        write: false,
        alias: { ...tidemarkAlias },
        // Beside the bundle, which does not name it: it is read only for what was thrown.
        sourcemap: isDeployed ? false : "external",
        sourcesContent: false,
      }),
    ]);
    const clients = await googleClients(BUNDLE_OPTIONS, extent);
    const before = `"use strict";${clients}`;
    const from = resolve(root);
    const folders = { from, project: projectOf(file), own: from };
    const built = new Map<string, Built>();
    for (const { path, text } of outputFiles) {
      const name = basename(basename(path, ".map"), ".js");
      const each = built.get(name) ?? { text: "", map: undefined };
      built.set(name, each);
      if (path.endsWith(".map")) each.map = projectMap(text, folders, before);
      else each.text = text;
    }
    return { clients, built };
  } catch (cause) {
    throw new MeshError("ERR_PIPELINE_FILE", `${file} can't be bundled: ${wordsOf(cause)}`, {
      cause,
    });
  }
}

/** Entries that stand in no file. */
function virtualEntries(entries: ReadonlyMap<string, string>): Plugin {
  return {
    name: "tidemark-entries",
    setup(plugin) {
      plugin.onResolve({ filter: /^entry:/ }, ({ path }) => {
        return { path: path.slice("entry:".length), namespace: "entry" };
      });
      plugin.onLoad({ filter: /.*/, namespace: "entry" }, ({ path }) => {
        return { contents: entries.get(path) ?? "", loader: "ts", resolveDir: root };
      });
    },
  };
}

function wordsOf(cause: unknown): string {
  const errors = (cause as Partial<BuildFailure>).errors ?? [];
  const words = errors.map(({ text, location }) =>
    location === null ? text : `${location.file}:${location.line}:${location.column}: ${text}`,
  );
  return words.length > 0 ? words.join("; ") : String(cause);
}
