/**
 * What Firestore would bill, counted exactly.
 *
 * Owns: the counters. Does not own: when they move (database.ts, listen.ts).
 */

/** Counters of billable operations since the server started. */
export interface FirestoreCounts {
  /**
   * Documents read: one for each document that a get, a query or a listener returned or skipped by
   * an offset, one for a missing document, one for a query without a result, one for each started
   * 1,000 index entries of an aggregation, one for a list of collection ids.
   */
  readonly documentReads: number;
  /** Documents created or updated, also by a write that changed nothing. */
  readonly documentWrites: number;
  /** Documents deleted, also when there was none. */
  readonly documentDeletes: number;
  /** Commits that were applied; each write of a BatchWrite is one. */
  readonly commits: number;
  /** Queries and aggregation queries that were run. */
  readonly queries: number;
  /** Commits that ended with ABORTED. */
  readonly aborts: number;
  /** Bytes of the documents written, by Firestore's size rules. */
  readonly writtenBytes: number;
}

/** The same counters, for those who move them. */
export type MutableCounts = { -readonly [Name in keyof FirestoreCounts]: number };

/** Returns counters that all stand at zero. */
export function newCounts(): MutableCounts {
  return {
    documentReads: 0,
    documentWrites: 0,
    documentDeletes: 0,
    commits: 0,
    queries: 0,
    aborts: 0,
    writtenBytes: 0,
  };
}
