import { expect, test } from "vitest";
import {
  calendarWindows,
  customWindows,
  fixedWindows,
  globalWindow,
  sessions,
  slidingWindows,
  type WindowLike,
} from "../../../../sdk/index.ts";
import type { Timestamp } from "../../../../sdk/model/time.ts";
import { GLOBAL_WINDOW } from "../../../../sdk/model/window.ts";
import { assignerOf, windowsAssignerOf } from "../../../../sdk/windowing/window-fn.ts";
import { meshErrorOf } from "../errors.ts";

test("windows are plain data", () => {
  expect(fixedWindows({ hours: 1 }, { offset: { minutes: 5 } })).toEqual({
    kind: "fixed",
    sizeMs: 3_600_000,
    offsetMs: 300_000,
  });
  expect(slidingWindows({ minutes: 10 }, { period: { minutes: 1 }, offset: 5 })).toEqual({
    kind: "sliding",
    sizeMs: 600_000,
    periodMs: 60_000,
    offsetMs: 5,
  });
  expect(sessions({ minutes: 30 })).toEqual({ kind: "sessions", gapMs: 1_800_000 });
  expect(globalWindow()).toEqual({ kind: "global" });
});

test.each([
  [-1, -10, 0],
  [-10, -10, 0],
  [-11, -20, -10],
  [0, 0, 10],
  [9, 0, 10],
  [10, 10, 20],
])("the time %d falls into the window [%d, %d)", (time, start, end) => {
  expect(assignerOf(fixedWindows(10))(time as Timestamp)).toEqual({ start, end });
});

test.each([
  ["no size", 0, 0],
  ["a size beyond ten thousand years", 4e14, 0],
  ["an offset of a whole size", 10, 10],
  ["a fraction of a millisecond", 1.5, 0],
])("%s is refused", (_, size, offset) => {
  expect(meshErrorOf(() => fixedWindows(size, { offset })).code).toBe("ERR_DURATION");
});

test.each([
  ["a size of two hours", { hours: 2 }, 3_600_000],
  ["a size of one hour", { hours: 1 }, 60_000],
  ["a size of ten seconds", { seconds: 10 }, 1_000],
  ["a size of half a second", 500, 1],
])("%s has sliding windows of the next smaller unit", (_, size, periodMs) => {
  expect(slidingWindows(size).periodMs).toBe(periodMs);
});

test.each([
  ["no period", () => slidingWindows(10, { period: 0 })],
  ["an offset of a whole period", () => slidingWindows(10, { period: 5, offset: 5 })],
  ["more windows than an element can be in", () => slidingWindows({ days: 1 }, { period: 1 })],
  ["a session without a gap", () => sessions(0)],
])("%s is refused", (_, make) => {
  expect(meshErrorOf(make).code).toBe("ERR_DURATION");
});

const day = (iso: string): number => Date.parse(iso);

