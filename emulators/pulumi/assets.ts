/**
 * Assets: files and folders that a program uploads.
 *
 * Owns: where they are, and their hash, by which a change is seen. Does not own: what is done with
 * them (the provider).
 *
 * PA1. The hash is of names and content alone: a folder that was written again is the same.
 */
import { createHash, type Hash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { MeshError } from "../../sdk/model/errors.ts";
import { isAsset, isObject, mapValues, type Properties, type PropertyValue } from "./values.ts";

/** Returns a value whose assets have absolute paths and hashes; paths are relative to `folder`. */
export async function resolveAssets(value: PropertyValue, folder: string): Promise<PropertyValue> {
  if (isAsset(value)) return resolveAsset(value, folder);
  if (Array.isArray(value)) {
    return Promise.all(value.map((each: PropertyValue) => resolveAssets(each, folder)));
  }
  return isObject(value) ? resolveAllAssets(value, folder) : value;
}

/** Returns properties whose assets have absolute paths and hashes. */
export async function resolveAllAssets(
  properties: Properties,
  folder: string,
): Promise<Properties> {
  const names = Object.keys(properties);
  const values = await Promise.all(
    names.map((name) => resolveAssets(properties[name] ?? null, folder)),
  );
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? null]));
}

async function resolveAsset(asset: Properties, folder: string): Promise<PropertyValue> {
  const { path, text, assets } = asset;
  const hash = createHash("sha256");
  if (typeof text === "string") return { ...asset, hash: hash.update(text).digest("hex") };
  if (typeof path === "string") {
    const absolute = isAbsolute(path) ? path : join(folder, path);
    await hashPath(hash, absolute);
    return { ...asset, path: absolute, hash: hash.digest("hex") };
  }
  if (isObject(assets)) {
    const resolved = await resolveAllAssets(assets, folder);
    for (const name of Object.keys(resolved).sort()) {
      const each = resolved[name];
      hash.update(`${name}\0${isObject(each) ? String(each["hash"]) : ""}\0`);
    }
    return { ...asset, assets: mapValues(resolved, (each) => each), hash: hash.digest("hex") };
  }
  throw new MeshError(
    "ERR_OPTION",
    "An asset must be a file, a folder, a text or a list of these.",
  );
}

async function hashPath(hash: Hash, path: string): Promise<void> {
  if (!isFolder(path)) {
    hash.update(readFileSync(path));
    return;
  }
  for (const file of await filesOf(path)) {
    const content = await readFile(join(path, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
}

function isFolder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined) return found.isDirectory();
  throw new MeshError("ERR_OPTION", `The program uploads ${path}, but nothing is there.`);
}

/** Returns all files below a folder, by relative path, in one order everywhere. */
export async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
