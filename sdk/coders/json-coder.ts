/**
 * The default coder: any value that is data.
 *
 * Owns: which values cross an edge when no other coder is given. The walks are in json-encode.ts
 * and json-decode.ts.
 *
 * Lossless for null, booleans, numbers (NaN, ±Infinity and -0 too), strings, undefined, bigint,
 * Date, Uint8Array, Map, Set, arrays and plain objects (without a prototype too). As in JSON,
 * fields that are named by a symbol or not enumerable don't cross, and a hole in an array comes
 * back as undefined.
 */
import type { Coder, Json } from "./coder.ts";
import { encodeFault } from "./encode-fault.ts";
import { decodeJson } from "./json-decode.ts";
import { encodeJson, Unencodable } from "./json-encode.ts";

/**
 * The coder of every edge for which no other is given.
 *
 * `encode` returns a value that is JSON already as it is, so that it costs a walk and no copy: don't
 * change the value before the result was written.
 *
 * @throws ERR_ENCODE for functions, symbols, class instances and cycles, with the path in the value
 * @throws ERR_DECODE for data with a tag that no encode wrote
 * @example anyCoder.decode(anyCoder.encode({ at: new Date(0) })) // { at: new Date(0) }
 */
export const anyCoder: Coder<unknown> = {
  name: "any",
  encode(value: unknown): Json {
    try {
      return encodeJson(value);
    } catch (e) {
      if (e instanceof Unencodable) throw encodeFault(value);
      throw e;
    }
  },
  decode: (json: Json): unknown => decodeJson(json),
};
