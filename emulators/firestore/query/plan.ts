/**
 * A structured query, checked and made ready to run many times.
 *
 * Owns: reading the query. Does not own: running it (run.ts).
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import type { StoredDocument } from "../collection.ts";
import { invalidArgument } from "../errors.ts";
import { namePath } from "../field-path.ts";
import { checkId, checkParent, compareNames } from "../names.ts";
import type { StructuredQuery, Value } from "../wire.ts";
import { type Cursor, cursorOf } from "./cursor.ts";
import {
  compileFilter,
  inequalityFields,
  type NameBound,
  nameBounds,
  type Predicate,
} from "./filter.ts";
import { type Order, ordersOf } from "./order.ts";
import { type Projection, projectionOfSelect } from "./projection.ts";

/** A query that is ready to run. */
export interface QueryPlan {
  /** The parent document's name, or `…/documents`. */
  readonly parent: string;
  /** Empty: collections of any id. */
  readonly collectionId: string;
  readonly allDescendants: boolean;
  readonly matches: Predicate;
  readonly orders: readonly Order[];
  readonly startAt: Cursor | undefined;
  readonly endAt: Cursor | undefined;
  readonly offset: number;
  readonly limit: number;
  readonly projection: Projection;
  /** The first and the last name that a result can have. */
  readonly fromName: string | undefined;
  readonly toName: string | undefined;
}

/** Returns the plan of a query below a parent. @throws INVALID_ARGUMENT, UNIMPLEMENTED */
export function planQuery(parent: string, query: StructuredQuery): QueryPlan {
  checkParent(parent);
  if (query.findNearest) throw new StatusError(status.UNIMPLEMENTED, "findNearest");
  const from = query.from ?? [];
  if (from.length > 1) throw invalidArgument("A query has more than one collection selector.");
  const collectionId = from[0]?.collectionId ?? "";
  const allDescendants = from[0]?.allDescendants ?? from.length === 0;
  if (collectionId !== "") checkId(collectionId, "Collection");
  const orders = ordersOf(query, inequalityFields(query.where));
  const startAt = cursorOf(query.startAt, orders, true);
  const endAt = cursorOf(query.endAt, orders, false);
  return {
    parent,
    collectionId,
    allDescendants,
    matches: compileFilter(query.where),
    orders,
    startAt,
    endAt,
    offset: count(query.offset, "offset") ?? 0,
    limit: query.limit ? (count(query.limit.value, "limit") ?? 0) : Number.POSITIVE_INFINITY,
    projection: projectionOfSelect(query.select),
    ...nameRange(query, orders, startAt, endAt),
  };
}

/** Returns whether a document lies in the collections that a query looks at. */
export function inSource(plan: QueryPlan, document: Pick<StoredDocument, "name">): boolean {
  const collection = document.name.slice(0, document.name.lastIndexOf("/"));
  return collectionInSource(plan, collection);
}

/** Returns whether a query looks at the collection of this name. */
export function collectionInSource(plan: QueryPlan, collection: string): boolean {
  const slash = collection.lastIndexOf("/");
  if (plan.collectionId !== "" && collection.slice(slash + 1) !== plan.collectionId) return false;
  if (!plan.allDescendants) return collection.slice(0, slash) === plan.parent;
  return collection.startsWith(`${plan.parent}/`);
}

function count(value: number | undefined, what: string): number | undefined {
  if (value !== undefined && value < 0) throw invalidArgument(`The ${what} is negative.`);
  return value;
}

// The bounds only spare work: filter and cursors still decide, so both ends are taken inclusively.
function nameRange(
  query: StructuredQuery,
  orders: readonly Order[],
  startAt: Cursor | undefined,
  endAt: Cursor | undefined,
): Pick<QueryPlan, "fromName" | "toName"> {
  const bounds = nameBounds(query.where);
  const first = orders[0];
  if (first?.text === namePath) {
    const start = referenceOf(startAt?.values[0]);
    const end = referenceOf(endAt?.values[0]);
    const [low, high] = first.descending ? [end, start] : [start, end];
    if (low !== undefined) bounds.push({ end: "from", name: low });
    if (high !== undefined) bounds.push({ end: "to", name: high });
  }
  return { fromName: tightest(bounds, "from"), toName: tightest(bounds, "to") };
}

function tightest(bounds: readonly NameBound[], end: NameBound["end"]): string | undefined {
  const sign = end === "from" ? 1 : -1;
  return bounds
    .filter((bound) => bound.end === end)
    .map((bound) => bound.name)
    .sort((a, b) => compareNames(a, b) * -sign)[0];
}

function referenceOf(value: Value | undefined): string | undefined {
  return value?.valueType === "referenceValue" ? value.referenceValue : undefined;
}
