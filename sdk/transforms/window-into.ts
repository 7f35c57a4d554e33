/**
 * windowInto: from the author's options and the input's windowing to the output's.
 */
import { type Duration, toMs } from "../model/duration.ts";
import type {
  AccumulationMode,
  TimestampCombiner,
  WindowFnSpec,
  WindowingStrategy,
} from "../windowing/windowing-strategy.ts";

/** What `windowInto` may say beside the windows. What is left out stays as it was. */
export interface WindowOptions {
  /** How long after its end, in event time, a window still takes elements. */
  readonly allowedLateness?: Duration;
  /** Whether a later pane holds only what is new, or all so far. */
  readonly accumulation?: AccumulationMode;
  /** What timestamp a pane gets. */
  readonly timestampCombiner?: TimestampCombiner;
  /** Whether a window that closes emits a last pane even if it would be empty. */
  readonly closing?: WindowingStrategy["closing"];
  /** Whether a window's end emits a pane even if nothing is new. */
  readonly onTime?: WindowingStrategy["onTime"];
}

/**
 * Returns the windowing of what is windowed anew. Allowed lateness never shrinks, since elements
 * may come late already by what the input allowed (as in Beam's Java SDK).
 *
 * @throws ERR_DURATION if `allowedLateness` can't be read
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/Window.html
 */
export function rewindow(
  input: WindowingStrategy,
  windowFn: WindowFnSpec,
  options: WindowOptions,
): WindowingStrategy {
  const latenessMs = toMs(options.allowedLateness ?? 0, "windowInto: allowedLateness");
  return Object.freeze({
    windowFn,
    trigger: input.trigger,
    accumulation: options.accumulation ?? input.accumulation,
    allowedLatenessMs: Math.max(latenessMs, input.allowedLatenessMs),
    timestampCombiner: options.timestampCombiner ?? input.timestampCombiner,
    closing: options.closing ?? input.closing,
    onTime: options.onTime ?? input.onTime,
  });
}
