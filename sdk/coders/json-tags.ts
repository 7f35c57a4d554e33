/**
 * Tags: how JSON-shaped data says "this was not JSON".
 *
 * Owns: the form of a tagged value and the names of the tags. Does not own: when one is written
 * (json-encode.ts) or read (json-decode.ts).
 *
 * J1. An object with an own field `$` is a tag, always. A user's object that has such a field is
 *     wrapped in the tag `object`, so that nothing of the user's is ever taken for a tag.
 */
import type { Json } from "./coder.ts";

/** The field that makes an object a tagged value. */
export const TAG = "$";

/** What a tagged value was. */
export type TagName =
  | "undefined"
  | "number" // NaN, Infinity, -Infinity and -0, as text.
  | "bigint"
  | "Date" // Milliseconds since the epoch; null for an invalid date.
  | "Uint8Array" // Base64.
  | "Map" // Its entries.
  | "Set" // Its values.
  | "object" // A plain object that has a field `$`.
  | "nullPrototype"; // A plain object without a prototype.

/** The encoded form of `undefined`; it has no content and so may be shared. */
export const UNDEFINED_TAG: Json = Object.freeze({ [TAG]: "undefined" });

/** Returns the tagged form of a value. */
export function tagged(name: TagName, v: Json): Json {
  return { [TAG]: name, v };
}

/** How deep a value may be nested; deeper is taken for a cycle. */
export const DEPTH_MAX = 1_000;

/** Returns bytes as base64. */
export function bytesToBase64(bytes: Uint8Array): string {
  // One call for each 8 KiB: a spread of all bytes would overflow the stack.
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8_192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  }
  return btoa(binary);
}

/** Returns the bytes that `bytesToBase64` wrote. */
export function base64ToBytes(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
