/**
 * Pane tracker: which pane a firing is, from the pane before it.
 *
 * Owns: index and timing of panes. Does not own: when a pane fires (grouping.ts).
 *
 * N1. A window's timings go EARLY*, ON_TIME?, LATE*; at most one pane is ON_TIME.
 * N2. A window whose first output comes after the output watermark passed it is LATE.
 * N3. An index is used only by a pane that is emitted.
 *
 * @see Beam's PaneInfoTracker, whose rules these are
 */
import { NO_FIRING, type PaneInfo, type PaneTiming } from "../sdk/model/pane.ts";
import type { Timestamp } from "../sdk/model/time.ts";
import type { PaneJson } from "./envelope.ts";

/**
 * Returns the pane of a firing.
 *
 * @param previous - the last pane of this key and window, undefined if there was none
 * @param windowMaxTimestamp - the largest timestamp of the window
 * @param watermarks - the stage's watermarks as the shard knows them
 * @param isLast - whether nothing can follow
 */
export function nextPane(
  previous: PaneInfo | undefined,
  windowMaxTimestamp: Timestamp,
  watermarks: readonly [input: Timestamp, output: Timestamp],
  isLast: boolean,
): PaneInfo {
  const [input, output] = watermarks;
  const onlyEarlySoFar = previous === undefined || previous.timing === "EARLY";
  const timing: PaneTiming =
    windowMaxTimestamp < output || !onlyEarlySoFar
      ? "LATE"
      : input > windowMaxTimestamp
        ? "ON_TIME"
        : "EARLY";
  return {
    timing,
    index: previous === undefined ? 0 : previous.index + 1,
    onTimeIndex: timing === "EARLY" ? -1 : previous === undefined ? 0 : previous.onTimeIndex + 1,
    isFirst: previous === undefined,
    isLast,
  };
}

/** Returns a pane as on the wire; undefined for an element that no grouping has seen. */
export function encodePane(pane: PaneInfo): PaneJson | undefined {
  if (pane === NO_FIRING) return undefined;
  return [pane.timing, pane.index, pane.onTimeIndex, pane.isFirst, pane.isLast];
}

/** Returns the pane that `encodePane` wrote. */
export function decodePane(json: PaneJson | undefined): PaneInfo {
  if (json === undefined) return NO_FIRING;
  const [timing, index, onTimeIndex, isFirst, isLast] = json;
  return { timing: timing as PaneTiming, index, onTimeIndex, isFirst, isLast };
}
