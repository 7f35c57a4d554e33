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

/** Every code, with what happens next. */
export const dispositions = {
  ERR_UNSUPPORTED: "author", // The pipeline asks for something that the mesh does not run.
  ERR_PIPELINE: "author", // The graph is not a valid pipeline.
  ERR_PIPELINE_FILE: "author", // The pipeline's file is missing, broken or exports no pipeline.
  ERR_DUPLICATE_NAME: "author", // Two transforms were given one name.
  ERR_DURATION: "author", // A duration can't be read.
  ERR_OPTION: "author", // An option or a command-line argument can't be used.
  ERR_SOURCE_MISSING: "author", // A file that the pipeline reads is not there.
  ERR_EMULATOR: "author", // An emulator or a function process did not start.
  ERR_PORT_IN_USE: "author", // A port that was asked for is taken.
  ERR_TIMESTAMP: "dead-letter", // An element's event time can't be read.
  ERR_DECODE: "dead-letter", // Bytes that came in are not what the coder expects.
  ERR_ENCODE: "dead-letter", // A value can't cross an edge.
  ERR_KEY: "dead-letter", // A key has no canonical encoding.
  ERR_ELEMENT_TOO_BIG: "dead-letter", // One element does not fit into one message or document.
  ERR_USER_CODE: "dead-letter", // The user's code threw; `cause` is what it threw.
  ERR_PLAN_MISMATCH: "retry", // A message or a bundle belongs to another plan.
  ERR_STORE_CONTENTION: "retry", // Another activation won the shard too often.
  ERR_UNAVAILABLE: "retry", // A service did not answer, or refused for now.
  ERR_INVARIANT: "retry", // An assertion failed: a fault in the mesh itself.
} as const satisfies Record<string, Disposition>;

/** The code of a MeshError. */
export type MeshErrorCode = keyof typeof dispositions;

const mark = Symbol.for("tidemark.mesh-error");

/**
 * Every error that Tidemark throws on purpose.
 *
 * @example if (isMeshError(e) && e.code === "ERR_PIPELINE") …
 */
export class MeshError extends Error {
  readonly code: MeshErrorCode;
  readonly [mark] = true;

  constructor(code: MeshErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "MeshError";
    this.code = code;
  }

  /** What the mesh does next. */
  get disposition(): Disposition {
    return dispositions[this.code];
  }
}

/** Returns whether `x` is a MeshError, also one of another copy of the SDK in the same bundle. */
export function isMeshError(x: unknown): x is MeshError {
  return typeof x === "object" && x !== null && (x as { [mark]?: unknown })[mark] === true;
}
