/**
 * File source: lines, JSON lines, CSV rows or a JSON array of a local file.
 *
 * Owns: reading a file in chunks. Does not own: where files lie in the cloud (a later connector).
 * A file is one split, for a line's beginning can't be told in the middle of a quoted CSV field;
 * a chunk begins at a byte offset (text, NDJSON) or at a row (CSV, JSON).
 */
import { createReadStream, existsSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { parse } from "csv-parse";
import type { Json } from "../../sdk/coders/coder.ts";
import type { FileSourceSpec, SourceSpec } from "../../sdk/io/source-spec.ts";
import { isMeshError, MeshError } from "../../sdk/model/errors.ts";
import { MIN_TIMESTAMP, toTimestamp } from "../../sdk/model/time.ts";
import type { BoundedSource, SourceChunk, SourceElement } from "../ports.ts";

/** Bytes read at once. */
const BLOCK_BYTES = 1 << 20;

/** Returns the reader of a file; undefined for another source. */
export function fileSource(spec: SourceSpec): BoundedSource | undefined {
  if (spec.type !== "file") return undefined;
  return {
    async splits(): Promise<readonly Json[]> {
      if (existsSync(spec.path)) return [spec.path];
      throw new MeshError(
        "ERR_SOURCE_MISSING",
        `No file at ${spec.path}. Paths are relative to the folder in which the pipeline is run.`,
      );
    },
    async read(_split: Json, from: Json | undefined, elementsMax: number): Promise<SourceChunk> {
      const start = (from as number | undefined) ?? 0;
      if (spec.format === "csv" || spec.format === "json")
        return readRows(spec, start, elementsMax);
      return readLines(spec, start, elementsMax);
    },
  };
}

/** Gathers elements; a record that can't be read becomes a failure, not an end. */
class Gatherer {
  readonly elements: SourceElement[] = [];
  readonly failures: { text: string; error: Error }[] = [];
  readonly #spec: FileSourceSpec;

  constructor(spec: FileSourceSpec) {
    this.#spec = spec;
  }

  get count(): number {
    return this.elements.length + this.failures.length;
  }

  add(text: string, parseText: () => unknown): void {
    const { timestamp, decode, path } = this.#spec;
    try {
      const parsed = parseText();
      const value = decode === undefined ? parsed : decode(parsed);
      const time = timestamp === undefined ? MIN_TIMESTAMP : toTimestamp(timestamp(value));
      this.elements.push({ value, timestamp: time });
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      const code = isMeshError(cause) ? cause.code : "ERR_DECODE";
      const error = new MeshError(code, `${path}: ${words}`, { cause });
      this.failures.push({ text, error });
    }
  }

  chunk(next: number | undefined): SourceChunk {
    return { elements: this.elements, failures: this.failures, next };
  }
}

async function readLines(
  spec: FileSourceSpec,
  start: number,
  elementsMax: number,
): Promise<SourceChunk> {
  const gathered = new Gatherer(spec);
  const isJson = spec.format === "ndjson";
  const add = (line: string): void => {
    const text = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (isJson && text.trim() === "") return;
    gathered.add(text, () => (isJson ? JSON.parse(text) : text));
  };
  await using file = await open(spec.path);
  let rest = Buffer.alloc(0);
  let offset = start;
  for (;;) {
    const block = Buffer.alloc(BLOCK_BYTES);
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, offset + rest.length);
    const data = Buffer.concat([rest, block.subarray(0, bytesRead)]);
    let at = 0;
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, at)) {
      add(data.toString("utf8", at, end));
      at = end + 1;
      if (gathered.count >= elementsMax) return gathered.chunk(offset + at);
    }
    rest = data.subarray(at);
    offset += at;
    if (bytesRead > 0) continue;
    if (rest.length > 0) add(rest.toString("utf8"));
    return gathered.chunk(undefined);
  }
}

async function readRows(
  spec: FileSourceSpec,
  start: number,
  elementsMax: number,
): Promise<SourceChunk> {
  const gathered = new Gatherer(spec);
  let row = 0;
  for await (const value of spec.format === "csv" ? csvRows(spec.path) : jsonRows(spec.path)) {
    if (row++ < start) continue;
    if (gathered.count >= elementsMax) return gathered.chunk(row - 1);
    gathered.add(JSON.stringify(value), () => value);
  }
  return gathered.chunk(undefined);
}

function csvRows(path: string): AsyncIterable<unknown> {
  return createReadStream(path).pipe(parse({ columns: true, bom: true, skip_empty_lines: true }));
}

async function* jsonRows(path: string): AsyncIterable<unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new MeshError("ERR_SOURCE_MISSING", `${path} is not JSON.`, { cause });
  }
  if (!Array.isArray(parsed)) {
    throw new MeshError("ERR_SOURCE_MISSING", `${path} holds no JSON array; use files.ndjson.`);
  }
  yield* parsed;
}
