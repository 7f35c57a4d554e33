/**
 * Stored documents as the protocol shows them.
 *
 * Owns: that conversion. Does not own: the stored form (collection.ts).
 */
import type { StoredDocument } from "./collection.ts";
import { type Projection, project } from "./query/projection.ts";
import { toTimestamp } from "./time.ts";
import type { WireDocument } from "./wire.ts";

/** Returns a document with the fields that are asked for. */
export function toDocument(document: StoredDocument, projection?: Projection): WireDocument {
  return {
    name: document.name,
    fields: project(document.fields, projection),
    createTime: toTimestamp(document.createMicros),
    updateTime: toTimestamp(document.updateMicros),
  };
}
