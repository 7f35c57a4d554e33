/**
 * The methods that list: ListDocuments and ListCollectionIds.
 *
 * Owns: their requests, answers and pages. Does not own: what exists (listing.ts).
 *
 * A page token is the last name of the page before, so a page is the same whatever comes in between.
 */

import type { Database, ReadView } from "./database.ts";
import type { Databases } from "./databases.ts";
import { toDocument } from "./documents.ts";
import { invalidArgument } from "./errors.ts";
import { namePath } from "./field-path.ts";
import { pageSizeDefault } from "./limits.ts";
import { collectionIds, documentNames } from "./listing.ts";
import { checkParent, compareNames } from "./names.ts";
import { planQuery } from "./query/plan.ts";
import { type Projection, projectionOfMask } from "./query/projection.ts";
import type { UnaryMethod } from "./rpc.ts";
import type { ConsistencySelector, DocumentMask, WireDocument, WireOrder } from "./wire.ts";

interface ListDocumentsRequest extends ConsistencySelector {
  readonly parent: string;
  readonly collectionId?: string;
  readonly pageSize?: number;
  readonly pageToken?: string;
  readonly orderBy?: string;
  readonly mask?: DocumentMask | null;
  readonly showMissing?: boolean;
}

interface ListCollectionIdsRequest extends ConsistencySelector {
  readonly parent: string;
  readonly pageSize?: number;
  readonly pageToken?: string;
}

interface Page {
  readonly names: readonly string[];
  readonly nextPageToken: string;
}

/** Returns the listing methods, by their names in the protocol. */
export function listMethods(databases: Databases): Record<string, UnaryMethod> {
  return {
    ListDocuments: (request: ListDocumentsRequest) => listDocuments(databases, request),
    ListCollectionIds: (request: ListCollectionIdsRequest) => listCollections(databases, request),
  };
}

function listCollections(databases: Databases, request: ListCollectionIdsRequest): object {
  checkParent(request.parent);
  const database = databases.of(request.parent);
  const view = database.view(request);
  const ids = collectionIds(database.store, request.parent, view.readMicros);
  // Each page of collection ids is billed as one read.
  database.counts.documentReads++;
  const { names, nextPageToken } = pageOf(ids, request);
  return { collectionIds: names, nextPageToken };
}

function listDocuments(databases: Databases, request: ListDocumentsRequest): object {
  checkParent(request.parent);
  const database = databases.of(request.parent);
  const view = database.view(request);
  const { names, nextPageToken } = pageOf(listedNames(database, view, request), request);
  const projection = projectionOfMask(request.mask);
  const documents = names.map((name) => listed(database, view, name, projection));
  if (documents.length === 0) database.counts.documentReads++;
  return { documents, nextPageToken };
}

function listed(
  database: Database,
  view: ReadView,
  name: string,
  projection: Projection,
): WireDocument {
  const document = database.read(view, name);
  return document === undefined ? { name } : toDocument(document, projection);
}

function listedNames(
  database: Database,
  view: ReadView,
  request: ListDocumentsRequest,
): readonly string[] {
  const orderBy = ordersOf(request.orderBy ?? "");
  if (request.showMissing) {
    if (orderBy.length > 0) throw invalidArgument("show_missing does not go with order_by.");
    const collection = `${request.parent}/${request.collectionId}`;
    return documentNames(database.store, collection, view.readMicros);
  }
  const from = [{ collectionId: request.collectionId ?? "", allDescendants: false }];
  const { documents } = database.query(view, planQuery(request.parent, { from, orderBy }));
  return documents.map((document) => document.name);
}

/** Returns the orders of a text like `priority desc, __name__`. */
function ordersOf(text: string): WireOrder[] {
  if (text.trim() === "") return [];
  return text.split(",").map((part) => {
    const [fieldPath = namePath, direction = "asc"] = part.trim().split(/\s+/);
    const descending = direction.toLowerCase() === "desc";
    return { field: { fieldPath }, direction: descending ? "DESCENDING" : "ASCENDING" };
  });
}

function pageOf(
  names: readonly string[],
  request: { readonly pageSize?: number; readonly pageToken?: string },
): Page {
  const pageSize = request.pageSize || pageSizeDefault;
  if (pageSize < 0) throw invalidArgument("The page size is negative.");
  const start = request.pageToken ? startOf(names, request.pageToken) : 0;
  const page = names.slice(start, start + pageSize);
  const isLast = start + pageSize >= names.length;
  const last = page.at(-1) ?? "";
  return { names: page, nextPageToken: isLast ? "" : Buffer.from(last).toString("base64url") };
}

// The name of the token may be gone by now: in name order the page starts behind where it was.
function startOf(names: readonly string[], pageToken: string): number {
  const last = Buffer.from(pageToken, "base64url").toString();
  const at = names.indexOf(last);
  if (at >= 0) return at + 1;
  const next = names.findIndex((name) => compareNames(name, last) > 0);
  return next < 0 ? names.length : next;
}
