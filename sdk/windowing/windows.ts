/**
 * What the author writes for a window function.
 */
import { type Duration, toMs } from "../model/duration.ts";
import { MeshError } from "../model/errors.ts";
import type { WindowFnSpec } from "./windowing-strategy.ts";

// Beyond ten thousand years the sums of times and sizes would leave the safe integers.
const sizeMsMax = 315_576_000_000_000;

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
): WindowFnSpec {
  const sizeMs = toMs(size, "fixedWindows: size");
  const offsetMs = toMs(options.offset ?? 0, "fixedWindows: offset");
  if (sizeMs === 0 || sizeMs > sizeMsMax) {
    throw new MeshError(
      "ERR_DURATION",
      `fixedWindows: the size must be from 1 ms to 10,000 years, not ${sizeMs} ms. For one window over all of time use globalWindow().`,
    );
  }
  if (offsetMs >= sizeMs) {
    throw new MeshError(
      "ERR_DURATION",
      `fixedWindows: the offset (${offsetMs} ms) must be below the size (${sizeMs} ms).`,
    );
  }
  return Object.freeze({ kind: "fixed", sizeMs, offsetMs });
}

/**
 * Returns the one window that holds all of time, which every source starts with.
 *
 * @example hourly.windowInto(globalWindow())
 * @see https://beam.apache.org/documentation/programming-guide/#single-global-window
 */
export function globalWindow(): WindowFnSpec {
  return Object.freeze({ kind: "global" });
}
