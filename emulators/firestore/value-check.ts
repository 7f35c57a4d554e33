/**
 * What a value must be like to be stored.
 *
 * Owns: the rules on incoming values, and the form they are stored in (timestamps in whole
 * microseconds, no value holding on to a much larger request). Does not own: names and sizes.
 *
 * V1. A checked value is never changed again: stored documents share it.
 */
import { invalidArgument } from "./errors.ts";
import { fieldPathBytesMax, fieldValueBytesMax, nestingDepthMax } from "./limits.ts";
import { truncateTimestamp } from "./time.ts";
import { isVector } from "./value-order.ts";
import { valueBytes } from "./value-size.ts";
import type { Fields, Value } from "./wire.ts";

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);
const reservedName = /^__.*__$/s;
/** A bytes value smaller than a fourth of the buffer it lies in is copied out of it. */
const sharedBufferRatioMax = 4;

/** Checks a document's fields and brings them into their stored form. @throws INVALID_ARGUMENT */
export function checkFields(fields: Fields): void {
  checkMap(fields, 0);
  for (const name of Object.keys(fields)) {
    const bytes = valueBytes(fields[name] as Value);
    if (bytes > fieldValueBytesMax) {
      throw invalidArgument(
        `The value of property "${name}" is longer than ${fieldValueBytesMax} bytes.`,
      );
    }
  }
}

/** Checks one value and brings it into its stored form. @throws INVALID_ARGUMENT */
export function checkValue(value: Value, depth = 0): void {
  switch (value.valueType) {
    case "integerValue":
      checkInteger(value.integerValue);
      return;
    case "timestampValue":
      value.timestampValue = truncateTimestamp(value.timestampValue);
      return;
    case "bytesValue":
      value.bytesValue = detached(value.bytesValue);
      return;
    case "geoPointValue":
      checkGeoPoint(value.geoPointValue);
      return;
    case "arrayValue":
      checkArray(value.arrayValue.values ?? [], depth + 1);
      return;
    case "mapValue":
      if (isVector(value)) checkVector(value);
      else checkMap(value.mapValue.fields ?? {}, depth + 1);
      return;
    case "nullValue":
    case "booleanValue":
    case "doubleValue":
    case "stringValue":
    case "referenceValue":
      return;
    default:
      throw invalidArgument("A value has no type that can be stored.");
  }
}

function checkInteger(text: string): void {
  const value = BigInt(text);
  if (value > int64Max || value < int64Min) throw invalidArgument(`${text} is no 64-bit integer.`);
}

function checkArray(values: readonly Value[], depth: number): void {
  checkDepth(depth);
  for (const value of values) {
    if (value.valueType === "arrayValue") {
      throw invalidArgument("Cannot convert an array value in an array value.");
    }
    checkValue(value, depth);
  }
}

function checkMap(fields: Fields, depth: number): void {
  checkDepth(depth);
  for (const name of Object.keys(fields)) {
    checkFieldName(name);
    checkValue(fields[name] as Value, depth);
  }
}

function checkFieldName(name: string): void {
  if (name === "") throw invalidArgument("The property.name is the empty string.");
  if (name.length * 3 > fieldPathBytesMax && Buffer.byteLength(name) > fieldPathBytesMax) {
    throw invalidArgument(`A field name is longer than ${fieldPathBytesMax} bytes.`);
  }
  if (name.startsWith("__") && reservedName.test(name)) {
    throw invalidArgument(`field name ${name} is reserved`);
  }
}

function checkDepth(depth: number): void {
  if (depth > nestingDepthMax) {
    throw invalidArgument(`A value nests deeper than ${nestingDepthMax} levels.`);
  }
}

function checkVector(value: Value): void {
  const elements = value.valueType === "mapValue" ? value.mapValue.fields?.["value"] : undefined;
  const numbers = elements?.valueType === "arrayValue" ? (elements.arrayValue.values ?? []) : [];
  const allNumbers = numbers.every(
    (number) => number.valueType === "doubleValue" || number.valueType === "integerValue",
  );
  if (numbers.length === 0 || !allNumbers) throw invalidArgument("A vector holds only numbers.");
}

function checkGeoPoint(point: { latitude?: number; longitude?: number }): void {
  const latitude = point.latitude ?? 0;
  const longitude = point.longitude ?? 0;
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) {
    throw invalidArgument(`(${latitude}, ${longitude}) is no geographical point.`);
  }
}

// A received value is a view into its whole request. A big one keeps the view, which costs nothing;
// a small one must not keep a big request in memory for as long as it is stored.
function detached(bytes: Buffer): Buffer {
  if (bytes.length * sharedBufferRatioMax >= bytes.buffer.byteLength) return bytes;
  // Not from Node's pool, which is such a shared buffer itself.
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
