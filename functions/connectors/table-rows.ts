/**
 * Table rows: the rows of a CSV file, the items of a JSON array.
 *
 * Owns: which row has which number. Does not own: what a row means (file-source.ts).
 *
 * A restriction is a range of row numbers, for a row's beginning can't be told in the middle of a
 * quoted field: each call reads the file from its beginning, and passes over what is before.
 */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { type CsvError, parse } from "csv-parse";
import { MAX_OFFSET, type OffsetRange } from "../../sdk/io/splittable/offset-range.ts";
import type { Claims } from "../../sdk/io/splittable/restriction-tracker.ts";
import { MeshError } from "../../sdk/model/errors.ts";

/** A row that can't be read. */
interface BrokenRow {
  /** How many good rows stand before it. */
  readonly after: number;
  readonly record: unknown;
  readonly cause: Error;
}

/** Some rows, in their order, and broken ones among them. */
interface Batch {
  readonly rows: readonly unknown[];
  readonly broken: readonly BrokenRow[];
}

/** What is done with the rows. */
interface RowTaker {
  take(row: unknown): void;
  setAside(record: unknown, cause: Error): void;
}

/** Claims each row of a range by its number, broken ones too, and then hands it over. */
export async function readRows(
  batches: AsyncIterable<Batch>,
  tracker: Claims<OffsetRange, number>,
  taker: RowTaker,
): Promise<void> {
  const rows = new NumberedRows(tracker, taker);
  for await (const { rows: good, broken } of batches) {
    rows.broken.push(...broken);
    for (const row of good) if (!rows.hand(row)) return;
  }
  rows.end();
}

/** Rows in their order, each with its number. */
class NumberedRows {
  /** Those that were not handed over yet. */
  readonly broken: BrokenRow[] = [];
  readonly #tracker: Claims<OffsetRange, number>;
  readonly #taker: RowTaker;
  readonly #from: number;
  #number = 0;
  #good = 0;

  constructor(tracker: Claims<OffsetRange, number>, taker: RowTaker) {
    this.#tracker = tracker;
    this.#taker = taker;
    this.#from = tracker.currentRestriction().from;
  }

  /** Hands a good row over, after the broken ones before it; false: the call is at its end. */
  hand(row: unknown): boolean {
    if (this.broken.length > 0 && !this.#handBroken()) return false;
    this.#good++;
    const number = this.#number++;
    if (number < this.#from) return true;
    if (!this.#tracker.tryClaim(number)) return false;
    this.#taker.take(row);
    return true;
  }

  end(): void {
    if (this.#handBroken()) this.#tracker.tryClaim(MAX_OFFSET); // No row is left.
  }

  #handBroken(): boolean {
    for (;;) {
      const [row] = this.broken;
      if (row === undefined || row.after > this.#good) return true;
      this.broken.shift();
      const number = this.#number++;
      if (number < this.#from) continue;
      if (!this.#tracker.tryClaim(number)) return false;
      this.#taker.setAside(row.record, row.cause);
    }
  }
}

/** The rows of a CSV file, as objects by the names in its first line. */
export async function* csvRows(path: string): AsyncGenerator<Batch> {
  let rows: unknown[] = [];
  let broken: BrokenRow[] = [];
  const take = (): Batch => {
    const batch = { rows, broken };
    [rows, broken] = [[], []];
    return batch;
  };
  const parser = parse({
    columns: true,
    bom: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error !== undefined) broken.push(brokenRow(error));
      return undefined;
    },
  });
  parser.on("data", (row: unknown) => rows.push(row));
  const ended = once(parser, "end");
  ended.catch(() => {}); // Told below, where it is awaited.
  for await (const block of createReadStream(path)) {
    await new Promise((written) => parser.write(block, written));
    yield take();
  }
  parser.end();
  await ended;
  yield take();
}

function brokenRow(error: CsvError): BrokenRow {
  const { records: after, record, lines } = error as CsvError & Readonly<Record<string, unknown>>;
  return { after: Number(after), record: record ?? `line ${String(lines)}`, cause: error };
}

/**
 * The items of a JSON file that holds one array.
 *
 * @throws ERR_SOURCE_MISSING if it holds none
 */
export async function* jsonRows(path: string): AsyncGenerator<Batch> {
  let parsed: unknown;
  const text = await readFile(path, "utf8");
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new MeshError("ERR_SOURCE_MISSING", `${path} is not JSON.`, { cause });
  }
  if (!Array.isArray(parsed)) {
    throw new MeshError("ERR_SOURCE_MISSING", `${path} holds no JSON array; use files.ndjson.`);
  }
  yield { rows: parsed, broken: [] };
}
