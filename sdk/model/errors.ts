/**
 * Errors: one class, one union of codes, and what happens next for each.
 *
 * Owns: the codes and their dispositions. docs/errors.md has a heading for each code.
 */

/**
 * What the mesh does with a failure:
 * - `author`: told to the author before anything runs;
 * - `retry`: not acknowledged, so that the delivery comes again;
 * - `dead-letter`: the element is set aside with its error, the rest goes on.
 */
export type Disposition = "author" | "retry" | "dead-letter";

/** The code of a MeshError: what went wrong. */
export type MeshErrorCode =
  | "ERR_UNSUPPORTED" // The pipeline asks for something that the mesh does not run.
  | "ERR_PIPELINE" // The graph is not a valid pipeline.
  | "ERR_PIPELINE_FILE" // The pipeline's file is missing, broken or exports no pipeline.
  | "ERR_DUPLICATE_NAME" // Two transforms were given one name.
  | "ERR_DURATION" // A duration can't be read.
  | "ERR_OPTION" // An option or a command-line argument can't be used.
  | "ERR_ASSERTION" // A test's run gave what the test did not expect.
  | "ERR_SOURCE_MISSING" // A file that the pipeline reads is not there.
  | "ERR_EMULATOR" // An emulator or a function process did not start.
  | "ERR_PORT_IN_USE" // A port that was asked for is taken.
  | "ERR_TIMESTAMP" // An element's event time can't be read.
  | "ERR_DECODE" // Bytes that came in are not what the coder expects.
  | "ERR_SCHEMA" // An element does not match its schema.
  | "ERR_ENCODE" // A value can't cross an edge.
  | "ERR_KEY" // A key has no canonical encoding.
  | "ERR_ELEMENT_TOO_BIG" // One element does not fit into one message or document.
  | "ERR_USER_CODE" // The user's code threw; `cause` is what it threw.
  | "ERR_SINK" // A sink refuses what it is given, however often it is asked.
  | "ERR_PLAN_MISMATCH" // A message or a bundle belongs to another plan.
  | "ERR_UPDATE_INCOMPATIBLE" // Stored state does not fit the new plan.
  | "ERR_UPDATE_TIMEOUT" // What was on its way did not come to rest in time.
  | "ERR_SNAPSHOT" // A snapshot is not there, is not whole, or was damaged.
  | "ERR_STORE_CONTENTION" // Another activation won the shard too often.
  | "ERR_UNAUTHENTICATED" // A request has no token, or none that Google has signed for this function.
  | "ERR_FORBIDDEN" // A request's token is of an account that may not call this function.
  | "ERR_UNAVAILABLE" // A service did not answer, or refused for now.
  | "ERR_INVARIANT"; // An assertion failed: a fault in the mesh itself.

/** What happens next for each code. */
export const dispositions: Readonly<Record<MeshErrorCode, Disposition>> = {
  ERR_UNSUPPORTED: "author",
  ERR_PIPELINE: "author",
  ERR_PIPELINE_FILE: "author",
  ERR_DUPLICATE_NAME: "author",
  ERR_DURATION: "author",
  ERR_OPTION: "author",
  ERR_ASSERTION: "author",
  ERR_SOURCE_MISSING: "author",
  ERR_EMULATOR: "author",
  ERR_PORT_IN_USE: "author",
  ERR_TIMESTAMP: "dead-letter",
  ERR_DECODE: "dead-letter",
  ERR_SCHEMA: "dead-letter",
  ERR_ENCODE: "dead-letter",
  ERR_KEY: "dead-letter",
  ERR_ELEMENT_TOO_BIG: "dead-letter",
  ERR_USER_CODE: "dead-letter",
  ERR_SINK: "dead-letter",
  ERR_PLAN_MISMATCH: "retry",
  ERR_UPDATE_INCOMPATIBLE: "author",
  ERR_UPDATE_TIMEOUT: "author",
  ERR_SNAPSHOT: "author",
  ERR_STORE_CONTENTION: "retry",
  ERR_UNAUTHENTICATED: "retry",
  ERR_FORBIDDEN: "retry",
  ERR_UNAVAILABLE: "retry",
  ERR_INVARIANT: "retry",
};

const mark = Symbol.for("tidemark.mesh-error");

/**
 * Every error that Tidemark throws on purpose.
 *
 * @example if (isMeshError(e) && e.code === "ERR_PIPELINE") …
 */
export class MeshError extends Error {
  readonly code: MeshErrorCode;

  constructor(code: MeshErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "MeshError";
    Object.defineProperty(this, mark, { value: true });
    this.code = code;
  }

  /** What the mesh does next. */
  get disposition(): Disposition {
    return dispositions[this.code];
  }
}

/**
 * Returns whether `x` is a MeshError, also one of another copy of the SDK in the same bundle.
 *
 * @example if (isMeshError(e) && e.code === "ERR_PIPELINE") console.error(e.message)
 */
export function isMeshError(x: unknown): x is MeshError {
  return typeof x === "object" && x !== null && (x as { [mark]?: unknown })[mark] === true;
}
