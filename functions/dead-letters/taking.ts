/**
 * Taking: a dead letter that comes back, on the side of the stage.
 *
 * Owns: which replays are taken, and what becomes of the letter's record. Does not own: sending them
 * (replay.ts), or running them (run-bundle.ts, ingest.ts).
 *
 * DL3. A replay is taken only while its letter is open, and has been replayed exactly once less: so
 *      of all messages about one attempt, whenever they come, one is taken.
 * DL4. What takes it closes the record in the same commit, or opens it again with the new error: a
 *      letter is never open twice.
 */
import { type DeadLetter, deadLetterMessage } from "../dead-letter.ts";
import type { Envelope } from "../envelope.ts";
import type { DeadLetterRecord, OutgoingMessage, Store } from "../ports.ts";
import type { ShardPayload } from "./payload.ts";
import { recordOf } from "./record.ts";

/** Which replay of which letter. */
export interface LetterAttempt {
  readonly id: string;
  /** Counts the replays of the letter, from 1. */
  readonly attempt: number;
}

/** A letter on its way back to a shard. */
export interface ReplayedLetter extends LetterAttempt {
  readonly payload: ShardPayload;
}

/** A replay that was taken. */
export interface TakenLetter {
  readonly record: DeadLetterRecord;
  readonly attempt: number;
  /** Its window had expired, and so it was dropped. */
  readonly isLate: boolean;
}

/** Records of letters, by id. */
export type Letters = ReadonlyMap<string, DeadLetterRecord>;

const NO_LETTERS: Letters = new Map();

/** Reads the records of the letters that envelopes bring back. */
export async function lettersIn(envelopes: readonly Envelope[], store: Store): Promise<Letters> {
  const ids = new Set<string>();
  for (const { body } of envelopes) {
    if (body.kind === "replay") for (const { id } of body.letters) ids.add(id);
  }
  if (ids.size === 0) return NO_LETTERS;
  const records = await store.readDeadLetters([...ids]);
  return new Map(records.map((record) => [record.id, record]));
}

/** Returns the record of a letter whose replay is to be taken; undefined if it is not (DL3). */
export function dueRecord(
  letters: Letters,
  { id, attempt }: LetterAttempt,
): DeadLetterRecord | undefined {
  const record = letters.get(id);
  const isDue = record?.state === "open" && record.replays === attempt - 1;
  return isDue ? record : undefined;
}

/** Returns the records that a commit writes: of what it set aside, and of what it took (DL4). */
export function recordsOf(
  dead: readonly DeadLetter[],
  taken: Iterable<TakenLetter>,
  nowMs: number,
): DeadLetterRecord[] {
  const records = dead.map(recordOf);
  const again = new Set(dead.map(({ id }) => id));
  for (const { record, attempt, isLate } of taken) {
    if (again.has(record.id)) continue;
    records.push({
      ...record,
      state: "replayed",
      replays: attempt,
      replayedAtMs: nowMs,
      ...(isLate && { isLate }),
    });
  }
  return records;
}

/** Returns the messages of letters for the dead-letter topic. */
export function messagesOf(topic: string, dead: readonly DeadLetter[]): OutgoingMessage[] {
  return dead.map((letter) => deadLetterMessage(topic, letter));
}
