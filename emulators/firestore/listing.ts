/**
 * Listing: the collections below a document, and the documents of a collection with the missing ones.
 *
 * Owns: what exists only because something lies below it. Does not own: pages (service-reads.ts).
 */
import type { Collection } from "./collection.ts";
import { type DocumentStore, documentAt } from "./document-store.ts";
import { compareUtf8 } from "./names.ts";

/** Returns the ids of the collections directly below a parent, in order. */
export function collectionIds(
  store: DocumentStore,
  parent: string,
  readMicros: number | undefined,
): string[] {
  return nextIds(store, `${parent}/`, readMicros);
}

/** Returns the names of a collection's documents in order, also of missing ones with descendants. */
export function documentNames(
  store: DocumentStore,
  collection: string,
  readMicros: number | undefined,
): string[] {
  const prefix = `${collection}/`;
  const ids = new Set(nextIds(store, prefix, readMicros));
  const own = store.collection(collection);
  for (const entry of own?.all({}, false) ?? []) {
    if (documentAt(entry, readMicros) !== undefined) ids.add(entry.id);
  }
  return [...ids].sort(compareUtf8).map((id) => prefix + id);
}

function nextIds(store: DocumentStore, prefix: string, readMicros: number | undefined): string[] {
  const ids = new Set<string>();
  for (const collection of store.collections()) {
    if (!collection.name.startsWith(prefix) || !hasDocuments(collection, readMicros)) continue;
    ids.add(collection.name.slice(prefix.length).split("/", 1)[0] ?? "");
  }
  return [...ids].sort(compareUtf8);
}

function hasDocuments(collection: Collection, readMicros: number | undefined): boolean {
  if (readMicros === undefined) return collection.liveCount > 0;
  for (const entry of collection.all({}, false)) {
    if (documentAt(entry, readMicros) !== undefined) return true;
  }
  return false;
}
