/**
 * Selection: which of a PCollection's elements an assertion looks at, by window and pane.
 *
 * The rules are those of Beam's PaneExtractors.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/testing/PAssert.html
 */
import type { PaneInfo, PaneTiming } from "../model/pane.ts";
import { type TimestampLike, toTimestamp } from "../model/time.ts";
import { GLOBAL_WINDOW, type Window } from "../model/window.ts";
import type { Reified } from "./assertion.ts";
import { show, showWindow } from "./show.ts";

/** A window as a test writes it: its start and its end, which is not part of it. */
export interface WindowLike {
  readonly start: TimestampLike;
  readonly end: TimestampLike;
}

/** Which elements an assertion looks at. */
export interface Selection {
  /** Continues "the elements": `in the on-time pane of …`; empty for all of them. */
  readonly words: string;
  /** @throws Error if one of the elements must not be there at all */
  readonly pick: (elements: readonly Reified<unknown>[]) => readonly Reified<unknown>[];
}

/** All elements of all windows. */
export const EVERYTHING: Selection = { words: "", pick: (elements) => elements };

/** The panes that a test can select in one window. */
export type PaneName = "all" | "only" | "onTime" | "early" | "late" | "final" | "nonLate";

const words: Readonly<Record<PaneName, string>> = {
  all: "",
  only: "in the only pane of ",
  onTime: "in the on-time pane of ",
  early: "in the early panes of ",
  late: "in the late panes of ",
  final: "in the final pane of ",
  nonLate: "in the panes that are not late of ",
};

/** Returns the selection of some panes of one window. */
export function selectionOf(panes: PaneName, like: WindowLike = GLOBAL_WINDOW): Selection {
  const window: Window = { start: toTimestamp(like.start), end: toTimestamp(like.end) };
  const within = (element: Reified<unknown>): boolean =>
    element.window.start === window.start && element.window.end === window.end;
  const chosen = panes === "only" ? requireOnly : keeps[panes];
  return {
    words: `${panes === "all" ? "in " : words[panes]}${showWindow(window)}`,
    pick: (elements) => elements.filter((element) => within(element) && chosen(element)),
  };
}

const keeps: Readonly<Record<Exclude<PaneName, "only">, (element: Reified<unknown>) => boolean>> = {
  all: () => true,
  onTime: withTiming("ON_TIME"),
  early: withTiming("EARLY"),
  late: withTiming("LATE"),
  final: ({ pane }) => pane.isLast,
  nonLate: ({ pane }) => pane.timing !== "LATE",
};

function withTiming(timing: PaneTiming): (element: Reified<unknown>) => boolean {
  return ({ pane }) => pane.timing === timing;
}

function requireOnly({ value, pane }: Reified<unknown>): boolean {
  if (pane.isFirst && pane.isLast) return true;
  const which = pane.isFirst ? "not the last" : "not the first";
  throw new Error(
    `the window has more than one pane: ${show(value)} is in one that is ${which} (${showPane(pane)})`,
  );
}

function showPane({ timing, index }: PaneInfo): string {
  return `${timing}, index ${index}`;
}
