/**
 * Snapshot file: a snapshot in a file, gzipped.
 *
 * Owns: reading and writing the file. Does not own: its text (functions/control/snapshot-text.ts).
 */
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import {
  readSnapshotText,
  type Snapshot,
  snapshotFileText,
} from "../functions/control/snapshot-text.ts";
import { MeshError } from "../sdk/model/errors.ts";

/** Writes a snapshot into a file. */
export async function writeSnapshotFile(path: string, snapshot: Snapshot): Promise<void> {
  await writeFile(path, await promisify(gzip)(snapshotFileText(snapshot)));
}

/** Reads a snapshot from a file. @throws ERR_SNAPSHOT if it holds none, or not all of it */
export async function readSnapshotFile(path: string): Promise<Snapshot> {
  let text: string;
  try {
    text = (await promisify(gunzip)(await readFile(path))).toString("utf8");
  } catch (cause) {
    throw new MeshError("ERR_SNAPSHOT", `${path} can't be read as a snapshot.`, { cause });
  }
  return readSnapshotText(text);
}
