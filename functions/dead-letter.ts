/**
 * Dead letter: an element set aside with its error.
 *
 * Owns: the form of a dead letter. Does not own: what is set aside (guarded-run.ts decides).
 *
 * A dead letter is JSON: who (pipeline, stage, shard), what went wrong (code, message, stack,
 * attempts), the element (as JSON, or base64 where it could not be decoded), and its event time.
 */
import { isMeshError } from "../sdk/model/errors.ts";
import { formatTimestamp, type Timestamp } from "../sdk/model/time.ts";

/** What was set aside, and why. */
export interface DeadLetter {
  readonly pipeline: string;
  readonly stage: string;
  readonly shard: number | undefined;
  readonly error: unknown;
  readonly attempts: number;
  /** The element, or `data` where it could not be decoded. */
  readonly element?: unknown;
  readonly data?: Uint8Array;
  readonly timestamp?: Timestamp;
  /** Source message, where there is one. */
  readonly messageId?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly atMs: number;
}

/** Returns the data of a dead letter's message. */
export function encodeDeadLetter(letter: DeadLetter): Uint8Array {
  const { error, data, timestamp, element, ...rest } = letter;
  const known = error instanceof Error ? error : new Error(String(error));
  const cause = known.cause instanceof Error ? known.cause : undefined;
  const json = {
    ...rest,
    element: data === undefined ? describable(element) : undefined,
    data: data === undefined ? undefined : Buffer.from(data).toString("base64"),
    eventTime: timestamp === undefined ? undefined : formatTimestamp(timestamp),
    error: {
      code: isMeshError(known) ? known.code : "ERR_USER_CODE",
      message: known.message,
      stack: cause?.stack ?? known.stack,
    },
  };
  return Buffer.from(JSON.stringify(json), "utf8");
}

/** Attributes by which dead letters can be filtered without opening them. */
export function deadLetterAttributes(letter: DeadLetter): Record<string, string> {
  const code = isMeshError(letter.error) ? letter.error.code : "ERR_USER_CODE";
  return { "tidemark-stage": letter.stage, "tidemark-code": code };
}

/** Returns whether JSON can hold an element: no cycle, no bigint, not nested too deep. */
export function isDescribable(element: unknown): boolean {
  try {
    return JSON.stringify(element) !== undefined;
  } catch {
    return false; // JSON.stringify has no other way to say it.
  }
}

/** The element if JSON can hold it, else words that stand for it: a dead letter never fails. */
function describable(element: unknown): unknown {
  return isDescribable(element) ? element : String(element);
}
