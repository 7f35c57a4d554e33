/**
 * Dead-letter documents: dead letters as Firestore keeps them.
 *
 * Owns: their fields, the query of a list, and counting. Does not own: what the texts say
 * (dead-letters/record.ts).
 *
 * A list is sorted by time alone, for which Firestore's own index of one field is enough; stage, code
 * and state are sorted out here, page by page. So no composite index is needed, and a list of few
 * among many reads the many.
 */
import {
  type CollectionReference,
  type DocumentSnapshot,
  FieldPath,
  type Firestore,
  type Transaction,
  type WriteBatch,
} from "@google-cloud/firestore";
import { isAskedFor, isNews, recordBytes } from "../dead-letters/record.ts";
import { COMMIT_BYTES_MAX } from "../options.ts";
import type { DeadLetterListed, DeadLetterQuery, DeadLetterRecord } from "../ports.ts";

/** Documents that one page of a query reads at least: few may match. */
const PAGE_MIN = 100;

/** Documents that one batch changes at most. */
const BATCH_MAX = 500;

/** Returns letters in batches, each of which one commit holds. */
export function inBatches(letters: readonly DeadLetterRecord[]): DeadLetterRecord[][] {
  const batches: DeadLetterRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const letter of letters) {
    const more = recordBytes(letter);
    const batch = batches.at(-1);
    if (batch === undefined || batch.length >= BATCH_MAX || bytes + more > COMMIT_BYTES_MAX) {
      batches.push([letter]);
      bytes = more;
    } else {
      batch.push(letter);
      bytes += more;
    }
  }
  return batches;
}

/** Adds letters to a batch; the same id replaces the document. */
export function addDeadLetters(
  batch: WriteBatch,
  collection: CollectionReference,
  letters: readonly DeadLetterRecord[],
): void {
  for (const { id, ...fields } of letters) batch.set(collection.doc(id), fields);
}

/** Writes those of the letters that are news to what is stored (DL6). */
export async function putNews(
  transaction: Transaction,
  collection: CollectionReference,
  letters: readonly DeadLetterRecord[],
): Promise<void> {
  const ids = [...new Set(letters.map(({ id }) => id))];
  const known = new Map<string, Pick<DeadLetterRecord, "state" | "replays">>();
  const found = await transaction.getAll(...ids.map((id) => collection.doc(id)), {
    fieldMask: ["state", "replays"],
  });
  for (const document of found) {
    if (!document.exists) continue;
    const { state, replays } = document.data() as Pick<DeadLetterRecord, "state" | "replays">;
    known.set(document.id, { state, replays });
  }
  for (const letter of letters) {
    const { id, ...fields } = letter;
    if (!isNews(letter, known.get(id))) continue;
    transaction.set(collection.doc(id), fields);
    known.set(id, letter);
  }
}

/** Returns letters as a list asks for them. */
export async function findDeadLetters(
  collection: CollectionReference,
  asked: DeadLetterQuery,
): Promise<DeadLetterListed[]> {
  const { sinceMs, untilMs, limit, after } = asked;
  const size = Math.max(limit, PAGE_MIN);
  let query = collection
    .select("stage", "code", "atMs", "state", "replays", "replayedAtMs", "isLate", "summary")
    .orderBy("atMs", "desc")
    .orderBy(FieldPath.documentId(), "desc")
    .limit(size);
  if (sinceMs !== undefined) query = query.where("atMs", ">=", sinceMs);
  if (untilMs !== undefined) query = query.where("atMs", "<", untilMs);
  const found: DeadLetterListed[] = [];
  for (let last = after; ; ) {
    const page = last === undefined ? query : query.startAfter(last.atMs, last.id);
    const letters = (await page.get()).docs.map(listedOf);
    for (const letter of letters) {
      if (isAskedFor(asked, letter)) found.push(letter);
      if (found.length === limit) return found;
    }
    last = letters.at(-1);
    if (letters.length < size) return found;
  }
}

/**
 * Returns how many letters are open. Firestore counts by its own indexes of one field, and bills one
 * read for each thousand, at least one.
 */
export async function countOpen(
  collection: CollectionReference,
  stage: string | undefined,
): Promise<number> {
  const open = collection.where("state", "==", "open");
  const counted = stage === undefined ? open : open.where("stage", "==", stage);
  return (await counted.count().get()).data().count;
}

/** Returns letters that are there, in the order of `ids`. */
export async function readDeadLetters(
  db: Firestore,
  collection: CollectionReference,
  ids: readonly string[],
): Promise<DeadLetterRecord[]> {
  const documents = await db.getAll(...ids.map((id) => collection.doc(id)));
  return documents.flatMap((document) => {
    if (!document.exists) return [];
    return [{ ...listedOf(document), detail: String(document.get("detail")) }];
  });
}

function listedOf(document: DocumentSnapshot): DeadLetterListed {
  const fields = document.data() as Omit<DeadLetterRecord, "id">;
  const { stage, code, atMs, state, replays, replayedAtMs, isLate, summary } = fields;
  return {
    id: document.id,
    stage,
    code,
    atMs,
    state,
    replays,
    ...(replayedAtMs !== undefined && { replayedAtMs }),
    ...(isLate !== undefined && { isLate }),
    summary,
  };
}
