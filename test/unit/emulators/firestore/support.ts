/**
 * Builders for the store's tests: a clock that stands still until moved, a database, values.
 */
import { type MutableCounts, newCounts } from "../../../../emulators/firestore/counts.ts";
import {
  type CommitResult,
  Database,
  type DatabaseSettings,
} from "../../../../emulators/firestore/database.ts";
import { planQuery } from "../../../../emulators/firestore/query/plan.ts";
import type {
  ConsistencySelector,
  Fields,
  Precondition,
  StructuredQuery,
  Value,
  Write,
} from "../../../../emulators/firestore/wire.ts";
import {
  arrayValue,
  doubleValue,
  integerValue,
  mapValue,
  nullValue,
  stringValue,
} from "../../../../emulators/firestore/wire.ts";
import type { Timers } from "../../../../emulators/timers.ts";

/** Timers that a test moves by hand. */
export class FakeTimers implements Timers {
  #nowMs = 1_700_000_000_000;
  readonly #due = new Set<{ atMs: number; run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#due.add(timer);
    return () => this.#due.delete(timer);
  }

  get pendingCount(): number {
    return this.#due.size;
  }

  /** Moves time on, and runs what falls due on the way, in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = [...this.#due].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#due.delete(next);
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = endMs;
  }
}

const databaseName = "projects/p/databases/(default)";
export const root: string = `${databaseName}/documents`;

export function name(path: string): string {
  return `${root}/${path}`;
}

/** A plain value as Firestore's: numbers without a fraction become integers. */
export function value(plain: unknown): Value {
  if (plain === null) return nullValue();
  if (typeof plain === "boolean") return { valueType: "booleanValue", booleanValue: plain };
  if (typeof plain === "bigint") return integerValue(plain);
  if (typeof plain === "number") {
    return Number.isInteger(plain) ? integerValue(plain) : doubleValue(plain);
  }
  if (typeof plain === "string") return stringValue(plain);
  if (Buffer.isBuffer(plain)) return { valueType: "bytesValue", bytesValue: plain };
  if (Array.isArray(plain)) return arrayValue(plain.map(value));
  return mapValue(fields(plain as Record<string, unknown>));
}

export function fields(plain: Record<string, unknown>): Fields {
  return Object.fromEntries(Object.entries(plain).map(([key, inner]) => [key, value(inner)]));
}

export function set(
  path: string,
  plain: Record<string, unknown>,
  currentDocument?: Precondition,
): Write {
  const update = { name: name(path), fields: fields(plain) };
  return currentDocument === undefined ? { update } : { update, currentDocument };
}

export function remove(path: string, currentDocument?: Precondition): Write {
  return currentDocument === undefined
    ? { delete: name(path) }
    : { delete: name(path), currentDocument };
}

export interface World {
  readonly timers: FakeTimers;
  readonly counts: MutableCounts;
  readonly database: Database;
  commit(...writes: Write[]): Promise<CommitResult>;
  /** Commits inside a transaction. */
  commitIn(transaction: Buffer, ...writes: Write[]): Promise<CommitResult>;
  /** Returns a document's fields, or undefined. */
  read(path: string, selector?: ConsistencySelector): Fields | undefined;
  /** Returns the paths that a query of a collection gives. */
  query(collectionId: string, query?: StructuredQuery, selector?: ConsistencySelector): string[];
}

export function newWorld(settings: Partial<DatabaseSettings> = {}): World {
  const timers = new FakeTimers();
  const counts = newCounts();
  const database = new Database(databaseName, {
    timers,
    counts,
    concurrency: "pessimistic",
    lockDeadlineMs: 2_000,
    indexExemptFields: {},
    ...settings,
  });
  return {
    timers,
    counts,
    database,
    commit: (...writes) => database.commit(writes),
    commitIn: (transaction, ...writes) => database.commit(writes, transaction),
    read: (path, selector = {}) => database.read(database.view(selector), name(path))?.fields,
    query(collectionId, query = {}, selector = {}) {
      const plan = planQuery(root, { from: [{ collectionId }], ...query });
      const { documents } = database.query(database.view(selector), plan);
      return documents.map((document) => document.name.slice(root.length + 1));
    },
  };
}

/** A field filter. */
export function where(fieldPath: string, op: string, operand: Value): StructuredQuery {
  return { where: { fieldFilter: { field: { fieldPath }, op, value: operand } } };
}

export function reference(path: string): Value {
  return { valueType: "referenceValue", referenceValue: name(path) };
}
