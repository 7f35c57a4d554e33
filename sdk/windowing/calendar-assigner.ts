/**
 * Calendar windows: which days, months or years a timestamp falls into, in its time zone.
 *
 * Owns: the arithmetic. Days, months and years are counted from the start date, and divided by the
 * windows' size with floor division; the first instant of a day is a matter of the time zone alone.
 *
 * CW1. Windows are side by side: one ends where the next begins, and each holds its timestamps. So
 *      it is where the clock is put back, and where midnight or a whole day does not exist.
 */
import { DateTime } from "luxon";
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../model/time.ts";
import { intervalWindow, type Window } from "../model/window.ts";
import type { CalendarDate, CalendarWindows } from "./window-fn-spec.ts";

const dayMs = 86_400_000;

/** Windows that an assigner remembers: elements come out of order, and a time zone is slow. */
const RECENT_MAX = 4;

/** Returns the function that gives each timestamp its window; it remembers the last few. */
export function calendarAssigner(spec: CalendarWindows): (timestamp: Timestamp) => Window {
  const { amount, timeZone } = spec;
  const recent: Window[] = [];
  const startOf = (index: number): number => firstInstant(dateOf(spec, index * amount), timeZone);
  return (timestamp) => {
    for (const window of recent) {
      if (timestamp >= window.start && timestamp < window.end) return window;
    }
    const local = localDate(timestamp, timeZone);
    let index = Math.floor(unitsSinceStart(spec, local) / amount);
    // The date can be a day off where the clock was put back over midnight.
    while (startOf(index) > timestamp) index--;
    while (startOf(index + 1) <= timestamp) index++;
    const window = intervalWindow(startOf(index), startOf(index + 1));
    recent.unshift(window);
    if (recent.length > RECENT_MAX) recent.pop();
    return window;
  };
}

/** Returns whether a date is a day of the calendar. */
export function dateExists({ year, month, day }: CalendarDate): boolean {
  return DateTime.utc(year, month, day).isValid;
}

/** Returns the day of the week of a date, from 1 for Monday to 7 for Sunday. */
export function weekdayOf({ year, month, day }: CalendarDate): number {
  return DateTime.utc(year, month, day).weekday;
}

function unitsSinceStart({ unit, startDate }: CalendarWindows, local: CalendarDate): number {
  const years = local.year - startDate.year;
  if (unit === "days") return Math.floor((utcMs(local) - utcMs(startDate)) / dayMs);
  const isBeforeDay = local.day < startDate.day;
  if (unit === "months") return years * 12 + local.month - startDate.month - (isBeforeDay ? 1 : 0);
  const isBefore =
    local.month < startDate.month || (local.month === startDate.month && isBeforeDay);
  return years - (isBefore ? 1 : 0);
}

/** The date that lies `units` days, months or years after the start. */
function dateOf({ unit, startDate }: CalendarWindows, units: number): CalendarDate {
  const { year, month, day } = startDate;
  if (unit === "years") return { year: year + units, month, day };
  if (unit === "months") {
    const months = month - 1 + units;
    return { year: year + Math.floor(months / 12), month: (((months % 12) + 12) % 12) + 1, day };
  }
  const ms = utcMs(startDate) + units * dayMs;
  // Beyond the ends of time there are no dates; any year that has none of them will do.
  if (Math.abs(ms) > MAX_TIMESTAMP) return { year: ms < 0 ? -300_000 : 300_000, month: 1, day: 1 };
  const date = new Date(ms);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** A date as if it were in UTC, in ms; `Date.UTC` reads years below 100 as of the 1900s. */
function utcMs({ year, month, day }: CalendarDate): number {
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

/** The date in a time zone; at the ends of time, where local time has none, that of days away. */
function localDate(timestamp: Timestamp, timeZone: string): CalendarDate {
  const inside = Math.min(
    Math.max(timestamp, MIN_TIMESTAMP + 2 * dayMs),
    MAX_TIMESTAMP - 2 * dayMs,
  );
  return DateTime.fromMillis(inside, { zone: timeZone });
}

/** When a date begins in a time zone, in ms; infinite where it is beyond the ends of time. */
function firstInstant(date: CalendarDate, timeZone: string): number {
  const { year, month, day } = date;
  const midnight = DateTime.fromObject({ year, month, day }, { zone: timeZone });
  if (!midnight.isValid) return year < 1970 ? -Infinity : Infinity;
  // Put back over midnight, the clock shows it twice: the day begins with the first.
  return Math.min(...midnight.getPossibleOffsets().map((each) => each.toMillis()));
}
