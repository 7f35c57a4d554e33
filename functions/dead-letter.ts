/**
 * Dead letter: an element set aside with its error.
 *
 * Owns: the form of a dead letter, and its message for the dead-letter topic. Does not own: what is
 * set aside (guarded-run.ts decides), its document (dead-letters/record.ts), or sending it back.
 *
 * A message is JSON: which (id, pipeline, plan, stage, shard), what went wrong (transform, code,
 * message, stack, causes, attempts), the element (as JSON, or base64 where it could not be decoded),
 * its event time and window.
 */
import { createHash } from "node:crypto";
import { isMeshError } from "../sdk/model/errors.ts";
import { formatTimestamp, type Timestamp } from "../sdk/model/time.ts";
import type { ReplayPayload } from "./dead-letters/payload.ts";
import type { OutgoingMessage } from "./ports.ts";
import { stackText } from "./stack-text.ts";

/** What was set aside, and why. */
export interface DeadLetter {
  /** Follows from where it was set aside: the same one again has the same id. */
  readonly id: string;
  readonly pipeline: string;
  readonly plan: string;
  /** Of the stage: it can be replayed while this is the same. */
  readonly fingerprint: string;
  readonly stage: string;
  readonly shard: number | undefined;
  /** The transform that failed, `name (file:line)`. */
  readonly transform: string;
  readonly error: unknown;
  readonly attempts: number;
  /** The element, or `data` where it could not be decoded. */
  readonly element?: unknown;
  readonly data?: Uint8Array;
  readonly timestamp?: Timestamp;
  /** Key of the window (sdk/model/window.ts). */
  readonly window?: string;
  /** Source message, where there is one. */
  readonly messageId?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** What runs through the stage again; left out where nothing can. */
  readonly replay?: ReplayPayload;
  /** How often it has been replayed, in vain. */
  readonly replays: number;
  readonly atMs: number;
}

/** What of an error is kept. */
export interface LetterError {
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** What caused it, the nearest first. */
  readonly causes: readonly string[];
}

/** Text of a shard's message at most: it travels in the outbox of a commit, in base64. */
const MESSAGE_BYTES_MAX = 1_500_000;

/** Text of an ingest stage's message at most: Pub/Sub takes 10 MB. */
const DIRECT_BYTES_MAX = 9_000_000;

/** What is left of an element that is larger. */
const SHOWN_CHARS_MAX = 10_000;

const CAUSES_MAX = 10;

/** Returns the message of a dead letter. */
export function deadLetterMessage(topic: string, letter: DeadLetter): OutgoingMessage {
  const { id, stage, replays } = letter;
  const attributes = {
    "tidemark-stage": stage,
    "tidemark-code": errorOf(letter).code,
    // A letter that comes back from a replay is news of its own.
    "tidemark-id": replays === 0 ? id : `${id}~r${replays}`,
  };
  return { topic, orderingKey: "", data: encodeDeadLetter(letter), attributes };
}

/** Whether the message of a letter holds its element whole. */
export function isWhole(letter: DeadLetter): boolean {
  return contentBytes(letter) <= messageBytesMax(letter);
}

/** About how many bytes an element takes in a letter. */
export function contentBytes({ data, element }: DeadLetter): number {
  if (data !== undefined) return Math.ceil(data.length / 3) * 4;
  return Buffer.byteLength(JSON.stringify(describable(element)) ?? "");
}

/** Returns what is kept of a letter's error. */
export function errorOf({ error }: DeadLetter): LetterError {
  const known = error instanceof Error ? error : new Error(String(error));
  const causes: string[] = [];
  let stack = known.stack;
  let each = known.cause;
  while (each instanceof Error && causes.length < CAUSES_MAX) {
    causes.push(`${each.name}: ${each.message}`);
    stack = each.stack ?? stack; // Where it began says more than where it was wrapped.
    each = each.cause;
  }
  // Anything may be thrown.
  if (each !== undefined && !(each instanceof Error)) causes.push(String(each));
  const code = isMeshError(known) ? known.code : "ERR_USER_CODE";
  const own = stack === undefined ? undefined : stackText(stack);
  return { code, message: known.message, stack: own, causes };
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
export function describable(element: unknown): unknown {
  return isDescribable(element) ? element : String(element);
}

function encodeDeadLetter(letter: DeadLetter): Uint8Array {
  const { error: _, fingerprint: __, replay: ___, data, timestamp, element, ...rest } = letter;
  const json = {
    ...rest,
    ...(isWhole(letter)
      ? {
          element: data === undefined ? describable(element) : undefined,
          data: data === undefined ? undefined : Buffer.from(data).toString("base64"),
        }
      : { cut: cutOf(letter) }),
    eventTime: timestamp === undefined ? undefined : formatTimestamp(timestamp),
    error: errorOf(letter),
  };
  return Buffer.from(JSON.stringify(json), "utf8");
}

function messageBytesMax({ shard }: DeadLetter): number {
  return shard === undefined ? DIRECT_BYTES_MAX : MESSAGE_BYTES_MAX;
}

/** What stands for an element that is too large: its beginning, size and hash. */
function cutOf({ data, element }: DeadLetter): object {
  const bytes = data ?? Buffer.from(JSON.stringify(describable(element)), "utf8");
  return {
    begins: Buffer.from(bytes).toString("utf8", 0, SHOWN_CHARS_MAX),
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}
