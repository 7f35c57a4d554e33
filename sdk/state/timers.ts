/**
 * Timers: what an author declares under `timers` of a stateful DoFn, and what the DoFn sees of it.
 *
 * Owns: the specs and the interfaces. Does not own: when a timer fires (functions/stateful/).
 *
 * A timer belongs to one key in one window, and has one time at most: to set it again replaces it.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#timers
 */
import type { Duration } from "../model/duration.ts";
import type { Timestamp, TimestampLike } from "../model/time.ts";

/** Event time: the input watermark. Processing time: the clock. */
export type TimeDomain = "event" | "processing";

/** What may be said of a timer's output when it is set. */
export interface TimerOptions {
  /** The timestamp of what the timer emits; it holds the output watermark until the timer fires. */
  readonly outputTimestamp?: TimestampLike;
}

/** One timer of the key and window at hand. */
export interface Timer {
  /**
   * Sets the timer to fire when its time domain has passed `time`. A time that has passed already
   * fires at once, after the elements of the bundle.
   *
   * @throws ERR_TIMESTAMP if an event-time timer would fire after its window has expired, or the
   *   output timestamp lies before the input's own or after the window's expiry
   */
  set(time: TimestampLike, options?: TimerOptions): void;
  /**
   * Sets the timer relative to `getCurrentRelativeTime()`: first `offset` is added, then the time
   * is moved on to the next whole multiple of `align`. One of event time that would come after the
   * window's expiry is set to the expiry; where a timer that fires there sets it, it is left unset, so
   * that what loops ends with its window.
   *
   * @throws ERR_TIMESTAMP for an output timestamp, as `set` does
   */
  setRelative(options?: TimerOptions): void;
  /** How far after now `setRelative` sets the timer. Infinity: at the window's expiry. */
  offset(offset: Duration): Timer;
  /** The period whose next whole multiple `setRelative` moves on to. */
  align(period: Duration): Timer;
  /** The timestamp of what the timer emits. Left out: see `TimerOptions` and docs/semantics.md. */
  withOutputTimestamp(timestamp: TimestampLike): Timer;
  /** The timer emits nothing, and holds no watermark back. */
  withNoOutputTimestamp(): Timer;
  /** Unsets the timer. */
  clear(): void;
  /**
   * Returns what `setRelative` counts from: the clock for processing time; for event time the
   * timestamp of the element, or the time of the timer that fires.
   */
  getCurrentRelativeTime(): Timestamp;
}

/** Any number of timers, by tags that are chosen at run time. */
export interface TimerMap {
  /** Returns the timer of a tag. */
  get(tag: string): Timer;
  /** The same as `get(tag).set(time, options)`. */
  set(tag: string, time: TimestampLike, options?: TimerOptions): void;
}

/** One declared timer, or family of timers; `H` is what the DoFn sees of it. */
export interface TimerSpec<H = unknown> {
  readonly kind: "timer" | "family";
  readonly domain: TimeDomain;
  /** Exists in types only: makes `H` count. */
  readonly handle?: H;
}

/**
 * Declares a timer that fires when the input watermark has passed its time.
 *
 * @example timers: { endOfDay: eventTimer() }
 */
export function eventTimer(): TimerSpec<Timer> {
  return { kind: "timer", domain: "event" };
}

/**
 * Declares a timer that fires when the clock has passed its time. It is dropped when its window
 * expires.
 *
 * @example timers: { flush: processingTimer() }
 */
export function processingTimer(): TimerSpec<Timer> {
  return { kind: "timer", domain: "processing" };
}

/**
 * Declares timers of event time by tags that are chosen at run time.
 *
 * @example timers: { perTag: eventTimerFamily() }
 */
export function eventTimerFamily(): TimerSpec<TimerMap> {
  return { kind: "family", domain: "event" };
}

/**
 * Declares timers of processing time by tags that are chosen at run time.
 *
 * @example timers: { retries: processingTimerFamily() }
 */
export function processingTimerFamily(): TimerSpec<TimerMap> {
  return { kind: "family", domain: "processing" };
}
