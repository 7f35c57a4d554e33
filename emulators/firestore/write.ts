/**
 * What the writes of one commit do to the documents.
 *
 * Owns: the meaning of update, delete and transform, in order, over the state before the commit; and
 * the limits of what they leave. Does not own: making it visible (document-store.ts), locks.
 *
 * W1. Nothing is stored here: a commit whose last write fails has done nothing.
 * W2. Each write, and its precondition, sees the documents as the earlier writes of the commit left
 *     them. Two creates of one document in one commit are refused (INVALID_ARGUMENT), as by Google.
 * W3. A write that changes nothing keeps the update time (google/firestore/v1/write.proto: "If the
 *     write did not actually change the document, this will be the previous update_time").
 */
import { isDeepStrictEqual } from "node:util";
import type { StoredDocument } from "./collection.ts";
import type { DocumentChange } from "./document-store.ts";
import { invalidArgument } from "./errors.ts";
import { getField, namePath, parseFieldPath, withField } from "./field-path.ts";
import { type IndexExemptFields, indexEntries } from "./index-entries.ts";
import { documentBytesMax, indexEntriesMax, transformsMax } from "./limits.ts";
import { type DocumentName, parseDocumentName } from "./names.ts";
import { checkPrecondition } from "./preconditions.ts";
import { toTimestamp } from "./time.ts";
import { applyTransforms } from "./transforms.ts";
import { checkFields } from "./value-check.ts";
import { documentBytes } from "./value-size.ts";
import type { DocumentMask, Fields, FieldTransform, Value, Write, WriteResult } from "./wire.ts";

/** A write, checked, with its document's name taken apart. */
export interface CheckedWrite {
  readonly name: DocumentName;
  readonly write: Write;
  readonly transforms: readonly FieldTransform[];
  readonly isDelete: boolean;
}

/** What the writes of a commit come to. */
interface Outcome {
  readonly changes: readonly DocumentChange[];
  readonly results: readonly WriteResult[];
  /** Bytes of all documents as written, for the counters. */
  readonly writtenBytes: number;
}

/** What the writes of a commit are worked out from. */
interface WriteContext {
  readonly commitMicros: number;
  readonly exempt: IndexExemptFields;
  /** Returns a document as it is before the commit. */
  readonly stored: (name: string) => StoredDocument | undefined;
}

/** Returns the write with what can be checked without the documents checked. @throws INVALID_ARGUMENT */
export function checkWrite(write: Write, database: string): CheckedWrite {
  const full = write.update?.name ?? write.transform?.document ?? write.delete;
  if (full === undefined || full === "") throw invalidArgument("empty write operation");
  const name = parseDocumentName(full);
  if (name.database !== database) {
    throw invalidArgument(`Document "${full.slice(0, 200)}" is not in database "${database}".`);
  }
  if (write.update?.fields !== undefined) checkFields(write.update.fields);
  const transforms = write.transform?.fieldTransforms ?? write.updateTransforms ?? [];
  const isDelete = !write.update && !write.transform;
  return { name, write, transforms, isDelete };
}

/** Returns what the writes come to. @throws the status of the first write that fails */
export function runWrites(writes: readonly CheckedWrite[], context: WriteContext): Outcome {
  const staged = new Map<string, StoredDocument | undefined>();
  const transformCounts = new Map<string, number>();
  const created = new Set<string>();
  const results: WriteResult[] = [];
  let writtenBytes = 0;
  for (const checked of writes) {
    const name = checked.name.full;
    checkCreatedOnce(checked, created);
    checkTransformCount(name, checked.transforms.length, transformCounts);
    const before = staged.has(name) ? staged.get(name) : context.stored(name);
    checkPrecondition(name, before, checked.write.currentDocument);
    if (checked.isDelete) {
      staged.set(name, undefined);
      results.push({ transformResults: [] });
      continue;
    }
    const { document, transformResults } = updated(checked, before, context);
    staged.set(name, document);
    writtenBytes += document.documentBytes;
    results.push({ updateTime: toTimestamp(document.updateMicros), transformResults });
  }
  return { changes: changesOf(staged, context), results, writtenBytes };
}

function checkCreatedOnce(checked: CheckedWrite, created: Set<string>): void {
  if (checked.write.currentDocument?.exists !== false || checked.isDelete) return;
  if (created.has(checked.name.full)) {
    throw invalidArgument("Cannot insert then insert an entity in the same request.");
  }
  created.add(checked.name.full);
}

function checkTransformCount(name: string, added: number, counts: Map<string, number>): void {
  if (added === 0) return;
  const count = (counts.get(name) ?? 0) + added;
  counts.set(name, count);
  if (count > transformsMax) {
    throw invalidArgument(`More than ${transformsMax} field transforms for one document.`);
  }
}

function changesOf(
  staged: ReadonlyMap<string, StoredDocument | undefined>,
  context: WriteContext,
): DocumentChange[] {
  const changes: DocumentChange[] = [];
  for (const [name, document] of staged) {
    if (context.stored(name) !== document) changes.push({ name, document });
  }
  return changes;
}

function updated(
  checked: CheckedWrite,
  before: StoredDocument | undefined,
  context: WriteContext,
): { document: StoredDocument; transformResults: readonly Value[] } {
  const { name, write, transforms } = checked;
  const { commitMicros } = context;
  const base = baseFields(write, before);
  const after =
    transforms.length > 0
      ? applyTransforms(base, transforms, commitMicros)
      : { fields: base, results: [] };
  const fields = after.fields;
  if (before !== undefined && isDeepStrictEqual(before.fields, fields)) {
    return { document: before, transformResults: after.results };
  }
  // A mask or a transform can build what no single value of the request was: it may nest too deep.
  if (write.updateMask || transforms.length > 0) checkFields(fields);
  const bytes = documentBytes(name.full, fields);
  checkDocument(name, fields, bytes, context.exempt);
  const createMicros = before?.createMicros ?? commitMicros;
  const document = {
    name: name.full,
    fields,
    createMicros,
    updateMicros: commitMicros,
    documentBytes: bytes,
  };
  return { document, transformResults: after.results };
}

function baseFields(write: Write, before: StoredDocument | undefined): Fields {
  if (!write.update) return before?.fields ?? {};
  const incoming = write.update.fields ?? {};
  if (!write.updateMask) return incoming;
  return masked(before?.fields ?? {}, incoming, write.updateMask);
}

// A field that the mask names and the write does not have is deleted.
function masked(stored: Fields, incoming: Fields, mask: DocumentMask): Fields {
  let fields = stored;
  for (const text of mask.fieldPaths ?? []) {
    const path = parseFieldPath(text);
    if (path[0] === namePath) throw invalidArgument("An update mask cannot have __name__.");
    fields = withField(fields, path, getField(incoming, path));
  }
  return fields;
}

function checkDocument(
  name: DocumentName,
  fields: Fields,
  bytes: number,
  exempt: IndexExemptFields,
): void {
  if (bytes > documentBytesMax) {
    throw invalidArgument(
      `Document '${name.full}' cannot be written because its size (${bytes} bytes) exceeds the maximum allowed size of ${documentBytesMax} bytes.`,
    );
  }
  const collectionId = name.collection.slice(name.collection.lastIndexOf("/") + 1);
  const entries = indexEntries(fields, exempt[collectionId]);
  if (entries > indexEntriesMax) {
    throw invalidArgument(
      `Document '${name.full}' has ${entries} index entries, more than the maximum of ${indexEntriesMax}.`,
    );
  }
}
