/**
 * What the author writes for a window function that looks at the time alone.
 */
import { type Duration, toMs } from "../model/duration.ts";
import { MeshError } from "../model/errors.ts";
import type {
  FixedWindows,
  GlobalWindows,
  SessionWindows,
  SlidingWindows,
} from "./window-fn-spec.ts";

// Beyond ten thousand years the sums of times and sizes would leave the safe integers.
const sizeMsMax = 315_576_000_000_000;
/** An element is kept once for each of its windows; more are a mistake in a unit. */
const windowsPerElementMax = 10_000;

/**
 * Returns windows of one size, side by side: hours, days.
 *
 * An element at `t` falls into the window that starts at `t - floorMod(t - offset, size)`.
 *
 * @param size - length of each window, above 0
 * @param options - `offset`: how far the windows start after the epoch, below `size`
 * @throws ERR_DURATION if the size is 0 or too long, or the offset is not below it
 * @example fixedWindows({ days: 1 }, { offset: { hours: 5 } })
 * @see https://beam.apache.org/documentation/programming-guide/#fixed-time-windows
 */
export function fixedWindows(
  size: Duration,
  options: { readonly offset?: Duration } = {},
): FixedWindows {
  const sizeMs = sizeOf(size, "fixedWindows: size");
  const offsetMs = offsetOf(options.offset, sizeMs, "fixedWindows", "size");
  return Object.freeze({ kind: "fixed", sizeMs, offsetMs });
}

/**
 * Returns windows of one size, one begun each period: an element counts once in each window that
 * it lies in, which are size ÷ period windows.
 *
 * @param size - length of each window, above 0
 * @param options - `period`: from one window's start to the next; by default an hour, a minute, a
 *   second or a millisecond, whichever is the largest below the size. One that is longer than the
 *   size leaves gaps, and what lies in a gap is in no window. `offset`: how far the windows start
 *   after the epoch, below the period
 * @throws ERR_DURATION if the size or the period is 0 or too long, or so far apart that an element
 *   would be in more than ten thousand windows, or the offset is not below the period
 * @example slidingWindows({ minutes: 10 }, { period: { minutes: 1 } })
 * @see https://beam.apache.org/documentation/programming-guide/#sliding-time-windows
 */
export function slidingWindows(
  size: Duration,
  options: { readonly period?: Duration; readonly offset?: Duration } = {},
): SlidingWindows {
  const sizeMs = sizeOf(size, "slidingWindows: size");
  const periodMs = sizeOf(options.period ?? defaultPeriodMs(sizeMs), "slidingWindows: period");
  const offsetMs = offsetOf(options.offset, periodMs, "slidingWindows", "period");
  if (sizeMs / periodMs > windowsPerElementMax) {
    throw new MeshError(
      "ERR_DURATION",
      `slidingWindows: with a size of ${sizeMs} ms and a period of ${periodMs} ms each element would be in ${Math.ceil(sizeMs / periodMs)} windows; at most ${windowsPerElementMax} are allowed.`,
    );
  }
  return Object.freeze({ kind: "sliding", sizeMs, periodMs, offsetMs });
}

/**
 * Returns windows of activity: for each key, elements less than `gap` apart are in one window. It
 * begins with the first and ends `gap` after the last.
 *
 * @param gap - how long a key must be silent for its window to end, above 0
 * @throws ERR_DURATION if the gap is 0 or too long
 * @example clicks.keyBy((c) => c.user).windowInto(sessions({ minutes: 30 }))
 * @see https://beam.apache.org/documentation/programming-guide/#session-windows
 */
export function sessions(gap: Duration): SessionWindows {
  return Object.freeze({ kind: "sessions", gapMs: sizeOf(gap, "sessions: gap") });
}

/**
 * Returns the one window that holds all of time, which every source starts with.
 *
 * @example hourly.windowInto(globalWindow())
 * @see https://beam.apache.org/documentation/programming-guide/#single-global-window
 */
export function globalWindow(): GlobalWindows {
  return Object.freeze({ kind: "global" });
}

function sizeOf(size: Duration, what: string): number {
  const sizeMs = toMs(size, what);
  if (sizeMs === 0 || sizeMs > sizeMsMax) {
    throw new MeshError(
      "ERR_DURATION",
      `${what} must be from 1 ms to 10,000 years, not ${sizeMs} ms. For one window over all of time use globalWindow().`,
    );
  }
  return sizeMs;
}

function offsetOf(offset: Duration | undefined, belowMs: number, of: string, than: string): number {
  const offsetMs = toMs(offset ?? 0, `${of}: offset`);
  if (offsetMs < belowMs) return offsetMs;
  throw new MeshError(
    "ERR_DURATION",
    `${of}: the offset (${offsetMs} ms) must be below the ${than} (${belowMs} ms).`,
  );
}

function defaultPeriodMs(sizeMs: number): number {
  return [3_600_000, 60_000, 1_000].find((unitMs) => sizeMs > unitMs) ?? 1;
}
