/**
 * The windowing strategy of a PCollection: plain data, so that a plan can carry it.
 *
 * Owns: its shape, its default, and what a grouping makes of it. Does not own: what an author may
 * say (transforms/window-into.ts).
 *
 * @see https://beam.apache.org/documentation/programming-guide/#windowing
 */
import { continuationOf } from "./continuation.ts";
import type { TriggerSpec } from "./trigger-spec.ts";
import type { WindowFnSpec } from "./window-fn-spec.ts";

/** Whether a pane holds only what is new (`discarding`) or all so far (`accumulating`). */
export type AccumulationMode = "discarding" | "accumulating";

/** What timestamp a pane gets. */
export type TimestampCombiner = "endOfWindow" | "earliest" | "latest";

/** How a PCollection is windowed, and when its windows are emitted and forgotten. */
export interface WindowingStrategy {
  readonly windowFn: WindowFnSpec;
  /**
   * Whether the next grouping merges windows: `none` if they never merge, `done` if a grouping
   * has merged them already and they stay as they are.
   */
  readonly merging: "none" | "needed" | "done";
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
  merging: "none",
  trigger: { kind: "default" },
  accumulation: "discarding",
  allowedLatenessMs: 0,
  timestampCombiner: "endOfWindow",
  closing: "fireIfNonEmpty",
  onTime: "fireAlways",
});

/** Returns the windowing of what a grouping emits: windows are merged, and the trigger goes on. */
export function groupedWindowing(input: WindowingStrategy): WindowingStrategy {
  const merging = input.merging === "needed" ? "done" : input.merging;
  const trigger = continuationOf(input.trigger);
  if (merging === input.merging && trigger === input.trigger) return input;
  return Object.freeze({ ...input, merging, trigger });
}

/** Returns a strategy without the author's functions: what a plan holds. */
export function plainWindowing(windowing: WindowingStrategy): WindowingStrategy {
  if (windowing.windowFn.kind !== "custom") return windowing;
  const { code: _, ...windowFn } = windowing.windowFn;
  return { ...windowing, windowFn };
}
