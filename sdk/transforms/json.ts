/**
 * JSON: texts ↔ values.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/ParseJsons.html
 */
import { MeshError } from "../model/errors.ts";
import type { PCollection } from "../pcollection.ts";
import { checkBy, type Schema } from "../schemas/schema.ts";
import type { Composite } from "./composite.ts";

/**
 * The value of each text that is JSON, as a schema makes it where one is given. Another text becomes a
 * dead letter with ERR_DECODE, and a value that does not match with ERR_SCHEMA.
 *
 * @param schema - as in `validate`; without it the type is only claimed
 * @throws ERR_UNSUPPORTED if the schema is asynchronous
 * @example lines.apply(parseJson(z.object({ id: z.string() })))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/extensions/jackson/ParseJsons.html
 */
export function parseJson<T>(schema?: Schema<T>): Composite<string, T> {
  const check = schema === undefined ? (value: unknown) => value as T : checkBy(schema);
  return (input) =>
    input.within("parseJson", () => {
      const parsed: PCollection<T> = input.map((text) => check(parse(text, what), what));
      const what = `${parsed.name}: an element`;
      return parsed;
    });
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // Not the parser's own words, which hold some of the text.
    throw new MeshError("ERR_DECODE", `${what} of ${text.length} characters is not JSON.`, {
      cause,
    });
  }
}

/**
 * Each element as JSON text, by `JSON.stringify`. An element that has no JSON (undefined, a function,
 * a bigint, a cycle) becomes a dead letter with ERR_ENCODE.
 *
 * @example totals.apply(toJson()).write(files.text("out/totals"))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/extensions/jackson/AsJsons.html
 */
export function toJson<T>(): Composite<T, string> {
  return (input) =>
    input.within("toJson", () => {
      const texts: PCollection<string> = input.map((element) => stringify(element, what));
      const what = `${texts.name}: an element`;
      return texts;
    });
}

function stringify(element: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(element);
  } catch (cause) {
    throw new MeshError("ERR_ENCODE", `${what} has no JSON: it holds a cycle or a bigint.`, {
      cause,
    });
  }
  if (text !== undefined) return text;
  throw new MeshError("ERR_ENCODE", `${what} has no JSON: it is ${typeof element}.`);
}
