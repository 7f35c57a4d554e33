/** The coder of a set of texts. */
import type { Coder, Json } from "../../coders/coder.ts";
import { MeshError } from "../../model/errors.ts";

/** Sets of texts, as lists. */
export const textSetCoder: Coder<Set<string>> = {
  name: "textSet",
  encode: (texts) => [...texts],
  decode(json: Json) {
    if (Array.isArray(json)) return new Set(json as string[]);
    throw new MeshError("ERR_DECODE", "A list of the texts of keys was expected.");
  },
};
