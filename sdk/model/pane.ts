/**
 * Panes: which of a window's firings an element came from.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/PaneInfo.html
 */

/** When a pane fired, relative to the watermark. A window's panes go EARLY*, ON_TIME?, LATE*. */
export type PaneTiming = "EARLY" | "ON_TIME" | "LATE" | "UNKNOWN";

/** Which of a window's firings an element came from. */
export interface PaneInfo {
  readonly timing: PaneTiming;
  /** Counts the panes of this key and window from 0. */
  readonly index: number;
  /** Counts the panes that were not early, from 0; -1 for an early pane. */
  readonly onTimeIndex: number;
  readonly isFirst: boolean;
  /** True if this is known to be the last pane (best effort, as in Beam). */
  readonly isLast: boolean;
}

/** The pane of an element that no grouping has seen yet. */
export const NO_FIRING: PaneInfo = Object.freeze({
  timing: "UNKNOWN",
  index: 0,
  onTimeIndex: 0,
  isFirst: true,
  isLast: true,
});
