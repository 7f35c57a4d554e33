/**
 * The storage size of documents, as Firestore documents it.
 *
 * Owns: the size rules. Does not own: the limits (limits.ts).
 *
 * @see https://firebase.google.com/docs/firestore/storage-size
 */
import { idsOf } from "./names.ts";
import { isVector } from "./value-order.ts";
import type { Fields, Value } from "./wire.ts";

const documentOverheadBytes = 32;
const nameOverheadBytes = 16;
const fixedBytes: Readonly<Partial<Record<Value["valueType"], number>>> = {
  nullValue: 1,
  booleanValue: 1,
  integerValue: 8,
  doubleValue: 8,
  timestampValue: 8,
  geoPointValue: 16,
};

/** Returns the size of a document: its name, its fields, and 32 bytes. */
export function documentBytes(name: string, fields: Fields): number {
  return nameBytes(name) + fieldsBytes(fields) + documentOverheadBytes;
}

/** Returns the size of a document's name: each id as a string, and 16 bytes. */
function nameBytes(name: string): number {
  let bytes = nameOverheadBytes;
  for (const id of idsOf(name)) bytes += stringBytes(id);
  return bytes;
}

/** Returns the size of a value. */
export function valueBytes(value: Value): number {
  switch (value.valueType) {
    case "stringValue":
      return stringBytes(value.stringValue);
    case "bytesValue":
      return value.bytesValue.length;
    case "referenceValue":
      return nameBytes(value.referenceValue);
    case "arrayValue":
      return arrayBytes(value.arrayValue.values ?? []);
    case "mapValue":
      return isVector(value) ? vectorBytes(value) : mapBytes(value.mapValue.fields ?? {});
    default:
      return fixedBytes[value.valueType] ?? 0;
  }
}

function stringBytes(text: string): number {
  return Buffer.byteLength(text) + 1;
}

function fieldsBytes(fields: Fields): number {
  let bytes = 0;
  for (const name of Object.keys(fields)) {
    bytes += stringBytes(name) + valueBytes(fields[name] as Value);
  }
  return bytes;
}

function arrayBytes(values: readonly Value[]): number {
  let bytes = 0;
  for (const value of values) bytes += valueBytes(value);
  return bytes;
}

// "Calculated the same way as document size": a map has the 32 bytes too.
function mapBytes(fields: Fields): number {
  return fieldsBytes(fields) + documentOverheadBytes;
}

function vectorBytes(value: Value): number {
  const elements = value.valueType === "mapValue" ? value.mapValue.fields?.["value"] : undefined;
  return elements === undefined ? 0 : valueBytes(elements);
}
