/**
 * Keys: one text for all equal keys.
 *
 * Owns: when two keys are equal, the text of a key, and the hash that chooses its shard. Does not
 * own: how many shards there are (compile/) and who holds them (functions/).
 *
 * K1. Equal keys give equal texts, and different keys different texts. Keys are equal by value: the
 *     order of an object's fields does not count, -0 equals 0, NaN equals NaN, 1 differs from "1".
 * K2. A text is well-formed Unicode, so that different keys stay different as UTF-8 bytes.
 * K3. Texts and hashes are kept in state across deploys: neither may ever change.
 */
import { MeshError } from "../model/errors.ts";
import type { Coder, Json } from "./coder.ts";
import { decodeJson } from "./json-decode.ts";
import { base64ToBytes, bytesToBase64, DEPTH_MAX, TAG, type TagName } from "./json-tags.ts";

/**
 * Returns the text of a key. Its first character says the type: `s`tring, `n`umber, `t`rue,
 * `f`alse, `z` null, `u`ndefined, big`i`nt, `d`ate, `b`ytes, `j`son for arrays and objects.
 *
 * @throws ERR_KEY for what is not equal by value: functions, symbols, class instances, Map and Set
 * @example encodeKey("SFO") // "sSFO"
 */
export function encodeKey(key: unknown): string {
  // isWellFormed: half of a surrogate pair has no UTF-8; JSON escapes it (K2).
  if (typeof key === "string") return key.isWellFormed() ? `s${key}` : `j${JSON.stringify(key)}`;
  if (typeof key === "number") return `n${key}`; // -0 gives "0", NaN "NaN".
  return encodeOther(key);
}

function encodeOther(key: unknown): string {
  if (key === null) return "z";
  if (key === undefined) return "u";
  if (typeof key === "boolean") return key ? "t" : "f";
  if (typeof key === "bigint") return `i${key}`;
  if (key instanceof Date) return `d${key.getTime()}`;
  if (key instanceof Uint8Array) return `b${bytesToBase64(key)}`;
  return `j${canonical(key, 0)}`;
}

/**
 * Returns the key of a text.
 *
 * @throws ERR_DECODE if `encodeKey` could not have written it
 * @example decodeKey("n42") // 42
 */
export function decodeKey(text: string): unknown {
  const rest = text.slice(1);
  const decode = decoders[text.charAt(0)];
  if (decode === undefined) throw notKey(text);
  try {
    return decode(rest);
  } catch (cause) {
    throw notKey(text, cause);
  }
}

const decoders: Readonly<Record<string, (rest: string) => unknown>> = {
  s: (rest) => rest,
  n: (rest) => Number(rest),
  z: () => null,
  u: () => undefined,
  t: () => true,
  f: () => false,
  i: (rest) => BigInt(rest),
  d: (rest) => new Date(Number(rest)),
  b: (rest) => base64ToBytes(rest),
  j: (rest) => decodeJson(JSON.parse(rest) as Json),
};

function notKey(text: string, cause?: unknown): MeshError {
  return new MeshError(
    "ERR_DECODE",
    `Not the text of a key: it begins with ${JSON.stringify(text.slice(0, 1))} and has ${text.length} characters.`,
    cause === undefined ? undefined : { cause },
  );
}

/** Returns JSON with sorted fields, in the tagged form that `decodeJson` reads. */
function canonical(part: unknown, depth: number): string {
  switch (typeof part) {
    case "string":
    case "boolean":
      return JSON.stringify(part);
    case "number":
      return canonicalNumber(part);
    case "undefined":
      return `{"${TAG}":"undefined"}`;
    case "bigint":
      return tag("bigint", `"${part}"`);
    case "object":
      return part === null ? "null" : canonicalObject(part, depth);
    default:
      throw noKey(`a ${typeof part}`);
  }
}

function canonicalNumber(part: number): string {
  return Number.isFinite(part) ? String(part) : tag("number", `"${part}"`);
}

function canonicalObject(part: object, depth: number): string {
  if (depth > DEPTH_MAX) throw noKey("a cycle, or nested too deep");
  const prototype: unknown = Object.getPrototypeOf(part);
  if (prototype === Object.prototype || prototype === null) {
    return canonicalFields(part as Record<string, unknown>, depth);
  }
  if (Array.isArray(part)) return `[${part.map((x) => canonical(x, depth + 1)).join(",")}]`;
  if (part instanceof Date) {
    const ms = part.getTime();
    return tag("Date", Number.isNaN(ms) ? "null" : String(ms));
  }
  if (part instanceof Uint8Array) return tag("Uint8Array", `"${bytesToBase64(part)}"`);
  throw noKey(`an instance of ${part.constructor?.name ?? "an unnamed class"}`);
}

function canonicalFields(fields: Record<string, unknown>, depth: number): string {
  const names = Object.keys(fields).sort();
  const parts = names.map((n) => `${JSON.stringify(n)}:${canonical(fields[n], depth + 1)}`);
  const text = `{${parts.join(",")}}`;
  return Object.hasOwn(fields, TAG) ? tag("object", text) : text;
}

function tag(name: TagName, v: string): string {
  return `{"${TAG}":"${name}","v":${v}}`;
}

function noKey(what: string): MeshError {
  return new MeshError(
    "ERR_KEY",
    `Not a key: ${what}. Keys are strings, numbers, booleans, null, bigint, Date, Uint8Array, and arrays and plain objects of these.`,
  );
}

/** The coder of keys: their canonical text. */
export const keyCoder: Coder<unknown> = {
  name: "key",
  encode: encodeKey,
  decode(json: Json): unknown {
    if (typeof json !== "string") throw notKey(JSON.stringify(json));
    return decodeKey(json);
  },
};

/**
 * Returns a hash of a key's text, from 0 to 2^32 - 1, the same in every process (K3): FNV-1a over
 * UTF-16 code units, then Murmur3's finalizer, without which the low bits of short keys are too
 * much alike to choose a shard by.
 *
 * @example hashKey(encodeKey("SFO")) % shards
 * @see http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function hashKey(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
