import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import {
  GLOBAL_WINDOW,
  maxTimestamp,
  parseWindowKey,
  type Window,
  windowKey,
} from "../../sdk/model/window.ts";
import { calendarWindows } from "../../sdk/windowing/calendar-windows.ts";
import { mergerOf } from "../../sdk/windowing/merge-windows.ts";
import { assignerOf, windowsAssignerOf } from "../../sdk/windowing/window-fn.ts";
import {
  fixedWindows,
  globalWindow,
  sessions,
  slidingWindows,
} from "../../sdk/windowing/windows.ts";
import { sessionsOf } from "../support/oracle.ts";

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

test("a window comes back from its key, with any label, and no key holds a space", () => {
  const windows = fc.tuple(fc.oneof(anyFixed, fc.constant(globalWindow())), anyTime);
  // Halves of surrogate pairs too.
  const units = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));
  const labels = fc.option(fc.string({ unit: units }), { nil: undefined });
  fc.assert(
    fc.property(windows, labels, ([spec, time], label) => {
      const plain = assignerOf(spec)(time);
      const window: Window = label === undefined ? plain : { ...plain, label };
      expect(windowKey(window)).not.toContain(" ");
      expect(parseWindowKey(windowKey(window))).toEqual(window);
    }),
  );
});

const anySliding = fc
  .record({ size: fc.integer({ min: 1, max: 500 }), period: fc.integer({ min: 1, max: 700 }) })
  .chain(({ size, period }) =>
    fc
      .integer({ min: 0, max: period - 1 })
      .map((offset) => slidingWindows(size, { period, offset })),
  );

test("sliding windows are all windows that begin at a period and hold the timestamp", () => {
  const times = fc.array(fc.integer({ min: -3_000, max: 3_000 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(anySliding, times, ({ sizeMs, periodMs, offsetMs, ...rest }, list) => {
      const assign = windowsAssignerOf({ sizeMs, periodMs, offsetMs, ...rest });
      for (const time of list) {
        const starts: number[] = [];
        for (let start = time - sizeMs + 1; start <= time; start++) {
          if (Math.abs((start - offsetMs) % periodMs) === 0) starts.push(start);
        }
        const windows = assign(time as Timestamp, undefined, GLOBAL_WINDOW);
        expect(windows.map(({ start, end }) => [start, end]).sort((a, b) => a[0]! - b[0]!)).toEqual(
          starts.map((start) => [start, start + sizeMs]),
        );
      }
    }),
  );
});

const zones = [
  "UTC",
  "America/New_York",
  "America/Havana", // Puts its clock back from 1 to 0 o'clock.
  "America/Sao_Paulo", // Skipped midnight, and put its clock back over it.
  "Asia/Beirut",
  "Asia/Kolkata",
  "Australia/Lord_Howe", // Half an hour.
  "Pacific/Apia", // Left out a whole day in 2011.
  "Pacific/Kiritimati",
  "Africa/Monrovia",
];

const anyCalendar = fc
  .record({
    timeZone: fc.constantFrom(...zones),
    amount: fc.integer({ min: 1, max: 40 }),
    day: fc.integer({ min: 1, max: 28 }),
    month: fc.integer({ min: 1, max: 12 }),
    year: fc.integer({ min: 1900, max: 2100 }),
  })
  .chain(({ timeZone, amount, day, month, year }) =>
    fc.constantFrom(
      calendarWindows.days(amount, { timeZone, startDay: { year, month, day } }),
      calendarWindows.weeks(amount, { timeZone, startWeekday: "sunday" }),
      calendarWindows.months(amount, {
        timeZone,
        startMonth: { year, month },
        startDayOfMonth: day,
      }),
      calendarWindows.years(amount, { timeZone, startYear: year, startDate: { month, day } }),
    ),
  );

const anyCalendarTime = fc.oneof(
  fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2100, 0) }),
  fc.constantFrom<number>(MIN_TIMESTAMP, MIN_TIMESTAMP + 1, maxTimestamp(GLOBAL_WINDOW), 0, -1),
  fc.constantFrom<number>(MAX_TIMESTAMP, MAX_TIMESTAMP - 1, Date.UTC(-50, 3), Date.UTC(99, 0)),
);

test("calendar windows hold their timestamps, and each ends where the next begins", () => {
  const insideMax = maxTimestamp(GLOBAL_WINDOW);
  fc.assert(
    fc.property(
      anyCalendar,
      fc.array(anyCalendarTime, { minLength: 1, maxLength: 5 }),
      (spec, times) => {
        const assign = assignerOf(spec);
        for (const time of times) {
          const window = assign(time as Timestamp);
          expect(window).toEqual(assignerOf(spec)(time as Timestamp));
          if (time > MIN_TIMESTAMP) expect(window.start).toBeLessThanOrEqual(time);
          if (time <= insideMax) expect(window.end).toBeGreaterThan(time);
          if (window.end < GLOBAL_WINDOW.end) expect(assign(window.end).start).toBe(window.end);
          if (window.start > MIN_TIMESTAMP + 1 && time <= insideMax) {
            expect(assign((window.start - 1) as Timestamp).end).toBe(window.start);
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("sessions merge as one pass over the sorted times has them, in any order and any steps", () => {
  const gap = 7;
  const times = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 9 }), (list, stepSize) => {
      const assign = assignerOf(sessions(gap));
      const merge = mergerOf(sessions(gap));
      let open = new Map<string, Window>();
      for (let from = 0; from < list.length; from += stepSize) {
        for (const time of list.slice(from, from + stepSize)) {
          const window = assign(time as Timestamp);
          open.set(windowKey(window), window);
        }
        const next = new Map(open);
        for (const { windows, into } of merge([...open.values()])) {
          for (const window of windows) next.delete(windowKey(window));
          next.set(windowKey(into), into);
        }
        open = next;
      }
      const merged = [...open.values()].sort((a, b) => a.start - b.start);
      const expected = sessionsOf(
        list.map((time) => ({ time })),
        gap,
      );
      expect(merged).toEqual(expected.map(({ start, end }) => ({ start, end })));
    }),
  );
});
