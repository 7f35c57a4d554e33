/**
 * Which fields of a document an answer has.
 *
 * Owns: masks and projections. Does not own: field paths (../field-path.ts).
 */
import { type FieldPath, getField, namePath, parseFieldPath, withField } from "../field-path.ts";
import type { DocumentMask, Fields, StructuredQuery } from "../wire.ts";

/** The fields to return; undefined means all of them. */
export type Projection = readonly FieldPath[] | undefined;

/** Returns the projection of a mask; a mask without a path leaves no field. */
export function projectionOfMask(mask: DocumentMask | null | undefined): Projection {
  return mask ? (mask.fieldPaths ?? []).map(parseFieldPath) : undefined;
}

/** Returns the projection of a query's `select`; one without a field means all of them. */
export function projectionOfSelect(select: StructuredQuery["select"]): Projection {
  if (!select?.fields || select.fields.length === 0) return undefined;
  return select.fields.map((field) => parseFieldPath(field.fieldPath ?? ""));
}

/** Returns the fields that are asked for; `__name__` alone leaves none. */
export function project(fields: Fields, projection: Projection): Fields {
  if (projection === undefined) return fields;
  let projected: Fields = {};
  for (const path of projection) {
    if (path[0] === namePath) continue;
    const value = getField(fields, path);
    if (value !== undefined) projected = withField(projected, path, value);
  }
  return projected;
}
