/**
 * Find module: the argument of a command → the path of the author's file.
 *
 * Owns: what is said when there is no such file. Does not own: reading it (load-pipeline.ts).
 */
import { type Dirent, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { MeshError } from "../sdk/model/errors.ts";
import { orWords, similarTo } from "../sdk/model/similar.ts";

const extensions: ReadonlySet<string> = new Set([".ts", ".mts", ".js", ".mjs"]);

/**
 * Returns the absolute path of a module.
 *
 * @throws ERR_PIPELINE_FILE if there is none, with files that may be meant
 */
export function findModule(path: string): string {
  const file = resolve(path);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() === true) return file;
  if (found?.isDirectory() === true) {
    const inside = modulesIn(file).map(shown);
    const words = inside.length === 0 ? "" : ` Did you mean ${orWords(inside.slice(0, 3))}?`;
    throw new MeshError("ERR_PIPELINE_FILE", `${path} is a folder.${words}`);
  }
  const nearby = [...new Set([...modulesIn(dirname(file)), ...modulesNear(process.cwd())])];
  const names = similarTo(stem(file), nearby.map(stem));
  const meant = names.flatMap((name) => nearby.filter((each) => stem(each) === name)).slice(0, 3);
  const words = meant.length === 0 ? "" : ` Did you mean ${orWords(meant.map(shown))}?`;
  throw new MeshError("ERR_PIPELINE_FILE", `There is no file ${path}.${words}`);
}

function stem(file: string): string {
  const name = basename(file);
  return extensions.has(extname(name)) ? name.slice(0, -extname(name).length) : name;
}

/** Returns the modules of a folder and of the folders in it. */
function modulesNear(folder: string): string[] {
  const inside = entriesOf(folder).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules",
  );
  return [...modulesIn(folder), ...inside.flatMap(({ name }) => modulesIn(join(folder, name)))];
}

function modulesIn(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => entry.isFile() && extensions.has(extname(entry.name)))
    .filter(({ name }) => !/\.(d|test)\.m?ts$/.test(name))
    .map(({ name }) => join(folder, name));
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // A folder that can't be read only has nothing to suggest.
  }
}

function shown(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith("..") ? file : path;
}
