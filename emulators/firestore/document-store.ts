/**
 * The documents of one database, with their past (multi-version).
 *
 * Owns: versions, collections, and how long superseded versions are kept.
 * Does not own: what a write means (write.ts), locks (locks.ts), the log on disk (persistence.ts).
 *
 * M1. Versions of a document are in the order of their commits; all changes of a commit become
 *     visible at once, since nothing else runs while `apply` does.
 * M2. A read at time T sees each document as the last commit at or before T left it.
 * M3. Nothing that a read at or after `oldestMicros()` or at a pinned time needs is ever dropped; a
 *     read that could miss something is refused with FAILED_PRECONDITION, never answered wrongly.
 *
 * Differences from the real service, which keeps an hour: the past reaches back `historyMs` (60 s
 * unless set), and less when superseded data grows beyond `historyBytesMax` (1 GiB unless set), so
 * that a store that is written to without end needs bounded memory. Only pinned times (of open
 * read-only transactions) hold it back.
 */
import type { Timers } from "../timers.ts";
import { Collection, type DocumentEntry, type StoredDocument } from "./collection.ts";
import { failedPrecondition, invalidArgument } from "./errors.ts";
import { historyBytesMaxDefault, historyMsDefault } from "./limits.ts";
import { parseDocumentName } from "./names.ts";
import { CommitClock } from "./time.ts";

/** What one commit does to one document; without a document it is deleted. */
export interface DocumentChange {
  readonly name: string;
  readonly document: StoredDocument | undefined;
}

/** How much of the past a store keeps. */
export interface HistoryOptions {
  /** How far back `readTime` reaches. */
  readonly historyMs?: number;
  /** Superseded bytes beyond which the oldest are dropped even earlier. */
  readonly historyBytesMax?: number;
}

interface Superseded {
  readonly entry: DocumentEntry;
  /** The commit from which on the version is no longer the present. */
  readonly supersededMicros: number;
  readonly documentBytes: number;
}

const droppedBeforeCompaction = 1_024;

/** The documents of one database. */
export class DocumentStore {
  readonly clock: CommitClock;
  readonly #timers: Timers;
  readonly #historyMicros: number;
  readonly #historyBytesMax: number;
  readonly #entries = new Map<string, DocumentEntry>();
  readonly #collections = new Map<string, Collection>();
  readonly #pins = new Map<number, number>();
  #superseded: Superseded[] = [];
  #dropped = 0;
  #supersededBytes = 0;
  #droppedMicros = 0;

  constructor(timers: Timers, options: HistoryOptions = {}) {
    this.clock = new CommitClock(timers);
    this.#timers = timers;
    this.#historyMicros = (options.historyMs ?? historyMsDefault) * 1_000;
    this.#historyBytesMax = options.historyBytesMax ?? historyBytesMaxDefault;
  }

  /** Returns a document as it is now. */
  get(name: string): StoredDocument | undefined {
    return this.#entries.get(name)?.versions.at(-1)?.document;
  }

  /** Returns a document as it was at a time, or as it is now. */
  getAt(name: string, readMicros: number | undefined): StoredDocument | undefined {
    const entry = this.#entries.get(name);
    return entry === undefined ? undefined : documentAt(entry, readMicros);
  }

  /** Returns the collection of this name, if it has or had documents. */
  collection(name: string): Collection | undefined {
    return this.#collections.get(name);
  }

  /** Returns all collections that have or had documents. */
  collections(): Iterable<Collection> {
    return this.#collections.values();
  }

  /** How many superseded versions are kept. */
  get supersededCount(): number {
    return this.#superseded.length - this.#dropped;
  }

  /** Makes all changes of one commit visible. */
  apply(commitMicros: number, changes: readonly DocumentChange[]): void {
    for (const change of changes) this.#change(commitMicros, change);
    this.#dropOld();
  }

  /** Takes in a document that was stored before a restart; its past is lost. */
  restore(document: StoredDocument): void {
    this.clock.passMicros(document.updateMicros);
    this.#change(document.updateMicros, { name: document.name, document });
    this.#droppedMicros = Math.max(this.#droppedMicros, document.updateMicros);
  }

