/**
 * How many automatic single-field index entries a document has.
 *
 * Owns: the count. Does not own: any index (queries scan; see query/run.ts).
 *
 * A field that is neither map nor array has an ascending and a descending entry; an array has an
 * array-contains entry for each element; a map is counted field by field; bytes and strings are cut
 * at 1,500 bytes in the index, never refused. A vector and a null count like any other field.
 *
 * @see https://firebase.google.com/docs/firestore/query-data/index-overview#automatic_indexing
 */
import { isVector } from "./value-order.ts";
import type { Fields, Value } from "./wire.ts";

/** Field paths without an index, by collection id: `{ heads: ["payload"] }`. `*` means every field. */
export type IndexExemptFields = Readonly<Record<string, readonly string[]>>;

const entriesPerField = 2;

/** Returns how many entries the fields have, without the exempt ones and all below them. */
export function indexEntries(fields: Fields, exempt: readonly string[] = []): number {
  return exempt.includes("*") ? 0 : countMap(fields, "", exempt);
}

function countMap(fields: Fields, prefix: string, exempt: readonly string[]): number {
  let entries = 0;
  for (const name of Object.keys(fields)) {
    const path = prefix + name;
    if (!exempt.includes(path)) entries += countValue(fields[name] as Value, path, exempt);
  }
  return entries;
}

function countValue(value: Value, path: string, exempt: readonly string[]): number {
  if (value.valueType === "arrayValue") return value.arrayValue.values?.length ?? 0;
  if (value.valueType === "mapValue" && !isVector(value)) {
    return countMap(value.mapValue.fields ?? {}, `${path}.`, exempt);
  }
  return entriesPerField;
}
