/**
 * Source map paths: of which files a bundle's map tells, and under which names.
 *
 * Owns: that they are the author's and tidemark's, named from the author's project, so that a map holds
 * no path of a machine. Does not own: making the map (code-bundle.ts), its coding
 * (source-map-mappings.ts).
 *
 * Packages are left out: a map of them is many times as large, and is read into a small function's memory.
 */
import { existsSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { mappingsOf } from "./source-map-mappings.ts";

/** The parts of a source map that are used. */
interface MapJson {
  readonly version: number;
  readonly sources: readonly string[];
  readonly mappings: string;
}

/** Folders by which files are named. */
export interface MapFolders {
  /** From which a map's own paths are. */
  readonly from: string;
  /** The author's. */
  readonly project: string;
  /** Tidemark's. */
  readonly own: string;
}

/**
 * Returns a map of the author's files, named from the project, and of tidemark's as `tidemark/…`.
 *
 * @param before - text that was put before what the map is of
 */
export function projectMap(map: string, folders: MapFolders, before: string): string {
  const { version, sources, mappings } = JSON.parse(map) as MapJson;
  const kept: string[] = [];
  const numbers = sources.map((source) => {
    const name = nameOf(resolve(folders.from, source), folders);
    return name === undefined || source.includes(":") ? undefined : kept.push(name) - 1;
  });
  const own = mappingsOf(mappings, (source) => numbers[source], before);
  return JSON.stringify({ version, sources: kept, names: [], mappings: own });
}

/** Undefined for a file of a package. */
function nameOf(path: string, { project, own }: MapFolders): string | undefined {
  const ofTidemark = relative(own, path);
  const ofProject = relative(project, path);
  if (!isOutside(ofTidemark) && !isPackages(ofTidemark) && own !== project) {
    // An author's file may lie in tidemark's own folder: an example.
    return withSlashes(isOutside(ofProject) ? join("tidemark", ofTidemark) : ofProject);
  }
  if (isPackages(isOutside(ofProject) ? path : ofProject)) return undefined;
  return withSlashes(isOutside(ofProject) ? basename(path) : ofProject);
}

/** Returns the author's project: the nearest folder of a file that has a package.json. */
export function projectOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) return dirname(file);
  }
}

function isPackages(path: string): boolean {
  return path.split(sep).includes("node_modules");
}

function isOutside(path: string): boolean {
  return path.split(sep).includes("..") || /^([A-Za-z]:)?[/\\]/.test(path);
}

function withSlashes(path: string): string {
  return path.replaceAll("\\", "/");
}
