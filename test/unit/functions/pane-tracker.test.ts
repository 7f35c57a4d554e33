/**
 * Pane tracker: the rules of Beam's PaneInfoTracker, as a table (N1 to N3).
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePane, encodePane, nextPane } from "../../../functions/pane-tracker.ts";
import { NO_FIRING, type PaneInfo, type PaneTiming } from "../../../sdk/model/pane.ts";
import { at } from "../../support/builders.ts";

const end = at(9);

function pane(timing: PaneTiming, index: number, onTimeIndex: number): PaneInfo {
  return { timing, index, onTimeIndex, isFirst: index === 0, isLast: false };
}

test.each<{ before: PaneInfo | undefined; wm: readonly [number, number]; gives: PaneInfo }>([
  { before: undefined, wm: [5, 5], gives: pane("EARLY", 0, -1) },
  // The end has passed only when the watermark is after the last timestamp, not at it.
  { before: undefined, wm: [9, 9], gives: pane("EARLY", 0, -1) },
  { before: undefined, wm: [10, 9], gives: pane("ON_TIME", 0, 0) },
  // The first output of a window that the output watermark has passed is late, never on time.
  { before: undefined, wm: [10, 10], gives: pane("LATE", 0, 0) },
  { before: pane("EARLY", 0, -1), wm: [5, 5], gives: pane("EARLY", 1, -1) },
  // The first pane that is not early counts from 0.
  { before: pane("EARLY", 1, -1), wm: [10, 9], gives: pane("ON_TIME", 2, 0) },
  { before: pane("EARLY", 1, -1), wm: [12, 12], gives: pane("LATE", 2, 0) },
  { before: pane("ON_TIME", 0, 0), wm: [12, 9], gives: pane("LATE", 1, 1) },
  // Also where the shard's watermark stands before the end: an on-time pane comes once.
  { before: pane("ON_TIME", 0, 0), wm: [5, 5], gives: pane("LATE", 1, 1) },
  { before: pane("LATE", 1, 1), wm: [12, 12], gives: pane("LATE", 2, 2) },
])("after $before.timing with watermarks $wm comes $gives.timing", ({ before, wm, gives }) => {
  expect(nextPane(before, end, [at(wm[0]), at(wm[1])], false)).toEqual(gives);
});

test("timings go EARLY*, ON_TIME?, LATE* and indexes count, for any watermarks", () => {
  const watermark = fc.tuple(fc.nat(20), fc.nat(20));
  fc.assert(
    fc.property(fc.array(watermark, { maxLength: 12 }), (watermarks) => {
      const panes: PaneInfo[] = [];
      for (const [a, b] of watermarks) {
        const known = [at(Math.max(a, b)), at(Math.min(a, b))] as const;
        panes.push(nextPane(panes.at(-1), end, known, false));
      }
      expect(panes.map(({ timing }) => timing[0]).join("")).toMatch(/^E*O?L*$/);
      expect(panes.map(({ index }) => index)).toEqual(panes.map((_, i) => i));
    }),
  );
});

test("a pane comes back from the wire, and no firing needs none", () => {
  const late = pane("LATE", 3, 2);
  expect(decodePane(encodePane(late))).toEqual(late);
  expect(encodePane(NO_FIRING)).toBeUndefined();
  expect(decodePane(undefined)).toBe(NO_FIRING);
});
