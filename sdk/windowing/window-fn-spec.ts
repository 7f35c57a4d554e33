/**
 * Window functions as plain data: all that a plan says of how elements get their windows.
 *
 * Owns: the shapes. Does not own: what the author writes (windows.ts, calendar-windows.ts,
 * custom-windows.ts), or assigning (window-fn.ts) and merging (merge-windows.ts).
 *
 * Functions stand in `code` alone, and only custom windows have any; a plan goes without.
 */
import type { Json } from "../coders/coder.ts";
import type { Timestamp, TimestampLike } from "../model/time.ts";
import type { Window } from "../model/window.ts";

/** One window over all of time. */
export interface GlobalWindows {
  readonly kind: "global";
}

/** Windows of one size, side by side. */
export interface FixedWindows {
  readonly kind: "fixed";
  readonly sizeMs: number;
  readonly offsetMs: number;
}

/** Windows of one size, one begun each period. */
export interface SlidingWindows {
  readonly kind: "sliding";
  readonly sizeMs: number;
  readonly periodMs: number;
  readonly offsetMs: number;
}

/** Windows that an element keeps open for a gap, and that merge where they intersect. */
export interface SessionWindows {
  readonly kind: "sessions";
  readonly gapMs: number;
}

/** A day of the calendar; months and days count from 1. */
export interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Windows of whole days, months or years in a time zone. */
export interface CalendarWindows {
  readonly kind: "calendar";
  readonly unit: "days" | "months" | "years";
  /** Units in one window. */
  readonly amount: number;
  /** IANA name. */
  readonly timeZone: string;
  /** A day on which a window begins. */
  readonly startDate: CalendarDate;
}

/** A window as an author's function gives it. */
export interface WindowLike {
  readonly start: TimestampLike;
  readonly end: TimestampLike;
  readonly label?: string;
}

/** What `assign` of a custom window function knows. */
export interface AssignContext<T> {
  readonly element: T;
  readonly timestamp: Timestamp;
  /** The window that the element has been in so far. */
  readonly window: Window;
}

/** Windows that become one. */
export interface WindowMerge {
  /** Of those that `merge` was given; each in one merge at most. */
  readonly windows: readonly Window[];
  /** One of them, or a new one. */
  readonly into: WindowLike;
}

/** The author's functions of custom windows. */
export interface CustomWindowCode {
  readonly assign: (context: AssignContext<unknown>) => Iterable<WindowLike>;
  readonly merge: ((windows: readonly Window[]) => Iterable<WindowMerge>) | undefined;
}

/** Windows by the author's own functions. */
export interface CustomWindows {
  readonly kind: "custom";
  readonly name: string;
  readonly isMerging: boolean;
  readonly parameters: Json;
  /** Left out in a plan. */
  readonly code?: CustomWindowCode;
}

/** Which windows an element belongs to. */
export type WindowFnSpec =
  | GlobalWindows
  | FixedWindows
  | SlidingWindows
  | SessionWindows
  | CalendarWindows
  | CustomWindows;

/** A window function for elements of type `T`; those that look at the time alone take any. */
export type WindowFn<T> = WindowFnSpec & {
  /** Exists in types only: makes `T` count in comparisons. */
  readonly elementType?: (element: T) => void;
};

/** Returns whether windows of a key may become one. */
export function isMergingFn(spec: WindowFnSpec): boolean {
  return spec.kind === "sessions" || (spec.kind === "custom" && spec.isMerging);
}
