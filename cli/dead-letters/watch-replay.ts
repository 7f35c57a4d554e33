/**
 * Watch replay: waits until what was sent back is taken.
 *
 * Owns: what became of each letter, as its record says. Does not own: sending (functions/).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { LetterAttempt } from "../../functions/dead-letters/taking.ts";
import type { DeadLetterRecord, Store } from "../../functions/ports.ts";

/** What became of letters that were sent back. */
export interface ReplayOutcome {
  readonly taken: number;
  /** Of the taken: dropped, too late for their windows. */
  readonly late: number;
  /** Open again, with another error. */
  readonly failed: readonly string[];
  /** Not taken yet. */
  readonly waiting: readonly string[];
}

const POLL_MS = 300;

/** Letters that are read at once: each may be as large as a document. */
const READ_MAX = 20;

/** Looks again and again until all are taken, or until `endMs` has come. */
export async function watchReplay(
  store: Store,
  sent: readonly LetterAttempt[],
  endMs: number,
): Promise<ReplayOutcome> {
  const outcome = { taken: 0, late: 0, failed: [] as string[] };
  for (let waiting = sent; ; await sleep(POLL_MS)) {
    const still: LetterAttempt[] = [];
    for (let from = 0; from < waiting.length; from += READ_MAX) {
      const some = waiting.slice(from, from + READ_MAX);
      const records = await store.readDeadLetters(some.map(({ id }) => id));
      const byId = new Map(records.map((record) => [record.id, record]));
      for (const letter of some) {
        if (!note(letter, byId.get(letter.id), outcome)) still.push(letter);
      }
    }
    waiting = still;
    const ids = waiting.map(({ id }) => id);
    if (ids.length === 0 || Date.now() >= endMs) return { ...outcome, waiting: ids };
  }
}

/** Counts what became of a letter; returns false if it is not taken yet. */
function note(
  { id, attempt }: LetterAttempt,
  record: DeadLetterRecord | undefined,
  outcome: { taken: number; late: number; failed: string[] },
): boolean {
  // One that was dropped meanwhile is waited for no longer.
  if (record === undefined) return true;
  if (record.replays < attempt) return false;
  if (record.state === "open") outcome.failed.push(id);
  else {
    outcome.taken++;
    if (record.isLate === true) outcome.late++;
  }
  return true;
}
