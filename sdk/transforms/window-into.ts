/**
 * windowInto: from the author's options and the input's windowing to the output's.
 */
import { type Duration, toMs } from "../model/duration.ts";
import { MeshError } from "../model/errors.ts";
import type { TriggerSpec } from "../windowing/trigger-spec.ts";
import { isMergingFn, type WindowFnSpec } from "../windowing/window-fn-spec.ts";
import type {
  AccumulationMode,
  TimestampCombiner,
  WindowingStrategy,
} from "../windowing/windowing-strategy.ts";

/** When panes come, and what each holds: a trigger asks for both to be said. */
export type TriggerOptions =
  | {
      /** When a window's contents are emitted. */
      readonly trigger: TriggerSpec;
      /** Whether a later pane holds only what is new, or all so far. */
      readonly accumulation: AccumulationMode;
    }
  | { readonly trigger?: never; readonly accumulation?: AccumulationMode };

/** What `windowInto` may say beside the windows. What is left out stays as it was. */
export type WindowOptions = TriggerOptions & {
  /** How long after its end, in event time, a window still takes elements. */
  readonly allowedLateness?: Duration;
  /** What timestamp a pane gets. */
  readonly timestampCombiner?: TimestampCombiner;
  /** Whether a window that closes emits a last pane even if it would be empty. */
  readonly closing?: WindowingStrategy["closing"];
  /** Whether a window's end emits a pane even if nothing is new. */
  readonly onTime?: WindowingStrategy["onTime"];
};

/**
 * Returns the windowing of what is windowed anew. Allowed lateness never shrinks, since elements
 * may come late already by what the input allowed (as in Beam's Java SDK).
 *
 * @throws ERR_DURATION if `allowedLateness` can't be read
 * @throws ERR_OPTION if there is a trigger, and nothing says what a later pane holds
 * @throws ERR_UNSUPPORTED for panes that take back what earlier ones said
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/Window.html
 */
export function rewindow(
  input: WindowingStrategy,
  windowFn: WindowFnSpec,
  options: WindowOptions,
): WindowingStrategy {
  requireAccumulation(options);
  const latenessMs = toMs(options.allowedLateness ?? 0, "windowInto: allowedLateness");
  return Object.freeze({
    windowFn,
    merging: isMergingFn(windowFn) ? "needed" : "none",
    trigger: options.trigger ?? input.trigger,
    accumulation: options.accumulation ?? input.accumulation,
    allowedLatenessMs: Math.max(latenessMs, input.allowedLatenessMs),
    timestampCombiner: options.timestampCombiner ?? input.timestampCombiner,
    closing: options.closing ?? input.closing,
    onTime: options.onTime ?? input.onTime,
  });
}

/** Authors who write JavaScript have no type checker that asks them. */
function requireAccumulation({ trigger, accumulation }: WindowOptions): void {
  const said: string | undefined = accumulation;
  if (said === "accumulatingAndRetracting") {
    throw new MeshError(
      "ERR_UNSUPPORTED",
      'windowInto: accumulation "accumulatingAndRetracting" is not supported: no pane takes back what an earlier one said. Use "accumulating", and replace by window behind it.',
    );
  }
  if (said === "discarding" || said === "accumulating") return;
  if (said === undefined && trigger === undefined) return;
  const found = said === undefined ? "a trigger, but no accumulation" : `accumulation: ${said}`;
  throw new MeshError(
    "ERR_OPTION",
    `windowInto: there is ${found}. Say whether a later pane holds only what is new ("discarding") or all so far ("accumulating").`,
  );
}
