/**
 * Sent: what a shard sent to each target shard, and what of it may still be in flight.
 *
 * Owns: sequence numbers and the ranges that protect elements in flight. Does not own: what the
 * target has received (received.ts); the tracker compares the two.
 *
 * S1. Sequence numbers to one target count up from 0 without a gap.
 * S2. A range's `minTime` is ≤ the event time of every element that it covers.
 * S3. At most RANGES_MAX ranges a target: the two oldest are joined, downwards in time.
 */
import { earlier, type Timestamp } from "../sdk/model/time.ts";

/** Bundles `from … to` to one target; none of their elements is older than `minTime`. */
export type SentRange = [from: number, to: number, minTime: Timestamp];

/** What was sent to one target shard. */
export interface SentTarget {
  /** The next sequence number; so also the count of bundles ever sent. */
  next: number;
  readonly ranges: SentRange[];
}

/** As in a head's progress: by `stage/shard`. */
export type SentJson = Record<string, SentTarget>;

const RANGES_MAX = 16;

/** Numbers a bundle for a target and remembers its range; returns its sequence number. */
export function numberBundle(sent: SentJson, target: string, minTime: Timestamp): number {
  let entry = sent[target];
  if (entry === undefined) {
    entry = { next: 0, ranges: [] };
    sent[target] = entry;
  }
  const sequence = entry.next++;
  const { ranges } = entry;
  const newest = ranges.at(-1);
  if (newest !== undefined && newest[2] === minTime) newest[1] = sequence;
  else ranges.push([sequence, sequence, minTime]);
  if (ranges.length > RANGES_MAX) joinOldest(ranges);
  return sequence;
}

/** Forgets the ranges that the target's stored input watermark has passed. */
export function dropPassedRanges(
  sent: SentJson,
  inputWatermarkOf: (stage: string) => Timestamp | undefined,
): void {
  for (const [target, entry] of Object.entries(sent)) {
    const watermark = inputWatermarkOf(target.slice(0, target.lastIndexOf("/")));
    if (watermark === undefined) continue;
    const kept = entry.ranges.filter((range) => range[2] >= watermark);
    entry.ranges.splice(0, entry.ranges.length, ...kept);
  }
}

/** Returns whether so many ranges are open that the shard should be told what has been passed. */
export function isCrowded(sent: SentJson): boolean {
  return Object.values(sent).some((entry) => entry.ranges.length > RANGES_MAX / 2);
}

function joinOldest(ranges: SentRange[]): void {
  const [first, second] = ranges;
  if (first === undefined || second === undefined) return;
  ranges.splice(0, 2, [first[0], second[1], earlier(first[2], second[2])]);
}
