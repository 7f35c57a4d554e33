/**
 * Compile cache: where V8's compiled code, and TypeScript without its types, is kept between starts.
 *
 * Owns: its folder and its size. Does not own: what is in it, which Node reads and writes.
 *
 * Node keeps an entry for each path, and every build has a folder of its own: without a bound the
 * entries of old builds would stay for ever.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** One folder for all programs of this package: Node keeps apart what differs. */
export const COMPILE_CACHE_FOLDER: string = join(homedir(), ".cache", "tidemark", "compile-cache");

/** More than the last few builds of every example take. */
const BYTES_MAX = 256 * 1024 * 1024;

/** Removes the oldest entries of a cache until the rest is small enough; one that is gone is no error. */
export async function pruneCompileCache(
  folder: string = COMPILE_CACHE_FOLDER,
  bytesMax: number = BYTES_MAX,
): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const entries = await Promise.all(names.map((name) => entryOf(join(folder, name))));
  const newestFirst = entries
    .filter((entry) => entry !== undefined)
    .sort((a, b) => b.changedMs - a.changedMs);
  let bytes = 0;
  const surplus = newestFirst.filter((entry) => {
    bytes += entry.bytes;
    return bytes > bytesMax;
  });
  await Promise.all(surplus.map(({ path }) => rm(path, { force: true }).catch(() => {})));
}

async function entryOf(
  path: string,
): Promise<{ path: string; bytes: number; changedMs: number } | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) return undefined;
  return { path, bytes: found.size, changedMs: found.mtimeMs };
}
