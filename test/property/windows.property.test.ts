import fc from "fast-check";
import { expect, test } from "vitest";
import { MIN_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import { GLOBAL_WINDOW, maxTimestamp, parseWindowKey, windowKey } from "../../sdk/model/window.ts";
import { assignerOf } from "../../sdk/windowing/window-fn.ts";
import { fixedWindows, globalWindow } from "../../sdk/windowing/windows.ts";

const anyTime = fc
  .oneof(
    fc.integer({ min: MIN_TIMESTAMP + 1, max: maxTimestamp(GLOBAL_WINDOW) }),
    fc.integer({ min: -100_000, max: 100_000 }),
  )
  .map((ms) => ms as Timestamp);

const anyFixed = fc
  .integer({ min: 1, max: 90_000_000_000 })
  .chain((size) =>
    fc.integer({ min: 0, max: size - 1 }).map((offset) => fixedWindows(size, { offset })),
  );

test("every timestamp lies in its window, before 1970 and with an offset too", () => {
  fc.assert(
    fc.property(fc.oneof(anyFixed, fc.constant(globalWindow())), anyTime, (spec, time) => {
      const window = assignerOf(spec)(time);
      expect(window.start).toBeLessThanOrEqual(time);
      expect(window.end).toBeGreaterThan(time);
    }),
  );
});

test("windows away from the ends of time begin at the offset plus whole sizes", () => {
  fc.assert(
    fc.property(anyFixed, fc.integer({ min: -1e12, max: 1e12 }), (spec, time) => {
      if (spec.kind !== "fixed") return;
      const { start, end } = assignerOf(spec)(time as Timestamp);
      expect(end - start).toBe(spec.sizeMs);
      expect(Math.abs((start - spec.offsetMs) % spec.sizeMs)).toBe(0);
    }),
  );
});

test("an assigner gives the same windows in whatever order it sees the timestamps", () => {
  fc.assert(
    fc.property(anyFixed, fc.array(anyTime), (spec, times) => {
      const assign = assignerOf(spec);
      for (const time of times) expect(assign(time)).toEqual(assignerOf(spec)(time));
    }),
  );
});

test("a window comes back from its key", () => {
  fc.assert(
    fc.property(fc.oneof(anyFixed, fc.constant(globalWindow())), anyTime, (spec, time) => {
      const window = assignerOf(spec)(time);
      expect(parseWindowKey(windowKey(window))).toEqual(window);
    }),
  );
});
