/**
 * The order of a query's results.
 *
 * Owns: the orders that a query implies beside those it names, and comparing rows by them.
 * Does not own: the order of values (../value-order.ts).
 *
 * R1. Every query's order is total: it ends with the document's name, in the last named direction.
 * R2. Fields with an inequality that no order names are added before it, in the order of their names.
 */
import type { StoredDocument } from "../collection.ts";
import { type FieldPath, getField, namePath, parseFieldPath } from "../field-path.ts";
import { compareUtf8 } from "../names.ts";
import { compareValues } from "../value-order.ts";
import type { StructuredQuery, Value } from "../wire.ts";

/** One order: a field and a direction. */
export interface Order {
  /** The field path as written. */
  readonly text: string;
  readonly path: FieldPath;
  readonly descending: boolean;
}

/** A document with the values that it is ordered by. */
export interface Row {
  readonly document: StoredDocument;
  readonly keys: readonly Value[];
}

/** Returns all orders of a query, the implied ones too. @throws INVALID_ARGUMENT */
export function ordersOf(query: StructuredQuery, inequalityFields: readonly string[]): Order[] {
  const orders = (query.orderBy ?? []).map((order) =>
    orderOf(order.field?.fieldPath ?? "", order.direction === "DESCENDING"),
  );
  const descending = orders.at(-1)?.descending ?? false;
  const named = new Set(orders.map((order) => order.text));
  if (named.has(namePath)) return orders;
  for (const field of [...new Set(inequalityFields)].sort(compareUtf8)) {
    if (!named.has(field) && field !== namePath) orders.push(orderOf(field, descending));
  }
  orders.push(orderOf(namePath, descending));
  return orders;
}

function orderOf(text: string, descending: boolean): Order {
  return { text, path: parseFieldPath(text), descending };
}

/** Returns the value of a field as queries see it; the document's name is a reference. */
export function queriedValue(document: StoredDocument, path: FieldPath): Value | undefined {
  if (path.length === 1 && path[0] === namePath) {
    return { valueType: "referenceValue", referenceValue: document.name };
  }
  return getField(document.fields, path);
}

/** Returns the row of a document; none when it lacks a field that the query orders by. */
export function rowOf(document: StoredDocument, orders: readonly Order[]): Row | undefined {
  const keys: Value[] = [];
  for (const order of orders) {
    const key = queriedValue(document, order.path);
    if (key === undefined) return undefined;
    keys.push(key);
  }
  return { document, keys };
}

/** Returns the order of a row against some leading values. */
export function compareKeys(
  keys: readonly Value[],
  others: readonly Value[],
  orders: readonly Order[],
): number {
  const length = Math.min(keys.length, others.length);
  for (let i = 0; i < length; i++) {
    const order = compareValues(keys[i] as Value, others[i] as Value);
    if (order !== 0) return orders[i]?.descending ? -order : order;
  }
  return 0;
}
