/**
 * Keeper: what a stage's root keeps on a shard from one activation to the next.
 *
 * Owns: what every root must tell about what it keeps: groups (grouping.ts), user state, waiting
 * elements, unfinished reads. Does not own: what is kept, and how.
 */
import type { Timestamp } from "../sdk/model/time.ts";

/** What a stage's root keeps on a shard. MAX_TIMESTAMP always means: none. */
export interface Keeper {
  /** The earliest timestamp that an output still to come may have; late ones left out. */
  hold(): Timestamp;
  /** The earliest event time whose passing (input watermark > it) has work. */
  nextTimer(): Timestamp;
  /** The earliest processing time that has work, in ms. */
  nextProcessingMs(): number;
  /** The same for work that waits until nothing more comes from that time. */
  nextSynchronizedMs(): number;
  /** Writes what has changed into the shard's state. */
  settle(): void;
}
