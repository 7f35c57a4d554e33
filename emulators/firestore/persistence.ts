/**
 * Documents that survive a restart: a log of commits in a folder.
 *
 * Owns: the file. Does not own: the documents in memory (document-store.ts).
 *
 * A record is its length, its CRC-32 and its payload (V8's own serialization of the changes of one
 * commit). The file is brought down to the present documents at each start, and whenever it has grown
 * by 64 MiB and by four times what was left of it.
 *
 * G1. A commit is on file, with the operating system, before it is visible. There is no fsync: it
 *     survives the end of the process, not of the machine.
 * G2. A commit is on file as a whole or not at all: what a torn or broken record starts is dropped,
 *     with everything behind it.
 * G3. Compaction writes a second file and renames it over the first, so one of them is always whole.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import type { StoredDocument } from "./collection.ts";
import type { CommitLog } from "./database.ts";
import type { DocumentChange } from "./document-store.ts";

/** A log of commits that is open for more. */
interface OpenCommitLog extends CommitLog {
  /** Returns the present documents, the oldest first. */
  restored(): readonly StoredDocument[];
  close(): void;
}

const fileName = "firestore.log";
const headerBytes = 8;
/** The log is compacted when it has grown by so much since, and by so many times what was left. */
const compactionBytesMin = 64 * 1024 * 1024;
const growthBeforeCompaction = 4;

/** The present documents, by name; they are the store's own, not copies. */
type Documents = Map<string, StoredDocument>;

/** Opens the log in a folder, which is made if it is missing. */
export function openCommitLog(
  folder: string,
  compactionBytes: number = compactionBytesMin,
): OpenCommitLog {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, fileName);
  const documents = existsSync(path) ? replay(readFileSync(path)) : new Map();
  let compactedBytes = compact(path, documents);
  let addedBytes = 0;
  let file: number | undefined = openSync(path, "a");
  const compactIfGrown = (): void => {
    if (addedBytes < Math.max(compactionBytes, compactedBytes * growthBeforeCompaction)) return;
    compactedBytes = compact(path, documents);
    addedBytes = 0;
    if (file !== undefined) closeSync(file);
    file = openSync(path, "a");
  };
  return {
    append(changes) {
      if (file === undefined) throw new Error("The commit log is closed.");
      addedBytes += writeRecord(file, changes);
      note(documents, changes);
      compactIfGrown();
    },
    restored: () => [...documents.values()].sort((a, b) => a.updateMicros - b.updateMicros),
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

function note(documents: Documents, changes: readonly DocumentChange[]): void {
  for (const { name, document } of changes) {
    if (document === undefined) documents.delete(name);
    else documents.set(name, document);
  }
}

function replay(log: Buffer): Documents {
  const documents: Documents = new Map();
  let at = 0;
  while (at + headerBytes <= log.length) {
    const end = at + headerBytes + log.readUInt32LE(at);
    const payload = log.subarray(at + headerBytes, end);
    if (end > log.length || crc32(payload) !== log.readUInt32LE(at + 4)) break;
    note(documents, deserialize(payload) as DocumentChange[]);
    at = end;
  }
  return documents;
}

/** Writes a log of just these documents, and returns its bytes. */
function compact(path: string, documents: Documents): number {
  const newPath = `${path}.new`;
  const file = openSync(newPath, "w");
  let bytes = 0;
  for (const document of documents.values()) {
    bytes += writeRecord(file, [{ name: document.name, document }]);
  }
  fsyncSync(file);
  closeSync(file);
  renameSync(newPath, path);
  return bytes;
}

/** Writes one record, and returns its bytes. */
function writeRecord(file: number, changes: readonly DocumentChange[]): number {
  const payload = serialize(changes);
  const record = Buffer.allocUnsafe(headerBytes + payload.length);
  record.writeUInt32LE(payload.length, 0);
  record.writeUInt32LE(crc32(payload), 4);
  payload.copy(record, headerBytes);
  for (let at = 0; at < record.length; ) at += writeSync(file, record, at);
  return record.length;
}
