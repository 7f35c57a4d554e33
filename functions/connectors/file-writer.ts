/**
 * File writer: the port of file sinks on the local disk.
 *
 * Owns: which failures will be there the next time too. A full disk is none of them.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { MeshError } from "../../sdk/model/errors.ts";
import type { FileWriter } from "../ports.ts";

/** Codes of Node that no second try mends: somebody must change the path or its rights first. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  "EACCES",
  "EEXIST",
  "EISDIR",
  "ENAMETOOLONG",
  "ENOENT",
  "ENOTDIR",
  "EPERM",
  "EROFS",
]);

/** Writes files as they are named; folders on the way are made. */
export const localFiles: FileWriter = {
  async write(path, text) {
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const kind = REFUSALS.has(code) ? "ERR_SINK" : "ERR_UNAVAILABLE";
      throw new MeshError(kind, `Could not write ${path}: ${message}`, { cause });
    }
  },
};
