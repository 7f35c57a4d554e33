/** schemaCoder: the default coder, with a check when it decodes. */
import type { Coder, Json } from "../coders/coder.ts";
import { anyCoder } from "../coders/json-coder.ts";
import { checkBy, type Schema } from "./schema.ts";

/**
 * Returns a coder that checks what it decodes: for accumulators of a CombineFn of one's own, whose
 * stored form an older version of the code may have written.
 *
 * @param name - stable, part of the fingerprint that an update is checked against
 * @param schema - synchronous; must take what it gives, for what was decoded once is encoded again
 * @throws ERR_UNSUPPORTED if the schema is asynchronous
 * @throws ERR_SCHEMA, when it runs, for what does not match
 * @example const accumulatorCoder = schemaCoder("basket", z.object({ items: z.array(z.string()) }))
 * @see https://standardschema.dev
 */
export function schemaCoder<T>(name: string, schema: Schema<T>): Coder<T> {
  const check = checkBy(schema);
  return {
    name,
    encode: (value: T): Json => anyCoder.encode(value),
    decode: (json: Json): T => check(anyCoder.decode(json), `The coder "${name}": what it decodes`),
  };
}
