/**
 * Running a query over the store.
 *
 * Owns: which documents a query returns, in which order. Does not own: what is sent of them
 * (projection.ts), locks (../database.ts).
 *
 * There is no index beside the order of the names: a query by name reads just its range, and stops
 * at its limit; any other one scans its collections. So no composite index is ever missing either.
 */
import type { Collection, DocumentEntry, IdRange, StoredDocument } from "../collection.ts";
import { type DocumentStore, documentAt } from "../document-store.ts";
import { isAfterStart, isBeforeEnd } from "./cursor.ts";
import { compareKeys, type Row, rowOf } from "./order.ts";
import { collectionInSource, type QueryPlan } from "./plan.ts";

/** What a query comes to. */
export interface QueryResult {
  readonly documents: readonly StoredDocument[];
  /** How many documents the offset skipped. */
  readonly skipped: number;
}

/**
 * Runs a query.
 *
 * @param readMicros - the time to read at; undefined means now
 */
export function runQuery(
  store: DocumentStore,
  plan: QueryPlan,
  readMicros: number | undefined,
): QueryResult {
  const inNameOrder = plan.orders.length === 1 && !plan.allDescendants && plan.collectionId !== "";
  const rows = inNameOrder
    ? candidates(store, plan, readMicros)
    : [...candidates(store, plan, readMicros)].sort((a, b) =>
        compareKeys(a.keys, b.keys, plan.orders),
      );
  return page(rows, plan);
}

/** Returns whether a document that lies in the query's collections is in its unlimited result. */
export function matchingRow(plan: QueryPlan, document: StoredDocument): Row | undefined {
  if (!plan.matches(document)) return undefined;
  const row = rowOf(document, plan.orders);
  if (row === undefined) return undefined;
  const inside =
    isAfterStart(row, plan.startAt, plan.orders) && isBeforeEnd(row, plan.endAt, plan.orders);
  return inside ? row : undefined;
}

function page(rows: Iterable<Row>, plan: QueryPlan): QueryResult {
  const documents: StoredDocument[] = [];
  let skipped = 0;
  if (plan.limit === 0) return { documents, skipped };
  for (const row of rows) {
    if (skipped < plan.offset) {
      skipped++;
      continue;
    }
    documents.push(row.document);
    if (documents.length >= plan.limit) break;
  }
  return { documents, skipped };
}

function* candidates(
  store: DocumentStore,
  plan: QueryPlan,
  readMicros: number | undefined,
): Generator<Row> {
  const descending = plan.orders[0]?.descending ?? false;
  for (const collection of sources(store, plan)) {
    const range = idRange(collection, plan);
    for (const entry of entriesOf(collection, range, descending, readMicros)) {
      const document = documentAt(entry, readMicros);
      const row = document === undefined ? undefined : matchingRow(plan, document);
      if (row !== undefined) yield row;
    }
  }
}

function entriesOf(
  collection: Collection,
  range: IdRange,
  descending: boolean,
  readMicros: number | undefined,
): Iterable<DocumentEntry> {
  return readMicros === undefined
    ? collection.live(range, descending)
    : collection.all(range, descending);
}

function* sources(store: DocumentStore, plan: QueryPlan): Generator<Collection> {
  if (!plan.allDescendants && plan.collectionId !== "") {
    const collection = store.collection(`${plan.parent}/${plan.collectionId}`);
    if (collection !== undefined) yield collection;
    return;
  }
  for (const collection of store.collections()) {
    if (collectionInSource(plan, collection.name)) yield collection;
  }
}

// A bound in another collection bounds nothing here; the filter decides about those.
function idRange(collection: Collection, plan: QueryPlan): IdRange {
  const prefix = `${collection.name}/`;
  const from = idBelow(prefix, plan.fromName);
  const to = idBelow(prefix, plan.toName);
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function idBelow(prefix: string, name: string | undefined): string | undefined {
  if (name === undefined || !name.startsWith(prefix)) return undefined;
  const id = name.slice(prefix.length);
  return id.includes("/") ? undefined : id;
}
