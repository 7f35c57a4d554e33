/** validate: elements that match a schema; others become dead letters. */
import type { PCollection } from "../pcollection.ts";
import type { Composite } from "../transforms/composite.ts";
import { checkBy, type Schema } from "./schema.ts";

/**
 * What a schema makes of each element. One that does not match becomes a dead letter with ERR_SCHEMA,
 * which names the transform, the paths and what is wrong there; the rest goes on.
 *
 * @param schema - of zod, valibot, arktype or any other library of Standard Schema; synchronous
 * @throws ERR_UNSUPPORTED if the schema is asynchronous
 * @example const orders = raw.apply("Orders", validate(z.object({ id: z.string(), cents: z.int() })))
 * @see https://standardschema.dev
 */
export function validate<T>(schema: Schema<T>): Composite<unknown, T> {
  const check = checkBy(schema);
  return (input) =>
    input.within("validate", () => {
      const valid: PCollection<T> = input.map((element) => check(element, what));
      const what = `${valid.name}: an element`;
      return valid;
    });
}
