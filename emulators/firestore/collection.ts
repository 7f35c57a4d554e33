/**
 * The documents of one collection, in the order of their ids.
 *
 * Owns: which documents live in it now, sorted when somebody first asks, and which only have a past.
 * Does not own: versions (document-store.ts), queries (query/run.ts).
 *
 * D1. `live` holds exactly the documents that exist now; `gone` those that do not, but did within
 *     the history that is kept. A query at the present never looks at `gone`, so a collection whose
 *     documents come and go (the heads of a shard) stays as fast as the few that are left.
 */
import { compareUtf8 } from "./names.ts";
import type { Fields } from "./wire.ts";

/** A document as it was from one commit on. Never changed. */
export interface StoredDocument {
  readonly name: string;
  readonly fields: Fields;
  readonly createMicros: number;
  readonly updateMicros: number;
  /** By the rules of value-size.ts. */
  readonly documentBytes: number;
}

/** One state of a document; without a document it did not exist. */
interface Version {
  readonly commitMicros: number;
  readonly document: StoredDocument | undefined;
}

/** A document's name with all of its states that are kept, oldest first. */
export interface DocumentEntry {
  readonly name: string;
  readonly id: string;
  readonly collection: Collection;
  versions: Version[];
}

/** A range of ids; a missing end is open. */
export interface IdRange {
  readonly from?: string;
  readonly to?: string;
}

/** How many new ids are put in one by one; more of them are sorted and merged. */
const insertedOneByOneMax = 8;

/** The documents of one collection. */
export class Collection {
  /** Its name, from `projects` on. */
  readonly name: string;
  /** Its own id. */
  readonly id: string;
  #sorted: DocumentEntry[] = [];
  #pending: DocumentEntry[] = [];
  readonly #gone = new Set<DocumentEntry>();

  constructor(name: string) {
    this.name = name;
    this.id = name.slice(name.lastIndexOf("/") + 1);
  }

  /** How many documents exist now. */
  get liveCount(): number {
    return this.#sorted.length + this.#pending.length;
  }

  /** Whether neither a document nor the past of one is left. */
  get isEmpty(): boolean {
    return this.liveCount === 0 && this.#gone.size === 0;
  }

  /** Takes in a document that exists from now on. */
  addLive(entry: DocumentEntry): void {
    this.#gone.delete(entry);
    this.#pending.push(entry);
  }

  /** Moves a document that was just deleted to the past. */
  moveToGone(entry: DocumentEntry): void {
    this.#settle();
    const at = lowerBound(this.#sorted, entry.id);
    if (this.#sorted[at] === entry) this.#sorted.splice(at, 1);
    this.#gone.add(entry);
  }

  /** Forgets the past of a document that does not exist any more. */
  forget(entry: DocumentEntry): void {
    this.#gone.delete(entry);
  }

  /** Returns the documents that exist now, in order; both ends of the range are inclusive. */
  *live(range: IdRange, descending: boolean): Generator<DocumentEntry> {
    this.#settle();
    yield* walk(this.#sorted, range, descending);
  }

  /** Returns the documents that exist now or did in the history that is kept, in order. */
  *all(range: IdRange, descending: boolean): Generator<DocumentEntry> {
    this.#settle();
    const entries = [...this.#sorted, ...this.#gone].sort(byId);
    yield* walk(entries, range, descending);
  }

  #settle(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    if (pending.length <= insertedOneByOneMax) {
      for (const entry of pending) {
        this.#sorted.splice(lowerBound(this.#sorted, entry.id), 0, entry);
      }
    } else {
      // Sorting two runs that are sorted already is a merge.
      this.#sorted = this.#sorted.concat(pending.sort(byId)).sort(byId);
    }
  }
}

function byId(a: DocumentEntry, b: DocumentEntry): number {
  return compareUtf8(a.id, b.id);
}

/** Returns the index of the first entry whose id is not below `id`. */
function lowerBound(entries: readonly DocumentEntry[], id: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUtf8((entries[middle] as DocumentEntry).id, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* walk(
  entries: readonly DocumentEntry[],
  range: IdRange,
  descending: boolean,
): Generator<DocumentEntry> {
  const first = range.from === undefined ? 0 : lowerBound(entries, range.from);
  let end = entries.length;
  if (range.to !== undefined) {
    end = lowerBound(entries, range.to);
    if (entries[end]?.id === range.to) end++;
  }
  if (descending) {
    for (let i = end - 1; i >= first; i--) yield entries[i] as DocumentEntry;
  } else {
    for (let i = first; i < end; i++) yield entries[i] as DocumentEntry;
  }
}
