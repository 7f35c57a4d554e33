/**
 * Schemas: what an element must look like, by any library that keeps to Standard Schema.
 *
 * Owns: the check of one value and the words of ERR_SCHEMA. Does not own: where values are checked
 * (validate.ts, schema-coder.ts, io/).
 *
 * A schema must answer at once: coders and decoders do, and a check for each element that waits would
 * cost a promise for each.
 *
 * @see https://standardschema.dev
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { MeshError } from "../model/errors.ts";

/** A schema of zod, valibot, arktype or any other library of Standard Schema, that gives `T`. */
export type Schema<T> = StandardSchemaV1<unknown, T>;

/**
 * Checks a value, and returns what the schema makes of it.
 *
 * @param what - begins the error: which transform or source, and what it checks
 * @throws ERR_SCHEMA if the value does not match, with the path and the schema's words for it
 */
export type Check<T> = (value: unknown, what: string) => T;

/** Issues that an error names; what is wrong in every field needs no list of all. */
const ISSUES_MAX = 5;

/**
 * Returns the check by a schema.
 *
 * @throws ERR_UNSUPPORTED if the schema answers with a promise
 */
export function checkBy<T>(schema: Schema<T>): Check<T> {
  const { vendor, validate } = schema["~standard"];
  refuseAsync(schema);
  return (value, what) => {
    const result = validate(value);
    if (result instanceof Promise) {
      result.catch(() => {}); // Nobody awaits it.
      throw new MeshError("ERR_SCHEMA", `${what}: ${asyncWords(vendor)}`);
    }
    if (result.issues === undefined) return result.value;
    throw new MeshError(
      "ERR_SCHEMA",
      `${what} does not match its schema (${vendor}): ${describe(result.issues)}.`,
    );
  };
}

/** One that is asynchronous for every value shows it here; another only at the value. */
function refuseAsync(schema: Schema<unknown>): void {
  const { vendor, validate } = schema["~standard"];
  let result: unknown;
  try {
    result = validate(undefined);
  } catch {
    return; // A check of the author's own that takes no undefined: it will see no undefined.
  }
  if (!(result instanceof Promise)) return;
  result.catch(() => {});
  throw new MeshError("ERR_UNSUPPORTED", `A schema: ${asyncWords(vendor)}`);
}

function asyncWords(vendor: string): string {
  return `the ${vendor} schema is asynchronous. Leave the asynchronous check out, and do it in a DoFn.`;
}

function describe(issues: readonly StandardSchemaV1.Issue[]): string {
  const named = issues.slice(0, ISSUES_MAX).map(({ message, path = [] }) => {
    const words = message.trim().replace(/\.$/, "");
    return path.length === 0 ? words : `${path.map(step).join("").replace(/^\./, "")}: ${words}`;
  });
  const rest = issues.length - named.length;
  return named.join("; ") + (rest > 0 ? `; and ${rest} more` : "");
}

function step(part: PropertyKey | StandardSchemaV1.PathSegment): string {
  const key = typeof part === "object" ? part.key : part;
  if (typeof key === "number") return `[${key}]`;
  const name = String(key);
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)
    ? `.${name}`
    : `[${JSON.stringify(name)}]`;
}