  /** The oldest time that can still be read. */
  oldestMicros(): number {
    return Math.max(this.#droppedMicros, this.#timers.nowMs() * 1_000 - this.#historyMicros);
  }

  /**
   * Checks that the store can be read at this time.
   *
   * @throws FAILED_PRECONDITION when it is too old, INVALID_ARGUMENT when it lies ahead
   */
  checkReadTime(readMicros: number): void {
    if (readMicros > this.clock.readMicros()) {
      throw invalidArgument("The requested 'read_time' cannot be in the future.");
    }
    if (readMicros < this.oldestMicros()) {
      throw failedPrecondition(
        `The requested 'read_time' is too old: this server keeps ${this.#historyMicros / 1_000} ms.`,
      );
    }
  }

  /** Keeps the past from this time on until the function that it returns is called. */
  pin(readMicros: number): () => void {
    this.#pins.set(readMicros, (this.#pins.get(readMicros) ?? 0) + 1);
    return () => {
      const left = (this.#pins.get(readMicros) ?? 1) - 1;
      if (left > 0) this.#pins.set(readMicros, left);
      else this.#pins.delete(readMicros);
    };
  }

  #change(commitMicros: number, change: DocumentChange): void {
    const entry = this.#entries.get(change.name) ?? this.#newEntry(change.name);
    const before = entry.versions.at(-1);
    entry.versions.push({ commitMicros, document: change.document });
    if (before === undefined) {
      entry.collection.addLive(entry);
      return;
    }
    const documentBytes = before.document?.documentBytes ?? 0;
    this.#superseded.push({ entry, supersededMicros: commitMicros, documentBytes });
    this.#supersededBytes += documentBytes;
    if (change.document === undefined) entry.collection.moveToGone(entry);
    else if (before.document === undefined) entry.collection.addLive(entry);
  }

  #newEntry(name: string): DocumentEntry {
    const parts = parseDocumentName(name);
    let collection = this.#collections.get(parts.collection);
    if (collection === undefined) {
      collection = new Collection(parts.collection);
      this.#collections.set(parts.collection, collection);
    }
    const entry: DocumentEntry = { name, id: parts.id, collection, versions: [] };
    this.#entries.set(name, entry);
    return entry;
  }

  #dropOld(): void {
    const pinnedMicros = Math.min(...this.#pins.keys(), Number.POSITIVE_INFINITY);
    const agedMicros = this.#timers.nowMs() * 1_000 - this.#historyMicros;
    for (;;) {
      const oldest = this.#superseded[this.#dropped];
      if (oldest === undefined || oldest.supersededMicros > pinnedMicros) break;
      const aged = oldest.supersededMicros <= agedMicros;
      if (!aged && this.#supersededBytes <= this.#historyBytesMax) break;
      this.#drop(oldest);
    }
    if (this.#dropped > droppedBeforeCompaction && this.#dropped * 2 > this.#superseded.length) {
      this.#superseded = this.#superseded.slice(this.#dropped);
      this.#dropped = 0;
    }
  }

  #drop(oldest: Superseded): void {
    const { entry, supersededMicros } = oldest;
    this.#dropped++;
    this.#supersededBytes -= oldest.documentBytes;
    this.#droppedMicros = Math.max(this.#droppedMicros, supersededMicros);
    // Versions are superseded in the order in which they stand in the entry.
    entry.versions.shift();
    if (entry.versions.length > 1 || entry.versions[0]?.document !== undefined) return;
    this.#entries.delete(entry.name);
    entry.collection.forget(entry);
    if (entry.collection.isEmpty) this.#collections.delete(entry.collection.name);
  }
}

/** Returns the document that an entry had at a time, or has now. */
export function documentAt(
  entry: DocumentEntry,
  readMicros: number | undefined,
): StoredDocument | undefined {
  const versions = entry.versions;
  if (readMicros === undefined) return versions.at(-1)?.document;
  for (let i = versions.length - 1; i >= 0; i--) {
    const version = versions[i];
    if (version !== undefined && version.commitMicros <= readMicros) return version.document;
  }
  return undefined;
}
