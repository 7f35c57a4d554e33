/**
 * Periodic sequences: a timestamp each time that an interval of processing time has passed.
 *
 * Owns: which timestamp is due when, and the watermark. Does not own: running it (functions/reads).
 *
 * @see Beam's PeriodicImpulse and PeriodicSequence
 */
import { type Duration, toMs } from "../model/duration.ts";
import { MeshError } from "../model/errors.ts";
import { addMs, type Timestamp, type TimestampLike, toTimestamp } from "../model/time.ts";
import type { Source } from "./source.ts";
import { MAX_OFFSET, type OffsetRange, OffsetRangeTracker } from "./splittable/offset-range.ts";
import { ProcessContinuation } from "./splittable/process-continuation.ts";
import type { Claims } from "./splittable/restriction-tracker.ts";
import { type ReadContext, type SplittableDoFn, splittable } from "./splittable/splittable.ts";
import { watermarkEstimators } from "./splittable/watermark-estimator.ts";

/** A sequence of timestamps, one interval apart. */
export interface PeriodicSequenceOptions {
  /** The first timestamp. */
  readonly start: TimestampLike;
  /** No timestamp is at or after it; left out: the sequence has no end. */
  readonly stop?: TimestampLike;
  readonly interval: Duration;
}

/** Positions are numbers of timestamps. */
interface ImpulseRange extends OffsetRange {
  readonly startMs: number;
  readonly intervalMs: number;
}

/**
 * Returns a source of timestamps `start`, `start + interval`, …, each given once processing time has
 * reached it; those that are past already, at once. Unbounded, also with a `stop`: a drain ends it.
 *
 * @throws ERR_OPTION if the interval is 0
 * @throws ERR_DURATION if the interval can't be read
 * @throws ERR_TIMESTAMP if `start` or `stop` is no time
 * @example p.read(periodicImpulse({ start: Date.UTC(2026, 0, 1), interval: { hours: 1 } }))
 */
export function periodicImpulse(options: PeriodicSequenceOptions): Source<Timestamp> {
  const whole = rangeOf(options, "periodicImpulse");
  return splittable<Timestamp, ImpulseRange>({
    name: "periodicImpulse",
    bounded: false,
    watermark: watermarkEstimators.manual(),
    initialRestriction: () => whole,
    newTracker: (range) => new OffsetRangeTracker(range),
    process: (tracker, out) => emitDue(tracker, out),
  });
}

/**
 * Returns a splittable DoFn that gives the timestamps of each sequence that comes in.
 *
 * @example sequences.readEach(periodicSequence())
 */
export function periodicSequence(): SplittableDoFn<
  PeriodicSequenceOptions,
  Timestamp,
  OffsetRange,
  number
> {
  const read: SplittableDoFn<PeriodicSequenceOptions, Timestamp, ImpulseRange, number> = {
    name: "periodicSequence",
    bounded: false,
    watermark: watermarkEstimators.manual(),
    initialRestriction(sequence) {
      try {
        return rangeOf(sequence, "periodicSequence");
      } catch (cause) {
        // It is this element that can't be read, and no option of the pipeline.
        throw new Error(cause instanceof Error ? cause.message : String(cause), { cause });
      }
    },
    newTracker: (range) => new OffsetRangeTracker(range),
    process: (_, tracker, out) => emitDue(tracker, out),
  };
  return read;
}

function rangeOf({ start, stop, interval }: PeriodicSequenceOptions, what: string): ImpulseRange {
  const intervalMs = toMs(interval, `${what}: interval`);
  if (intervalMs === 0) throw new MeshError("ERR_OPTION", `${what}: the interval is 0.`);
  const startMs = toTimestamp(start);
  const lastsMs = stop === undefined ? undefined : toTimestamp(stop) - startMs;
  const to = lastsMs === undefined ? MAX_OFFSET : Math.max(0, Math.ceil(lastsMs / intervalMs));
  return { from: 0, to, startMs, intervalMs };
}

function emitDue(
  tracker: Claims<ImpulseRange, number>,
  out: ReadContext<Timestamp>,
): ProcessContinuation | undefined {
  const range = tracker.currentRestriction();
  const nowMs = out.nowMs();
  for (let i = range.from; ; i++) {
    const time = timeOf(i, range);
    // Past the end the claim is refused, and nothing waits for a time that never comes.
    if (time > nowMs && i < range.to) return ProcessContinuation.resume({ delay: time - nowMs });
    if (!tracker.tryClaim(i)) return undefined;
    out.output(time, { timestamp: time });
    out.setWatermark(timeOf(i + 1, range));
  }
}

function timeOf(i: number, { startMs, intervalMs }: ImpulseRange): Timestamp {
  return addMs(toTimestamp(startMs), i * intervalMs);
}
