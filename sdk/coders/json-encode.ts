/**
 * The way out: any value → JSON-shaped data.
 *
 * Owns: the walk that encodes. Does not own: the words of a refusal (encode-fault.ts).
 *
 * E1. A tree that is JSON already is returned as it is, without a copy; otherwise only the objects
 *     on the way to a tagged value are copied. What comes out shares its parts with the value, and
 *     neither may be changed until the other is done with.
 * E2. A value never changes by being encoded.
 */
import type { Json } from "./coder.ts";
import { bytesToBase64, DEPTH_MAX, TAG, tagged, UNDEFINED_TAG } from "./json-tags.ts";

type Fields = Record<string, unknown>;

/** Thrown where a value can't be encoded; it has no words, since the walk keeps no path. */
export class Unencodable extends Error {}

/** Returns a value as JSON-shaped data. @throws Unencodable */
export function encodeJson(value: unknown): Json {
  return encodeAt(value, 0);
}

function encodeAt(value: unknown, depth: number): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return encodeNumber(value);
    case "undefined":
      return UNDEFINED_TAG;
    case "bigint":
      return tagged("bigint", value.toString());
    case "object":
      return value === null ? null : encodeObject(value, depth);
    default:
      throw new Unencodable();
  }
}

function encodeNumber(value: number): Json {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return tagged("number", Object.is(value, -0) ? "-0" : String(value));
}

function encodeObject(value: object, depth: number): Json {
  // The walk remembers no ancestors, for that would cost each element; a cycle ends here.
  if (depth > DEPTH_MAX) throw new Unencodable();
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return encodePlain(value as Fields, depth);
  if (prototype === Array.prototype) return encodeArray(value as unknown[], depth);
  if (prototype === null) return tagged("nullPrototype", encodeFields(value as Fields, depth));
  return encodeBuiltIn(value, prototype, depth);
}

function encodePlain(fields: Fields, depth: number): Json {
  const encoded = encodeFields(fields, depth);
  return TAG in fields ? tagged("object", encoded) : encoded;
}

function encodeFields(fields: Fields, depth: number): Json {
  let copy: Fields | undefined;
  for (const name of Object.keys(fields)) {
    const field = fields[name];
    if (typeof field === "string") continue; // Most fields are, and a call costs more than this.
    const encoded = encodeAt(field, depth + 1);
    if (encoded === field) continue;
    // The spread defines fields and does not assign them, so that `__proto__` stays a field; the
    // assignment then finds an own field.
    copy ??= { ...fields };
    copy[name] = encoded;
  }
  return (copy ?? fields) as Json;
}

function encodeArray(items: readonly unknown[], depth: number): Json {
  let copy: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const encoded = encodeAt(item, depth + 1);
    if (encoded === item) continue;
    copy ??= items.slice();
    copy[i] = encoded;
  }
  return (copy ?? items) as Json;
}

function encodeBuiltIn(value: object, prototype: unknown, depth: number): Json {
  if (prototype === Date.prototype) {
    const ms = (value as Date).getTime();
    return tagged("Date", Number.isNaN(ms) ? null : ms);
  }
  if (prototype === Map.prototype) {
    return tagged("Map", encodeArray([...(value as Map<unknown, unknown>)], depth + 1));
  }
  if (prototype === Set.prototype) {
    return tagged("Set", encodeArray([...(value as Set<unknown>)], depth + 1));
  }
  // Node's Buffer is a Uint8Array too; it comes back as a plain one.
  if (value instanceof Uint8Array) return tagged("Uint8Array", bytesToBase64(value));
  throw new Unencodable();
}
