/**
 * The windowing strategy of a PCollection: plain data, so that a plan can carry it.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#windowing
 */

/** Which windows an element belongs to. */
export type WindowFnSpec =
  | { readonly kind: "global" }
  | { readonly kind: "fixed"; readonly sizeMs: number; readonly offsetMs: number };

/** When a window's contents are emitted. `default`: at its end, then once for each late bundle. */
export type TriggerSpec = { readonly kind: "default" };

/** Whether a pane holds only what is new (`discarding`) or all so far (`accumulating`). */
export type AccumulationMode = "discarding" | "accumulating";

/** What timestamp a pane gets. */
export type TimestampCombiner = "endOfWindow" | "earliest" | "latest";

/** How a PCollection is windowed, and when its windows are emitted and forgotten. */
export interface WindowingStrategy {
  readonly windowFn: WindowFnSpec;
  readonly trigger: TriggerSpec;
  readonly accumulation: AccumulationMode;
  /** How long after its end a window still takes late elements, in ms of event time. */
  readonly allowedLatenessMs: number;
  readonly timestampCombiner: TimestampCombiner;
  /** Whether a window that closes emits a last, possibly empty pane. */
  readonly closing: "fireIfNonEmpty" | "fireAlways";
  /** Whether a window's end emits a pane even if nothing is new. */
  readonly onTime: "fireIfNonEmpty" | "fireAlways";
}

/** Beam's default: one global window, default trigger, no lateness. */
export const DEFAULT_WINDOWING: WindowingStrategy = Object.freeze<WindowingStrategy>({
  windowFn: { kind: "global" },
  trigger: { kind: "default" },
  accumulation: "discarding",
  allowedLatenessMs: 0,
  timestampCombiner: "endOfWindow",
  closing: "fireIfNonEmpty",
  onTime: "fireAlways",
});
