/**
 * Time as the store counts it: whole microseconds since the epoch, in a safe integer.
 *
 * Owns: the clock that orders commits, and conversion to and from google.protobuf.Timestamp.
 * Does not own: timers (../timers.ts).
 *
 * C1. Commit times increase strictly.
 * C2. A commit is later than every read time given out before it, so a read time names a snapshot
 *     that nothing can change any more.
 */
import type { Timers } from "../timers.ts";
import type { Timestamp } from "./wire.ts";

const microsPerSecond = 1_000_000;

/** Returns a time as the protocol writes it. */
export function toTimestamp(micros: number): Timestamp {
  const seconds = Math.floor(micros / microsPerSecond);
  return { seconds: String(seconds), nanos: (micros - seconds * microsPerSecond) * 1_000 };
}

/** Returns a time of the protocol in microseconds, rounded down. */
export function fromTimestamp(timestamp: Timestamp): number {
  const seconds = Number(timestamp.seconds ?? 0);
  return seconds * microsPerSecond + Math.floor((timestamp.nanos ?? 0) / 1_000);
}

/** Returns a time of the protocol rounded down to the microsecond, as Firestore stores it. */
export function truncateTimestamp(timestamp: Timestamp): Timestamp {
  const nanos = timestamp.nanos ?? 0;
  return { seconds: timestamp.seconds ?? "0", nanos: nanos - (nanos % 1_000) };
}

/** The clock that gives commits and snapshots their times. */
export class CommitClock {
  readonly #timers: Timers;
  #lastMicros = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Returns the time of the next commit. */
  nextCommitMicros(): number {
    this.#lastMicros = Math.max(this.#lastMicros + 1, this.#timers.nowMs() * 1_000);
    return this.#lastMicros;
  }

  /** Returns the time of a snapshot taken now. */
  readMicros(): number {
    this.#lastMicros = Math.max(this.#lastMicros, this.#timers.nowMs() * 1_000);
    return this.#lastMicros;
  }

  /** Moves the clock past a time that was given out before a restart. */
  passMicros(micros: number): void {
    this.#lastMicros = Math.max(this.#lastMicros, micros);
  }
}
