/**
 * The order of values, within one type and across types.
 *
 * Owns: comparison and equality as queries and transforms see them.
 * Does not own: which values a filter lets through (query/filter.ts).
 *
 * O1. null < boolean < number < timestamp < string < bytes < reference < geo point < array < vector
 *     < map; NaN is the smallest number.
 * O2. Integers and doubles are compared as exact numbers: 2^53 + 1 is greater than 2^53.
 *
 * @see https://firebase.google.com/docs/firestore/manage-data/data-types#value_type_ordering
 */
import { compareNames, compareUtf8 } from "./names.ts";
import type { Fields, Timestamp, Value } from "./wire.ts";

const ranks: Readonly<Record<Value["valueType"], number>> = {
  nullValue: 0,
  booleanValue: 1,
  integerValue: 2,
  doubleValue: 2,
  timestampValue: 3,
  stringValue: 4,
  bytesValue: 5,
  referenceValue: 6,
  geoPointValue: 7,
  arrayValue: 8,
  mapValue: 10,
};
const vectorRank = 9;

/** Returns the place of a value's type in the order of types. */
export function typeRank(value: Value): number {
  return isVector(value) ? vectorRank : ranks[value.valueType];
}

/** Returns whether a value is a vector: a map with `__type__` set to `__vector__`. */
export function isVector(value: Value): boolean {
  if (value.valueType !== "mapValue") return false;
  const type = value.mapValue.fields?.["__type__"];
  return type?.valueType === "stringValue" && type.stringValue === "__vector__";
}

/** Returns whether a value is the double NaN. */
export function isNaNValue(value: Value): boolean {
  return value.valueType === "doubleValue" && Number.isNaN(value.doubleValue);
}

/** Returns whether two values are equal; integers and doubles are, when they are the same number. */
export function valuesEqual(a: Value, b: Value): boolean {
  return compareValues(a, b) === 0;
}

/** Returns the order of two values: negative, zero or positive. */
export function compareValues(a: Value, b: Value): number {
  const rank = typeRank(a);
  const other = typeRank(b);
  if (rank !== other) return rank - other;
  if (rank === vectorRank) return compareVectors(a, b);
  if (rank === ranks.integerValue) return compareNumbers(numberOf(a), numberOf(b));
  return compareSameType(a, b);
}

function compareSameType(a: Value, b: Value): number {
  switch (a.valueType) {
    case "booleanValue":
      return Number(a.booleanValue) - Number((b as typeof a).booleanValue);
    case "timestampValue":
      return compareTimestamps(a.timestampValue, (b as typeof a).timestampValue);
    case "stringValue":
      return compareUtf8(a.stringValue, (b as typeof a).stringValue);
    case "bytesValue":
      return Buffer.compare(a.bytesValue, (b as typeof a).bytesValue);
    case "referenceValue":
      return compareNames(a.referenceValue, (b as typeof a).referenceValue);
    case "geoPointValue":
      return compareGeoPoints(a.geoPointValue, (b as typeof a).geoPointValue);
    case "arrayValue":
      return compareArrays(a.arrayValue.values ?? [], (b as typeof a).arrayValue.values ?? []);
    case "mapValue":
      return compareMaps(a.mapValue.fields ?? {}, (b as typeof a).mapValue.fields ?? {});
    default:
      return 0;
  }
}

/** Returns a number value's exact number: a bigint where a double would lose digits. */
export function numberOf(value: Value): number | bigint {
  if (value.valueType === "doubleValue") return value.doubleValue;
  if (value.valueType !== "integerValue") return Number.NaN;
  const number = Number(value.integerValue);
  return Number.isSafeInteger(number) ? number : BigInt(value.integerValue);
}

// JavaScript compares a bigint with a number exactly, so no precision is lost here (O2).
function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
}

function compareTimestamps(a: Timestamp, b: Timestamp): number {
  return Number(a.seconds) - Number(b.seconds) || (a.nanos ?? 0) - (b.nanos ?? 0);
}

function compareGeoPoints(
  a: { latitude?: number; longitude?: number },
  b: { latitude?: number; longitude?: number },
): number {
  return (a.latitude ?? 0) - (b.latitude ?? 0) || (a.longitude ?? 0) - (b.longitude ?? 0);
}

function compareArrays(a: readonly Value[], b: readonly Value[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareValues(a[i] as Value, b[i] as Value);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

// A shorter vector comes first, whatever is in it.
function compareVectors(a: Value, b: Value): number {
  const x = vectorElements(a);
  const y = vectorElements(b);
  return x.length - y.length || compareArrays(x, y);
}

function vectorElements(vector: Value): readonly Value[] {
  const elements = vector.valueType === "mapValue" ? vector.mapValue.fields?.["value"] : undefined;
  return elements?.valueType === "arrayValue" ? (elements.arrayValue.values ?? []) : [];
}

function compareMaps(a: Fields, b: Fields): number {
  const x = Object.keys(a).sort(compareUtf8);
  const y = Object.keys(b).sort(compareUtf8);
  const length = Math.min(x.length, y.length);
  for (let i = 0; i < length; i++) {
    const name = x[i] as string;
    const order = compareUtf8(name, y[i] as string) || compareFields(a[name], b[name]);
    if (order !== 0) return order;
  }
  return x.length - y.length;
}

function compareFields(a: Value | undefined, b: Value | undefined): number {
  return a === undefined || b === undefined ? 0 : compareValues(a, b);
}
