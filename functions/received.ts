/**
 * Received: which bundles of which producer a shard has already taken.
 *
 * Owns: intervals of sequence numbers per producer. Does not own: source ids (dedup.ts).
 * Place on the data's way: activation.ts asks it before a bundle runs; its JSON is part of the
 * head's progress, where the tracker reads it.
 *
 * R1. A sequence number that was added is in, for ever or until its producer is forgotten.
 * R2. Intervals are disjoint, ascending and not adjacent.
 */

/** One producer's bundles: `[from, to, from, to, …]`, both ends inclusive, and when last seen. */
export interface ProducerIntervals {
  readonly intervals: number[];
  /** Processing time of the newest bundle, in ms: producers that come and go are forgotten. */
  seenAtMs: number;
}

/** As in a head's progress. */
export type ReceivedJson = Record<string, [number[], number]>;

/** Which bundles of which producer a shard has already taken. */
export class Received {
  readonly #producers = new Map<string, ProducerIntervals>();

  static fromJson(json: ReceivedJson): Received {
    const received = new Received();
    for (const [producer, [intervals, seenAtMs]] of Object.entries(json)) {
      received.#producers.set(producer, { intervals: [...intervals], seenAtMs });
    }
    return received;
  }

  toJson(): ReceivedJson {
    const json: ReceivedJson = {};
    for (const [producer, { intervals, seenAtMs }] of this.#producers) {
      json[producer] = [intervals, seenAtMs];
    }
    return json;
  }

  has(producer: string, sequence: number): boolean {
    const entry = this.#producers.get(producer);
    return entry !== undefined && contains(entry.intervals, sequence);
  }

  /** How many bundles of a producer are in. */
  count(producer: string): number {
    return countOf(this.#producers.get(producer)?.intervals ?? []);
  }

  /** Adds one bundle; returns false if it was in already. */
  add(producer: string, sequence: number, nowMs: number): boolean {
    let entry = this.#producers.get(producer);
    if (entry === undefined) {
      entry = { intervals: [], seenAtMs: nowMs };
      this.#producers.set(producer, entry);
    }
    if (contains(entry.intervals, sequence)) return false;
    entry.seenAtMs = nowMs;
    insert(entry.intervals, sequence);
    return true;
  }

  /** Forgets producers that `isTransient` names and that were silent since `beforeMs`. */
  forget(isTransient: (producer: string) => boolean, beforeMs: number): void {
    for (const [producer, entry] of this.#producers) {
      if (entry.seenAtMs < beforeMs && isTransient(producer)) this.#producers.delete(producer);
    }
  }
}

/** Returns whether a sequence number lies in intervals `[from, to, from, to, …]`. */
export function contains(intervals: readonly number[], sequence: number): boolean {
  for (let i = intervals.length - 2; i >= 0; i -= 2) {
    const from = intervals[i] ?? 0;
    if (sequence >= from) return sequence <= (intervals[i + 1] ?? 0);
  }
  return false;
}

/** Returns whether all of `from … to` lies in the intervals. */
export function containsRange(intervals: readonly number[], from: number, to: number): boolean {
  for (let i = intervals.length - 2; i >= 0; i -= 2) {
    const start = intervals[i] ?? 0;
    if (from >= start) return to <= (intervals[i + 1] ?? 0);
  }
  return false;
}

/** Returns how many sequence numbers lie in the intervals. */
export function countOf(intervals: readonly number[]): number {
  let count = 0;
  for (let i = 0; i < intervals.length; i += 2) {
    count += (intervals[i + 1] ?? 0) - (intervals[i] ?? 0) + 1;
  }
  return count;
}

/** Inserts a number that is in no interval, joining neighbours (R2). */
function insert(intervals: number[], sequence: number): void {
  let at = intervals.length;
  while (at > 0 && (intervals[at - 2] ?? 0) > sequence) at -= 2;
  const joinsLeft = at > 0 && intervals[at - 1] === sequence - 1;
  const joinsRight = at < intervals.length && intervals[at] === sequence + 1;
  if (joinsLeft && joinsRight) intervals.splice(at - 1, 2);
  else if (joinsLeft) intervals[at - 1] = sequence;
  else if (joinsRight) intervals[at] = sequence;
  else intervals.splice(at, 0, sequence, sequence);
}
