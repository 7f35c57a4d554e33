/**
 * Record: the document of a dead letter.
 *
 * Owns: what it says, in a summary for lists and a detail for one letter, and its size. Does not own:
 * when it is written (activation.ts and ingest.ts, with what set the element aside).
 *
 * DL1. A record is written in the commit that set the element aside, under an id that follows from
 *      where that was: so once.
 * DL2. A record is no larger than a document may be, whatever the element.
 * DL6. A late write of an instance that was given up opens no letter that was taken since.
 */
import { formatTimestamp } from "../../sdk/model/time.ts";
import { contentBytes, type DeadLetter, describable, errorOf, isWhole } from "../dead-letter.ts";
import { DOCUMENT_BYTES_MAX } from "../options.ts";
import type { DeadLetterQuery, DeadLetterRecord } from "../ports.ts";
import type { ReplayPayload } from "./payload.ts";

/** What lists show of a letter. */
export interface LetterSummary {
  readonly pipeline: string;
  readonly plan: string;
  readonly fingerprint: string;
  readonly shard?: number;
  readonly transform: string;
  readonly message: string;
  readonly attempts: number;
  readonly eventTime?: string;
  readonly window?: string;
  readonly messageId?: string;
  /** Kind of what runs again. */
  readonly replay: ReplayPayload["kind"];
}

/** All else of a letter. */
export interface LetterDetail {
  /** Left out where it is too large, or could not be decoded. */
  readonly element?: unknown;
  readonly elementBytes: number;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly stack?: string;
  readonly causes: readonly string[];
  readonly replay: ReplayPayload;
}

/** Text of a detail at most: the summary stands beside it. */
const DETAIL_BYTES_MAX = DOCUMENT_BYTES_MAX - 50_000;

/** Characters of a message or stack that are kept. */
const WORDS_MAX = 8_000;

const NO_INPUT: ReplayPayload = {
  kind: "none",
  reason:
    "It is no input of the stage: a position of a read, or a pane or side input that could not be made. " +
    "Mend the cause; what it stands for has to come in anew.",
};

/** Returns the record of a letter that was just set aside. */
export function recordOf(letter: DeadLetter): DeadLetterRecord {
  const { id, stage, atMs, replays } = letter;
  const { code, message, stack, causes } = errorOf(letter);
  const detail = fitting(letter, {
    element: letter.data === undefined ? describable(letter.element) : undefined,
    elementBytes: contentBytes(letter),
    ...(letter.attributes !== undefined && { attributes: letter.attributes }),
    ...(stack !== undefined && { stack: stack.slice(0, WORDS_MAX) }),
    causes: causes.map((cause) => cause.slice(0, WORDS_MAX)),
    replay: letter.replay ?? NO_INPUT,
  });
  const { pipeline, plan, fingerprint, shard, transform, attempts, window, messageId } = letter;
  const { timestamp } = letter;
  const summary: LetterSummary = {
    pipeline,
    plan,
    fingerprint,
    ...(shard !== undefined && { shard }),
    transform,
    message: message.slice(0, WORDS_MAX),
    attempts,
    ...(timestamp !== undefined && { eventTime: formatTimestamp(timestamp) }),
    ...(window !== undefined && { window }),
    ...(messageId !== undefined && { messageId }),
    replay: detail.value.replay.kind,
  };
  const text = JSON.stringify(summary);
  return { id, stage, code, atMs, state: "open", replays, summary: text, detail: detail.text };
}

/** Reads what lists show of a letter. */
export function summaryOf(record: Pick<DeadLetterRecord, "summary">): LetterSummary {
  return JSON.parse(record.summary) as LetterSummary;
}

/** Reads all else of a letter. */
export function detailOf(record: DeadLetterRecord): LetterDetail {
  return JSON.parse(record.detail) as LetterDetail;
}

/** Returns whether a letter is one of those that a list asks for, wherever its page begins. */
export function isAskedFor(
  { stage, code, state }: DeadLetterQuery,
  letter: Pick<DeadLetterRecord, "stage" | "code" | "state">,
): boolean {
  return (
    (stage === undefined || letter.stage === stage) &&
    (code === undefined || letter.code === code) &&
    (state === undefined || letter.state === state)
  );
}

/** Returns whether a letter is news to what is stored of it (DL6). */
export function isNews(
  { state, replays }: Pick<DeadLetterRecord, "state" | "replays">,
  stored: Pick<DeadLetterRecord, "state" | "replays"> | undefined,
): boolean {
  if (stored === undefined) return true;
  return stored.state === "open" && (state === "replayed" || replays >= stored.replays);
}

/** About how many bytes a record takes in a commit. */
export function recordBytes({ summary, detail }: DeadLetterRecord): number {
  return 200 + Buffer.byteLength(summary) + Buffer.byteLength(detail);
}

/** The detail, without what does not fit (DL2): the shown element first, then what runs again. */
function fitting(letter: DeadLetter, whole: LetterDetail): { value: LetterDetail; text: string } {
  const { element: _, ...shorter } = whole;
  const shortest: LetterDetail = {
    ...shorter,
    ...(whole.attributes !== undefined && { attributes: {} }),
    replay: { kind: "none", reason: tooBig(letter, whole.elementBytes) },
  };
  for (const value of [whole, shorter]) {
    const text = JSON.stringify(value);
    if (Buffer.byteLength(text) <= DETAIL_BYTES_MAX) return { value, text };
  }
  return { value: shortest, text: JSON.stringify(shortest) };
}

function tooBig(letter: DeadLetter, bytes: number): string {
  const where = isWhole(letter)
    ? "The message of this id on the dead-letter topic holds it whole: publish it again from there."
    : "The message of this id on the dead-letter topic holds its beginning, its size and its SHA-256.";
  return `It takes ${bytes} bytes, and a document at most ${DETAIL_BYTES_MAX}. ${where}`;
}
