/**
 * Resource names: of databases, documents and collections.
 *
 * Owns: taking them apart, their limits, their order. Does not own: field paths (field-path.ts).
 */
import { invalidArgument } from "./errors.ts";
import { idBytesMax, nameBytesMax, nameIdsMax } from "./limits.ts";

/** A document's name, taken apart. */
export interface DocumentName {
  /** `projects/P/databases/D/documents/a/b`. */
  readonly full: string;
  /** `projects/P/databases/D`. */
  readonly database: string;
  /** The name of the collection that it is in, from `projects` on. */
  readonly collection: string;
  /** The document's own id. */
  readonly id: string;
}

const databasePattern = /^projects\/[^/]+\/databases\/[^/]+$/;
const reservedIdPattern = /^__.*__$/s;
const documentsInfix = "/documents";

/** Returns the database that a name belongs to. @throws INVALID_ARGUMENT */
export function databaseOf(name: string): string {
  const at = name.indexOf(documentsInfix);
  const database = at < 0 ? name : name.slice(0, at);
  if (!databasePattern.test(database)) {
    throw invalidArgument(`Invalid resource name "${name.slice(0, 200)}".`);
  }
  return database;
}

/** Returns the ids of a name after `documents`, in order. */
export function idsOf(name: string): string[] {
  const at = name.indexOf(documentsInfix);
  const path = name.slice(at + documentsInfix.length + 1);
  return path === "" ? [] : path.split("/");
}

/** Checks one document or collection id. @throws INVALID_ARGUMENT */
export function checkId(id: string, what: string): void {
  if (id === "" || id === "." || id === "..") {
    throw invalidArgument(`${what} id "${id}" is not allowed.`);
  }
  if (id.includes("/")) throw invalidArgument(`${what} id contains "/".`);
  // Every UTF-16 unit is at most three bytes long, so most ids need no exact count.
  if (id.length * 3 > idBytesMax && Buffer.byteLength(id) > idBytesMax) {
    throw invalidArgument(`${what} id is longer than ${idBytesMax} bytes.`);
  }
  if (id.startsWith("__") && reservedIdPattern.test(id)) {
    throw invalidArgument(`${what} id "${id.slice(0, 100)}" is reserved.`);
  }
}

/** Returns the checked parts of a document's name. @throws INVALID_ARGUMENT */
export function parseDocumentName(full: string): DocumentName {
  const database = databaseOf(full);
  const ids = idsOf(full);
  if (ids.length === 0 || ids.length % 2 !== 0) {
    throw invalidArgument(`"${full.slice(0, 200)}" is not the name of a document.`);
  }
  checkIds(full, ids);
  const slash = full.lastIndexOf("/");
  return { full, database, collection: full.slice(0, slash), id: full.slice(slash + 1) };
}

/** Checks the parent of a collection: a document, or `…/documents` itself. @throws INVALID_ARGUMENT */
export function checkParent(parent: string): void {
  databaseOf(parent);
  const ids = idsOf(parent);
  if (!parent.includes(documentsInfix) || ids.length % 2 !== 0) {
    throw invalidArgument(`"${parent.slice(0, 200)}" is not a parent of collections.`);
  }
  checkIds(parent, ids);
}

function checkIds(full: string, ids: readonly string[]): void {
  if (ids.length > nameIdsMax) throw invalidArgument("The document's name nests too deep.");
  if (full.length * 3 > nameBytesMax && Buffer.byteLength(full) > nameBytesMax) {
    throw invalidArgument(`The document's name is longer than ${nameBytesMax} bytes.`);
  }
  ids.forEach((id, index) => {
    checkId(id, index % 2 === 0 ? "Collection" : "Document");
  });
}

/**
 * Returns the order of two strings by their UTF-8 bytes.
 *
 * It is the order of code points, and differs from JavaScript's only where a surrogate meets
 * U+E000..U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  return compareUnits(a, b, utf8Rank);
}

/** Returns the order of two document names: id by id, each by its UTF-8 bytes. */
export function compareNames(a: string, b: string): number {
  return compareUnits(a, b, nameRank);
}

function compareUnits(a: string, b: string, rank: (unit: number) => number): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

// Surrogates stand for code points above U+FFFF, so they come after every other unit.
function utf8Rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

// With "/" below everything, comparing whole names compares them id by id, a shorter id first.
function nameRank(unit: number): number {
  return unit === 0x2f ? -1 : utf8Rank(unit);
}
