/**
 * Splittable reads: Beam's splittable DoFn, as a source of its own and for each element.
 *
 * Owns: what an author says of one. Does not own: how it is run, cut and kept (functions/reads).
 *
 * A read is a *restriction*: what there is to read, as data. `split` cuts it for several shards. Each
 * call of `process` claims its positions one by one and emits what lies there; the mesh refuses a
 * claim when the call has done enough, and takes the rest up in a later one.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#splittable-dofns
 */
import { MeshError } from "../../model/errors.ts";
import type { TimestampLike } from "../../model/time.ts";
import type { Source } from "../source.ts";
import type { OffsetRange } from "./offset-range.ts";
import type { ProcessContinuation } from "./process-continuation.ts";
import type { Claims, RestrictionTracker } from "./restriction-tracker.ts";
import type { NewWatermarkEstimator } from "./watermark-estimator.ts";

/** The moment at which something is begun. */
export interface ReadStart {
  /** Processing time, in ms. */
  readonly nowMs: number;
}

/** What `process` gives to the mesh. */
export interface ReadContext<T> {
  /**
   * Emits an element of the position that was claimed last. Without a `timestamp` it gets the time
   * of the element that is read; in a source that of the call if it is unbounded, else −∞.
   *
   * @throws ERR_TIMESTAMP if `timestamp` lies before the time of the element that is read
   */
  output(value: T, options?: { readonly timestamp?: TimestampLike }): void;
  /** Makes a dead letter of something that can't be read, with the reason; the read goes on. */
  setAside(record: unknown, cause: unknown): void;
  /**
   * Tells a manual estimator that no later output will be older.
   *
   * @throws ERR_TIMESTAMP if it goes back
   */
  setWatermark(watermark: TimestampLike): void;
  /** Processing time, in ms. */
  nowMs(): number;
}

/** How a call of `process` ends; nothing is `ProcessContinuation.stop()`. */
export type ProcessEnd = ProcessContinuation | undefined;

interface SplittableBase<R, P> {
  /** Names the read in plans and errors. */
  readonly name: string;
  /** Whether every restriction comes to an end by itself. */
  readonly bounded: boolean;
  /** How far event time has come. Needed if unbounded; without one it is −∞ until all is read. */
  readonly watermark?: NewWatermarkEstimator;
  /** Returns the tracker of a restriction, for one call of `process`. */
  newTracker(restriction: R): RestrictionTracker<R, P>;
}

/**
 * A read that begins by itself: elements `T`, restrictions `R`, positions `P`.
 *
 * All but `process` and `setWatermark` must be deterministic, and `process` may be called more than
 * once for a position: what one call emits counts once.
 */
export interface Splittable<T, R, P> extends SplittableBase<R, P> {
  /** Returns all that there is to read. Called once, when the pipeline is launched. */
  initialRestriction(start: ReadStart): R | Promise<R>;
  /** Cuts a restriction into parts for about `wanted` shards; one part where left out. */
  split?(restriction: R, wanted: number): readonly R[] | Promise<readonly R[]>;
  /** Claims positions and emits what lies there. */
  process(tracker: Claims<R, P>, out: ReadContext<T>): ProcessEnd | Promise<ProcessEnd>;
  /**
   * What is still to be read of a restriction when the pipeline is drained; undefined: nothing. Left
   * out: a bounded read goes on to its end, an unbounded one ends.
   */
  truncate?(restriction: R): R | undefined;
}

/** A read of each element `E` of a PCollection, for `readEach`; else as `Splittable`. */
export interface SplittableDoFn<E, T, R, P> extends SplittableBase<R, P> {
  /** Returns all that there is to read of an element. */
  initialRestriction(element: E, start: ReadStart): R | Promise<R>;
  /** Cuts a restriction into parts for about `wanted` shards; one part where left out. */
  split?(restriction: R, wanted: number, element: E): readonly R[] | Promise<readonly R[]>;
  /** Claims positions and emits what lies there. */
  process(element: E, tracker: Claims<R, P>, out: ReadContext<T>): ProcessEnd | Promise<ProcessEnd>;
  /** What is still to be read when the pipeline is drained, as in `Splittable`. */
  truncate?(restriction: R, element: E): R | undefined;
}

/** A splittable read whose types nobody needs any more. */
export type AnySplittable = SplittableDoFn<unknown, unknown, unknown, unknown>;

/**
 * Returns a splittable read as a source. The types follow from `initialRestriction`, `newTracker` and
 * the type of `out`; `splittable<T>(…)` means offset ranges.
 *
 * @throws ERR_OPTION if it has no name, or is unbounded and has no watermark estimator
 * @example
 * const ticks = splittable<number>({
 *   name: "ticks",
 *   bounded: true,
 *   initialRestriction: () => ({ from: 0, to: 1_000_000 }),
 *   split: (range, wanted) => splitOffsetRange(range, wanted),
 *   newTracker: (range) => new OffsetRangeTracker(range),
 *   process(tracker, out) {
 *     for (let i = tracker.currentRestriction().from; tracker.tryClaim(i); i++) out.output(i);
 *   },
 * });
 */
export function splittable<T, R = OffsetRange, P = number>(read: Splittable<T, R, P>): Source<T> {
  const { name, bounded, watermark } = read;
  const { split, truncate } = read;
  const fn: SplittableDoFn<unknown, T, R, P> = {
    name,
    bounded,
    ...(watermark !== undefined && { watermark }),
    initialRestriction: (_, start) => read.initialRestriction(start),
    ...(split !== undefined && {
      split: (restriction, wanted) => split.call(read, restriction, wanted),
    }),
    newTracker: (restriction) => read.newTracker(restriction),
    process: (_, tracker, out) => read.process(tracker, out),
    ...(truncate !== undefined && { truncate: (restriction) => truncate.call(read, restriction) }),
  };
  return Object.freeze({ source: Object.freeze({ type: "splittable", fn: requireRunnable(fn) }) });
}

/**
 * Returns a splittable DoFn without its types.
 *
 * @throws ERR_OPTION if it has no name, or is unbounded and has no watermark estimator
 */
export function requireRunnable<E, T, R, P>(fn: SplittableDoFn<E, T, R, P>): AnySplittable {
  const { name, bounded, watermark } = fn;
  if (name.trim() === "") throw new MeshError("ERR_OPTION", "A splittable read needs a name.");
  if (bounded || watermark !== undefined) return fn as AnySplittable;
  throw new MeshError(
    "ERR_OPTION",
    `The splittable read "${name}" is unbounded and has no watermark estimator, so that no window would ever fire. Give it one: watermark: watermarkEstimators.monotonicallyIncreasing(), wallTime() or manual().`,
  );
}
