/**
 * The way back: JSON-shaped data → the value that was encoded.
 *
 * Owns: the walk that decodes. Copies only what holds a tag, as the way out does.
 */
import { isMeshError, MeshError } from "../model/errors.ts";
import type { Json } from "./coder.ts";
import { base64ToBytes, TAG } from "./json-tags.ts";

type Fields = { readonly [k: string]: Json };

/** Returns the value that `encodeJson` encoded. @throws ERR_DECODE if it could not have */
export function decodeJson(json: Json): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return decodeItems(json);
  const fields = json as Fields;
  return fields[TAG] === undefined ? decodeFields(fields) : decodeTagged(fields);
}

function decodeItems(items: readonly Json[]): unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as Json;
    const decoded = decodeJson(item);
    if (decoded === item) continue;
    copy ??= items.slice();
    copy[i] = decoded;
  }
  return copy ?? (items as Json[]);
}

function decodeFields(fields: Fields): object {
  let copy: Record<string, unknown> | undefined;
  for (const name of Object.keys(fields)) {
    const field = fields[name] as Json;
    if (typeof field !== "object" || field === null) continue; // Spares most fields the call.
    const decoded = decodeJson(field);
    if (decoded === field) continue;
    copy ??= { ...fields };
    copy[name] = decoded;
  }
  return copy ?? fields;
}

const decoders: Readonly<Record<string, (v: Json) => unknown>> = {
  undefined: () => undefined,
  number: (v) => Number(text(v)),
  bigint: (v) => BigInt(text(v)),
  Date: (v) => new Date(v === null ? Number.NaN : Number(v)),
  Uint8Array: (v) => base64ToBytes(text(v)),
  Map: (v) => new Map(decodeItems(list(v)) as [unknown, unknown][]),
  Set: (v) => new Set(decodeItems(list(v))),
  object: (v) => decodeFields(object(v)),
  nullPrototype: (v) => {
    const bare: object = Object.create(null);
    // Defines each field, for `Object.assign` would run the setter of `__proto__` elsewhere.
    Object.defineProperties(bare, Object.getOwnPropertyDescriptors(decodeFields(object(v))));
    return bare;
  },
};

function decodeTagged(fields: Fields): unknown {
  const name = String(fields[TAG]);
  if (!Object.hasOwn(decoders, name)) throw notEncoded(`unknown tag "${name.slice(0, 40)}"`);
  try {
    return decoders[name]?.(fields["v"] ?? null);
  } catch (cause) {
    if (isMeshError(cause)) throw cause; // It names the innermost broken part already.
    throw notEncoded(`broken ${name}`, cause);
  }
}

function text(v: Json): string {
  if (typeof v === "string") return v;
  throw notEncoded("text expected");
}

function list(v: Json): readonly Json[] {
  if (Array.isArray(v)) return v;
  throw notEncoded("list expected");
}

function object(v: Json): Fields {
  if (typeof v === "object" && v !== null && !Array.isArray(v)) return v as Fields;
  throw notEncoded("object expected");
}

function notEncoded(what: string, cause?: unknown): MeshError {
  return new MeshError(
    "ERR_DECODE",
    `This is not what the coder "any" writes: ${what}. A field "$" is kept for the coder's tags.`,
    cause === undefined ? undefined : { cause },
  );
}
