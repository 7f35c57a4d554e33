/**
 * File source: lines, JSON lines, CSV rows or a JSON array of a local file, as a splittable read.
 *
 * Owns: restrictions of files, and what a line or row means. Does not own: where lines and rows are
 * (text-lines.ts, table-rows.ts), or files in the cloud (a later connector).
 * A restriction is a range of bytes (text, NDJSON), or of rows (CSV, JSON), which are not cut.
 */
import { stat } from "node:fs/promises";
import type { FileSourceSpec, SourceSpec } from "../../sdk/io/source-spec.ts";
import {
  MAX_OFFSET,
  type OffsetRange,
  OffsetRangeTracker,
  splitOffsetRange,
} from "../../sdk/io/splittable/offset-range.ts";
import type { Claims } from "../../sdk/io/splittable/restriction-tracker.ts";
import type {
  AnySplittable,
  ReadContext,
  SplittableDoFn,
} from "../../sdk/io/splittable/splittable.ts";
import { isMeshError, MeshError } from "../../sdk/model/errors.ts";
import { csvRows, jsonRows, readRows } from "./table-rows.ts";
import { readLines } from "./text-lines.ts";

/** A part of a file is not smaller: one block, which is read at once. */
const SPLIT_BYTES_MIN = 1 << 20;

/** Returns the read of a file; undefined for another source. */
export function fileSource(spec: SourceSpec): AnySplittable | undefined {
  if (spec.type !== "file") return undefined;
  const { path, format } = spec;
  const isByLines = format === "text" || format === "ndjson";
  const read: SplittableDoFn<unknown, unknown, OffsetRange, number> = {
    name: `${format} ${path}`,
    bounded: true,
    async initialRestriction() {
      const bytes = await reading(path, async () => (await stat(path)).size);
      return { from: 0, to: isByLines ? bytes : MAX_OFFSET };
    },
    split: (range, wanted) =>
      isByLines ? splitOffsetRange(range, wanted, SPLIT_BYTES_MIN) : [range],
    newTracker: (range) => new OffsetRangeTracker(range),
    process: async (_, tracker, out) => {
      await reading(path, () => (isByLines ? giveLines : giveRows)(spec, tracker, out));
    },
  };
  return read as AnySplittable;
}

async function giveLines(
  { path, format, timestamp, decode = asItIs }: FileSourceSpec,
  tracker: Claims<OffsetRange, number>,
  out: ReadContext<unknown>,
): Promise<void> {
  const isJson = format === "ndjson";
  await readLines(path, tracker, (line) => {
    if (isJson && line.trim() === "") return;
    try {
      const value = decode(isJson ? JSON.parse(line) : line);
      if (timestamp === undefined) out.output(value);
      else out.output(value, { timestamp: timestamp(value) });
    } catch (cause) {
      out.setAside(Buffer.from(line, "utf8"), unreadable(path, cause));
    }
  });
}

async function giveRows(
  { path, format, timestamp, decode = asItIs }: FileSourceSpec,
  tracker: Claims<OffsetRange, number>,
  out: ReadContext<unknown>,
): Promise<void> {
  const setAside = (record: unknown, cause: unknown): void =>
    out.setAside(Buffer.from(JSON.stringify(record), "utf8"), unreadable(path, cause));
  await readRows(format === "csv" ? csvRows(path) : jsonRows(path), tracker, {
    take(row) {
      try {
        const value = decode(row);
        if (timestamp === undefined) out.output(value);
        else out.output(value, { timestamp: timestamp(value) });
      } catch (cause) {
        setAside(row, cause);
      }
    },
    setAside,
  });
}

/** What a record is where no schema says otherwise. */
function asItIs(record: unknown): unknown {
  return record;
}

function unreadable(path: string, cause: unknown): MeshError {
  const code = isMeshError(cause) ? cause.code : "ERR_DECODE";
  return new MeshError(code, `${path}: ${wordsOf(cause)}`, { cause });
}

/** Reads; a file that is missing is the author's to mend, another failure to read it may pass. */
async function reading<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isMeshError(cause)) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
      throw new MeshError(
        "ERR_SOURCE_MISSING",
        `No file at ${path}. Paths are relative to the folder in which the pipeline is run.`,
        { cause },
      );
    }
    throw new MeshError("ERR_UNAVAILABLE", `${path} can't be read: ${wordsOf(cause)}`, { cause });
  }
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