test.each([
  [
    "a day where the clock is put forward",
    calendarWindows.days(1, { timeZone: "Europe/Berlin" }),
    ["2026-03-29T12:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z"],
  ],
  [
    "three days, counted from a day of the author's",
    calendarWindows.days(3, { startDay: { year: 2026, month: 1, day: 2 } }),
    ["2025-12-31T00:00Z", "2025-12-30T00:00Z", "2026-01-02T00:00Z"],
  ],
  [
    "a week from Monday",
    calendarWindows.weeks(1),
    ["2026-11-22T23:59Z", "2026-11-16T00:00Z", "2026-11-23T00:00Z"],
  ],
  [
    "a week from Sunday",
    calendarWindows.weeks(1, { startWeekday: "sunday" }),
    ["2026-11-22T00:00Z", "2026-11-22T00:00Z", "2026-11-29T00:00Z"],
  ],
  [
    "two weeks before 1970",
    calendarWindows.weeks(2, { startWeekday: "thursday" }),
    ["1969-12-31T00:00Z", "1969-12-18T00:00Z", "1970-01-01T00:00Z"],
  ],
  [
    "a quarter from the middle of February",
    calendarWindows.months(3, { startMonth: { year: 2026, month: 2 }, startDayOfMonth: 15 }),
    ["2026-02-14T23:59Z", "2025-11-15T00:00Z", "2026-02-15T00:00Z"],
  ],
  [
    "a year from 6 April in London",
    calendarWindows.years(1, { timeZone: "Europe/London", startDate: { month: 4, day: 6 } }),
    ["2026-04-05T22:59Z", "2025-04-05T23:00Z", "2026-04-05T23:00Z"],
  ],
  [
    "a decade",
    calendarWindows.years(10, { startYear: 2000 }),
    ["1999-12-31T23:59Z", "1990-01-01T00:00Z", "2000-01-01T00:00Z"],
  ],
])("%s holds its times", (_, spec, times) => {
  const [time, start, end] = times.map(day);
  expect(assignerOf(spec)(time as Timestamp)).toEqual({ start, end });
});

test.each([
  ["no days", () => calendarWindows.days(0)],
  ["half a day", () => calendarWindows.days(0.5)],
  ["half a week", () => calendarWindows.weeks(0.5)],
  ["a zone that nobody knows", () => calendarWindows.days(1, { timeZone: "Europe/Atlantis" })],
  ["a 31 April", () => calendarWindows.days(1, { startDay: { year: 2026, month: 4, day: 31 } })],
  [
    "a weekday that there is not",
    () => calendarWindows.weeks(1, { startWeekday: "noday" as never }),
  ],
  ["a day that not every month has", () => calendarWindows.months(1, { startDayOfMonth: 29 })],
  ["a 29 February", () => calendarWindows.years(1, { startDate: { month: 2, day: 29 } })],
  ["custom windows without a name", () => customWindows({ name: " ", assign: () => [] })],
  [
    "a merge of windows that do not merge",
    () => customWindows({ name: "n", assign: () => [], isMerging: false, merge: () => [] }),
  ],
])("%s is refused", (_, make) => {
  expect(meshErrorOf(make).code).toBe("ERR_OPTION");
});

function assignCustom(windows: unknown): readonly WindowLike[] {
  const spec = customWindows<string>({ name: "odd", assign: () => windows as WindowLike[] });
  return windowsAssignerOf(spec)(5 as Timestamp, "element", GLOBAL_WINDOW);
}

test("custom windows see element, time and window, and may be several or none", () => {
  const seen: unknown[] = [];
  const spec = customWindows<string>({
    name: "seen",
    assign(context) {
      seen.push(context);
      return [{ start: 0, end: new Date(10), label: "a" }];
    },
  });
  const windows = windowsAssignerOf(spec)(5 as Timestamp, "element", GLOBAL_WINDOW);
  expect(windows).toEqual([{ start: 0, end: 10, label: "a" }]);
  expect(seen).toEqual([{ element: "element", timestamp: 5, window: GLOBAL_WINDOW }]);
  expect(assignCustom([])).toEqual([]);
  expect(assignCustom(new Set([{ start: 6, end: 7 }]))).toEqual([{ start: 6, end: 7 }]);
});

test.each([
  ["nothing", undefined],
  ["one window, not in a list", { start: 0, end: 10 }],
  ["a window without an end", [{ start: 0 }]],
  ["a window whose start is no time", [{ start: "now", end: 10 }]],
  ["a window that ends before it starts", [{ start: 10, end: 10 }]],
  ["a window that ends before its element", [{ start: 0, end: 5 }]],
  ["a label that is no text", [{ start: 0, end: 10, label: 7 }]],
  ["no window at all", [undefined]],
])("custom windows that give %s fail, and are named", (_, windows) => {
  expect(() => assignCustom(windows)).toThrow('custom windows "odd"');
});
