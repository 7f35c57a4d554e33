/**
 * Generated sequences: whole numbers, all at once or at a rate of processing time.
 *
 * Owns: which number is due when, its timestamp, and the watermark. Does not own: running it
 * (functions/reads).
 *
 * @see Beam's GenerateSequence
 */
import { type Duration, toMs } from "../model/duration.ts";
import { MeshError } from "../model/errors.ts";
import { addMs, type Timestamp, type TimestampLike, toTimestamp } from "../model/time.ts";
import type { Source } from "./source.ts";
import {
  MAX_OFFSET,
  type OffsetRange,
  OffsetRangeTracker,
  splitOffsetRange,
} from "./splittable/offset-range.ts";
import { ProcessContinuation } from "./splittable/process-continuation.ts";
import type { Claims } from "./splittable/restriction-tracker.ts";
import { type ReadContext, splittable } from "./splittable/splittable.ts";
import { watermarkEstimators } from "./splittable/watermark-estimator.ts";

/** What to count. */
export interface GenerateSequenceOptions {
  /** The first number; 0 where left out. */
  readonly from?: number;
  /** Behind the last number. Left out: it ends with `maxReadTime`, or never; then `rate` is needed. */
  readonly to?: number;
  /** So many elements in each period of processing time, beginning with the launch. */
  readonly rate?: { readonly elements: number; readonly per: Duration };
  /**
   * Event time of a number; at a rate it must not go down. Left out: −∞, and at a rate the moment at
   * which the number is due.
   */
  readonly timestamp?: (n: number) => TimestampLike;
  /** Ends after so much processing time; needs a rate. */
  readonly maxReadTime?: Duration;
}

/** Numbers at a rate that began at `startMs`, where `first` was due. */
interface RatedRange extends OffsetRange {
  readonly first: number;
  readonly startMs: number;
}

/** Numbers a shard takes at least, so that a short sequence is no more work than it must be. */
const SPLIT_NUMBERS_MIN = 1_000;

/**
 * Returns whole numbers that go up by one. With an end (`to`, `maxReadTime`) the PCollection is
 * bounded, also at a rate.
 *
 * @throws ERR_OPTION if it would never end and has no rate, or a number is none
 * @throws ERR_DURATION if a duration can't be read
 * @example p.read(generateSequence({ from: 0, to: 1_000 }))
 * @example p.read(generateSequence({ rate: { elements: 10, per: { seconds: 1 } } }))
 */
export function generateSequence(options: GenerateSequenceOptions): Source<number> {
  const { from = 0, to, rate } = options;
  requireNumbers(options);
  return rate === undefined
    ? countedSource({ from, to: to ?? MAX_OFFSET }, options.timestamp)
    : ratedSource(from, options, rate);
}

function countedSource(
  range: OffsetRange,
  timestamp: GenerateSequenceOptions["timestamp"],
): Source<number> {
  return splittable<number>({
    name: "generateSequence",
    bounded: true,
    initialRestriction: () => range,
    split: (whole, wanted) => splitOffsetRange(whole, wanted, SPLIT_NUMBERS_MIN),
    newTracker: (part) => new OffsetRangeTracker(part),
    process(tracker, out) {
      for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) {
        if (timestamp === undefined) out.output(n);
        else out.output(n, { timestamp: timestamp(n) });
      }
    },
  });
}

function ratedSource(
  first: number,
  options: GenerateSequenceOptions,
  rate: NonNullable<GenerateSequenceOptions["rate"]>,
): Source<number> {
  const { to = MAX_OFFSET } = options;
  const pace = new Pace(options, rate);
  return splittable<number, RatedRange>({
    name: "generateSequence",
    bounded: options.to !== undefined || options.maxReadTime !== undefined,
    watermark:
      options.timestamp === undefined
        ? watermarkEstimators.manual()
        : watermarkEstimators.monotonicallyIncreasing(),
    initialRestriction: ({ nowMs }) => ({ from: first, to, first, startMs: nowMs }),
    newTracker: (range) => new OffsetRangeTracker(range),
    process: (tracker, out) => pace.emitDue(tracker, out),
  });
}

/** Which number is due when. */
class Pace {
  readonly #elements: number;
  readonly #periodMs: number;
  readonly #lastsMs: number;
  readonly #timestamp: GenerateSequenceOptions["timestamp"];

  constructor(
    { timestamp, maxReadTime }: GenerateSequenceOptions,
    { elements, per }: NonNullable<GenerateSequenceOptions["rate"]>,
  ) {
    this.#elements = elements;
    this.#periodMs = toMs(per, "generateSequence: rate.per");
    this.#lastsMs =
      maxReadTime === undefined
        ? Number.POSITIVE_INFINITY
        : toMs(maxReadTime, "generateSequence: maxReadTime");
    this.#timestamp = timestamp;
  }

  emitDue(
    tracker: Claims<RatedRange, number>,
    out: ReadContext<number>,
  ): ProcessContinuation | undefined {
    const range = tracker.currentRestriction();
    const nowMs = out.nowMs();
    const endMs = range.startMs + this.#lastsMs;
    const elapsedMs = Math.min(nowMs, endMs - 1) - range.startMs;
    const due = range.first + 1 + Math.floor((elapsedMs * this.#elements) / this.#periodMs);
    let n = range.from;
    for (; n < due || n >= range.to; n++) {
      if (!tracker.tryClaim(n)) return undefined;
      if (this.#timestamp !== undefined) out.output(n, { timestamp: this.#timestamp(n) });
      else {
        out.output(n, { timestamp: this.#dueAt(n, range) });
        out.setWatermark(this.#dueAt(n + 1, range));
      }
    }
    if (nowMs >= endMs) {
      tracker.tryClaim(range.to); // Nothing more is ever due: this is the end.
      return undefined;
    }
    return ProcessContinuation.resume({
      delay: Math.max(1, Math.min(this.#dueAt(n, range), endMs) - nowMs),
    });
  }

  #dueAt(n: number, { first, startMs }: RatedRange): Timestamp {
    const waitMs = Math.ceil(((n - first) * this.#periodMs) / this.#elements);
    return addMs(toTimestamp(startMs), waitMs);
  }
}

function requireNumbers({ from = 0, to, rate, maxReadTime }: GenerateSequenceOptions): void {
  const numbers = { from, to: to ?? from, "rate.elements": rate?.elements ?? 1 };
  for (const [name, value] of Object.entries(numbers)) {
    if (Number.isSafeInteger(value) && (name !== "rate.elements" || value > 0)) continue;
    throw new MeshError("ERR_OPTION", `generateSequence: ${name} is no such number: ${value}.`);
  }
  if (rate !== undefined) return;
  if (to === undefined || maxReadTime !== undefined) {
    throw new MeshError(
      "ERR_OPTION",
      "generateSequence: without a rate it must have an end: give `to`, and no maxReadTime; or give `rate: { elements: 10, per: { seconds: 1 } }`.",
    );
  }
}
