/**
 * File writer: the port of file sinks on the local disk.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { FileWriter } from "../ports.ts";

/** Writes files as they are named; folders on the way are made. */
export const localFiles: FileWriter = {
  async write(path, text) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  },
};
