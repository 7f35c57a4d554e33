/**
 * Files: lines, JSON lines, CSV and JSON, as sources and sinks.
 *
 * Owns: what an author says of files. Does not own: reading and writing them (emulators/, functions/).
 */
import { MeshError } from "../model/errors.ts";
import type { TimestampLike } from "../model/time.ts";
import { checkBy, type Schema } from "../schemas/schema.ts";
import type { FileSinkSpec, WriteContext } from "./sink-spec.ts";
import type { Sink, Source } from "./source.ts";
import type { FileSourceSpec } from "./source-spec.ts";

/** How lines become elements. */
export interface FileReadOptions<T> {
  /** Event time of an element, in ms since the epoch or as a Date; -∞ where left out. */
  readonly timestamp?: (element: T) => TimestampLike;
  /**
   * What a line, row or item must look like; the element is what it gives. One that does not match
   * becomes a dead letter with ERR_SCHEMA.
   *
   * @throws ERR_UNSUPPORTED if it is asynchronous
   */
  readonly schema?: Schema<T>;
}

/** How elements become lines. */
export interface FileWriteOptions<T> {
  /** What to write for an element; the element itself where left out. */
  readonly row?: (element: T, context: WriteContext) => unknown;
}

/** Options of files that can be read and written. */
export interface FileOptions<T> extends FileReadOptions<T>, FileWriteOptions<T> {}

/** Files of one format: read a path, write behind a prefix. */
export interface Files<in out T> extends Source<T>, Sink<T> {}

/**
 * Returns text files, one element a line.
 *
 * @param path - to read: a path relative to the working directory; to write: folder and beginning of
 *   the name, so that `out/words` gives `out/words-00000-of-00004.txt`
 * @throws ERR_OPTION if the path is empty
 * @example p.read(files.text("kinglear.txt")).flatMap((line) => line.split(/\s+/))
 */
function text<T = string>(path: string, options: FileOptions<T> = {}): Files<T> {
  return { source: read("text", path, options), sink: write("text", path, options) };
}

/**
 * Returns files of JSON values, one a line (NDJSON).
 *
 * @param path - as in `files.text`
 * @throws ERR_OPTION if the path is empty
 * @example p.read(files.ndjson<Flight>("flights.ndjson", { timestamp: (f) => Date.parse(f.date) }))
 * @example p.read(files.ndjson("orders.ndjson", { schema: z.object({ id: z.string() }) }))
 */
function ndjson<T>(path: string, options: FileOptions<T> = {}): Files<T> {
  return { source: read("ndjson", path, options), sink: write("ndjson", path, options) };
}

/**
 * Returns CSV files: the first line names the columns, each row is an object of texts.
 *
 * @param path - as in `files.text`
 * @throws ERR_OPTION if the path is empty
 * @example p.read(files.csv("airports.csv")).map((row) => row["iata"])
 */
function csv<T = Record<string, string>>(path: string, options: FileOptions<T> = {}): Files<T> {
  return { source: read("csv", path, options), sink: write("csv", path, options) };
}

/**
 * Returns a JSON file that holds one array, an element for each item. It can only be read.
 *
 * @param path - a path relative to the working directory
 * @throws ERR_OPTION if the path is empty
 * @example p.read(files.json<Car>("cars.json"))
 */
function json<T>(path: string, options: FileReadOptions<T> = {}): Source<T> {
  return { source: read("json", path, options) };
}

function read<T>(
  format: FileSourceSpec["format"],
  path: string,
  options: FileReadOptions<T>,
): FileSourceSpec {
  if (path.trim() === "") throw new MeshError("ERR_OPTION", `files.${format}: give a path.`);
  // A connector hands the function the elements that it made itself from the format.
  const timestamp = options.timestamp as FileSourceSpec["timestamp"];
  const spec = { type: "file", format, path, timestamp } as const;
  if (options.schema === undefined) return Object.freeze(spec);
  const check = checkBy(options.schema);
  const noun = { text: "A line", ndjson: "A line", csv: "A row", json: "An item" }[format];
  return Object.freeze({ ...spec, decode: (parsed: unknown) => check(parsed, noun) });
}

function write<T>(
  format: FileSinkSpec<T>["format"],
  prefix: string,
  options: FileWriteOptions<T>,
): FileSinkSpec<T> {
  return Object.freeze({ type: "file", format, prefix, row: options.row });
}

/**
 * Files, local ones in this version.
 *
 * @example counts.write(files.ndjson("out/counts"))
 */
export const files: {
  readonly text: typeof text;
  readonly ndjson: typeof ndjson;
  readonly csv: typeof csv;
  readonly json: typeof json;
} = { text, ndjson, csv, json };
