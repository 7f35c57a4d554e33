/**
 * Google clients: the part of every bundle that is the same for all functions of all authors.
 *
 * Owns: building it once, keeping it between processes, and letting bundles refer to it. Does not own:
 * the rest of a bundle (code-bundle.ts). It is nine tenths of one, and takes most of the time.
 *
 * GC1. What is kept is used only while every file that it was made of is as it was then, those that
 *      say how it is made among them, and for the same options.
 * GC2. An author's import of a client in another version than ours gets that other version.
 * GC3. An author's import of a client gets the whole of it; without one a bundle has only what functions
 *      of ours can reach (lean-clients.ts).
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type OnResolveArgs, type Plugin, version } from "esbuild";
import { ownFile } from "../sdk/model/own-file.ts";
import { inlineTasksJson } from "./inline-json.ts";
import { leanClients, withoutUncalled } from "./lean-clients.ts";

/** The packages that functions/gcp/ talks to Google with. */
const PACKAGES = [
  "@google-cloud/firestore",
  "@google-cloud/pubsub",
  "@google-cloud/tasks",
  "@grpc/grpc-js",
];

/** The variable that holds the clients in a bundle. */
const VARIABLE = "googleClients";

const root = fileURLToPath(new URL("..", import.meta.url));
/** All code of ours that imports a client. */
const adapters = join(root, "functions", "gcp", sep);
/** How the clients are built is theirs to say, too. */
const makers = [
  "google-clients.ts",
  "inline-json.ts",
  "lean-clients.ts",
  "lean-protos.ts",
  "code-bundle.ts",
].map((name) => join(root, "infra", ownFile(name)));
const cacheFolder = join(homedir(), ".cache", "tidemark", "google-clients");

/** A text that was built, and what it was made of. */
interface Kept {
  readonly text: string;
  /** By path: size and time of the last change. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** How much of the clients: all, or what functions/gcp/ can reach. */
export type Extent = "whole" | "lean";

const building = new Map<string, Promise<string>>();

/**
 * Returns a script that declares the clients; it goes before the code that refers to them.
 *
 * @param options - how all code of a function is built
 */
export function googleClients(options: BuildOptions, extent: Extent): Promise<string> {
  const how = `${version} ${root} ${extent} ${JSON.stringify(options)}`;
  const place = createHash("sha256").update(how).digest("hex").slice(0, 16);
  const known = building.get(place);
  if (known !== undefined) return known;
  const built = keptOrBuilt(options, extent, place).catch((error: unknown) => {
    building.delete(place);
    throw error;
  });
  building.set(place, built);
  return built;
}

/**
 * Returns a plugin that lets the clients' packages mean those of `googleClients`.
 *
 * @param onWhole - called when an author's code, or a package, imports one of Google's clients
 */
export function sharedGoogleClients(onWhole: () => void): Plugin {
  return {
    name: "tidemark-google-clients",
    setup(plugin) {
      const find = (path: string, from: Pick<OnResolveArgs, "resolveDir" | "kind">) =>
        plugin.resolve(path, { ...from, pluginData: VARIABLE });
      plugin.onResolve({ filter: /^@(google-cloud|grpc)\// }, async (args) => {
        const { path, pluginData, importer, resolveDir, kind } = args;
        if (pluginData === VARIABLE || !PACKAGES.includes(path)) return undefined;
        const [found, ours] = await Promise.all([
          find(path, { resolveDir, kind }),
          find(path, { resolveDir: root, kind }),
        ]);
        if (found.path !== ours.path) return undefined;
        if (!importer.startsWith(adapters)) onWhole();
        return { path, namespace: VARIABLE };
      });
      plugin.onLoad({ filter: /.*/, namespace: VARIABLE }, ({ path }) => {
        return { contents: `module.exports = ${VARIABLE}.of[${JSON.stringify(path)}]();` };
      });
    },
  };
}

async function keptOrBuilt(options: BuildOptions, extent: Extent, place: string): Promise<string> {
  const file = join(cacheFolder, `${place}.json`);
  const kept = await readKept(file);
  if (kept !== undefined) return kept.text;
  const built = await buildClients(options, extent);
  // A folder that can't be written to only costs the time of the next build.
  await keep(file, built).catch(() => {});
  return built.text;
}

async function buildClients(options: BuildOptions, extent: Extent): Promise<Kept> {
  // Functions: a client is loaded when it is first asked for.
  const members = PACKAGES.map((name) => `"${name}": () => require("${name}")`);
  const { outputFiles, metafile } = await build({
    ...options,
    stdin: { contents: `export const of = { ${members.join(", ")} };`, resolveDir: root },
    plugins:
      extent === "lean" ? [inlineTasksJson(withoutUncalled), leanClients] : [inlineTasksJson()],
    format: "iife",
    globalName: VARIABLE,
    write: false,
    metafile: true,
    absWorkingDir: root,
  });
  const paths = Object.keys(metafile.inputs).filter((path) => path !== "<stdin>");
  const inputs = await stampsOf([...makers, ...paths.map((path) => resolve(root, path))]);
  return { text: outputFiles[0]?.text ?? "", inputs };
}

/** GC1. */
async function readKept(file: string): Promise<Kept | undefined> {
  try {
    const kept = JSON.parse(await readFile(file, "utf8")) as Kept;
    const now = await stampsOf(Object.keys(kept.inputs));
    return Object.entries(kept.inputs).every(([path, stamp]) => now[path] === stamp)
      ? kept
      : undefined;
  } catch {
    return undefined; // There is none, or one of its files is gone.
  }
}

/** Takes its place at once: another process may be reading or writing it. */
async function keep(file: string, built: Kept): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(built));
  await rename(draft, file);
}

async function stampsOf(paths: readonly string[]): Promise<Record<string, string>> {
  const stamps = paths.map(async (path) => {
    const { size, mtimeMs } = await stat(path);
    return [path, `${size} ${mtimeMs}`] as const;
  });
  return Object.fromEntries(await Promise.all(stamps));
}
