/**
 * What the author writes for windows of the calendar: days, weeks, months and years in a time zone.
 *
 * Owns: the options. Does not own: the arithmetic (calendar-assigner.ts).
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/windowing/CalendarWindows.html
 */
import { IANAZone } from "luxon";
import { MeshError } from "../model/errors.ts";
import { dateExists, weekdayOf } from "./calendar-assigner.ts";
import type { CalendarDate, CalendarWindows } from "./window-fn-spec.ts";

/** A day of the week, from Monday. */
export type Weekday =
  | "monday"
  | "tuesday"
  | "wednesday"
  | "thursday"
  | "friday"
  | "saturday"
  | "sunday";

/** Options of all calendar windows. */
export interface CalendarOptions {
  /** IANA name, such as `Europe/Berlin`; UTC where left out. */
  readonly timeZone?: string;
}

/** Options of windows of days. */
export interface DaysOptions extends CalendarOptions {
  /** A day on which a window begins; 1970-01-01 where left out. */
  readonly startDay?: CalendarDate;
}

/** Options of windows of weeks. */
export interface WeeksOptions extends CalendarOptions {
  /** The day on which each window begins; Monday where left out. */
  readonly startWeekday?: Weekday;
}

/** Options of windows of months. */
export interface MonthsOptions extends CalendarOptions {
  /** A month in which a window begins; January 1970 where left out. */
  readonly startMonth?: { readonly year: number; readonly month: number };
  /** The day of the month on which each window begins, 1 to 28; 1 where left out. */
  readonly startDayOfMonth?: number;
}

/** Options of windows of years. */
export interface YearsOptions extends CalendarOptions {
  /** A year in which a window begins; 1970 where left out. */
  readonly startYear?: number;
  /** The day of the year on which each window begins; 1 January where left out. */
  readonly startDate?: { readonly month: number; readonly day: number };
}

/** The four kinds of calendar windows. */
export interface CalendarWindowFns {
  /** Windows of so many days. @throws ERR_OPTION */
  days(amount: number, options?: DaysOptions): CalendarWindows;
  /** Windows of so many weeks. @throws ERR_OPTION */
  weeks(amount: number, options?: WeeksOptions): CalendarWindows;
  /** Windows of so many months. @throws ERR_OPTION */
  months(amount: number, options?: MonthsOptions): CalendarWindows;
  /** Windows of so many years. @throws ERR_OPTION */
  years(amount: number, options?: YearsOptions): CalendarWindows;
}

const weekdays: readonly Weekday[] = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
];
const amountMax = 10_000;

/**
 * Windows that begin at midnight in a time zone, side by side: `amount` days, weeks, months or
 * years each. Where the clock is put forward or back they are shorter or longer, as the day is.
 *
 * Each throws ERR_OPTION if the amount is no whole number from 1 to 10,000, the time zone is
 * unknown, or the start is no day of the calendar.
 *
 * @example calendarWindows.days(1, { timeZone: "America/New_York" })
 * @example calendarWindows.weeks(1, { startWeekday: "sunday" })
 * @example calendarWindows.months(3, { startMonth: { year: 2026, month: 2 }, startDayOfMonth: 15 })
 */
export const calendarWindows: CalendarWindowFns = Object.freeze<CalendarWindowFns>({
  days(amount, { timeZone, startDay } = {}) {
    return calendarFn("days", "days", amount, timeZone, startDay ?? epoch);
  },
  weeks(amount, { timeZone, startWeekday = "monday" } = {}) {
    const day = weekdays.indexOf(startWeekday) + 1;
    if (day === 0) {
      const known = weekdays.join(", ");
      throw optionError(
        "weeks",
        `startWeekday: not one of ${known}: ${JSON.stringify(startWeekday)}`,
      );
    }
    // The epoch was a Thursday, the fourth day.
    const startDate = { ...epoch, day: 1 + ((day - weekdayOf(epoch) + 7) % 7) };
    const days = Number.isSafeInteger(amount) ? amount * 7 : amount;
    return calendarFn("weeks", "days", days, timeZone, startDate);
  },
  months(amount, { timeZone, startMonth = epoch, startDayOfMonth = 1 } = {}) {
    if (startDayOfMonth > 28) {
      throw optionError("months", `startDayOfMonth: not every month has a day ${startDayOfMonth}`);
    }
    const { year, month } = startMonth;
    return calendarFn("months", "months", amount, timeZone, { year, month, day: startDayOfMonth });
  },
  years(amount, { timeZone, startYear = epoch.year, startDate = epoch } = {}) {
    const { month, day } = startDate;
    if (month === 2 && day > 28) {
      throw optionError("years", "startDate: not every year has a 29 February");
    }
    return calendarFn("years", "years", amount, timeZone, { year: startYear, month, day });
  },
});

const epoch: CalendarDate = { year: 1970, month: 1, day: 1 };

function calendarFn(
  of: keyof CalendarWindowFns,
  unit: CalendarWindows["unit"],
  amount: number,
  timeZone = "UTC",
  { year, month, day }: CalendarDate,
): CalendarWindows {
  if (!Number.isSafeInteger(amount) || amount < 1 || amount > amountMax) {
    throw optionError(of, `the amount must be a whole number from 1 to ${amountMax}`);
  }
  if (!IANAZone.isValidZone(timeZone)) {
    throw optionError(
      of,
      `timeZone: ${JSON.stringify(timeZone)} is not known. Give an IANA name such as "Europe/Berlin"`,
    );
  }
  const startDate = Object.freeze({ year, month, day });
  if (!dateExists(startDate)) {
    throw optionError(of, `the start ${year}-${month}-${day} is no day of the calendar`);
  }
  return Object.freeze({ kind: "calendar", unit, amount, timeZone, startDate });
}

function optionError(of: keyof CalendarWindowFns, words: string): MeshError {
  return new MeshError("ERR_OPTION", `calendarWindows.${of}: ${words}.`);
}
