/**
 * Window functions: which windows an element's timestamp falls into.
 *
 * Owns: assigning, by the time alone. Does not own: merging (merge-windows.ts), the author's own
 * functions (custom-windows.ts), days and months (calendar-assigner.ts).
 *
 * Fixed windows: start = t − floorMod(t − offset, size). Floor, not `%`, so that times before
 * 1970 fall into their own window.
 *
 * An assigner remembers what it gave last, since neighbours in a bundle mostly share it and an
 * allocation for each element would cost more than the arithmetic.
 */
import { MAX_TIMESTAMP, type Timestamp } from "../model/time.ts";
import { GLOBAL_WINDOW, intervalWindow, type Window } from "../model/window.ts";
import { calendarAssigner } from "./calendar-assigner.ts";
import { customAssigner } from "./custom-windows.ts";
import type {
  CustomWindows,
  FixedWindows,
  SlidingWindows,
  WindowFnSpec,
} from "./window-fn-spec.ts";

/** Returns the window of a timestamp. */
export type AssignWindow = (timestamp: Timestamp) => Window;

/** Returns the windows of an element, which has been in `window` so far. */
export type AssignWindows = (
  timestamp: Timestamp,
  element: unknown,
  window: Window,
) => readonly Window[];

/** A window function by which each element falls into one window, given by its timestamp alone. */
export type SingleWindowFn = Exclude<WindowFnSpec, SlidingWindows | CustomWindows>;

/** Returns whether each element falls into one window, given by its timestamp alone. */
export function isSingleWindowFn(spec: WindowFnSpec): spec is SingleWindowFn {
  return spec.kind !== "sliding" && spec.kind !== "custom";
}

/** Returns the function that gives each timestamp its window. Sessions: before they merge. */
export function assignerOf(spec: SingleWindowFn): AssignWindow {
  switch (spec.kind) {
    case "global":
      return () => GLOBAL_WINDOW;
    case "fixed":
      return fixedAssigner(spec);
    case "sessions":
      return (timestamp) => intervalWindow(timestamp, timestamp + spec.gapMs);
    case "calendar":
      return calendarAssigner(spec);
  }
}

/**
 * Returns the function that gives each element its windows.
 *
 * @throws Error, when it runs, if the author's own function gives what is no window
 */
export function windowsAssignerOf(spec: WindowFnSpec): AssignWindows {
  if (spec.kind === "sliding") return slidingAssigner(spec);
  if (spec.kind === "custom") return customAssigner(spec);
  const assign = assignerOf(spec);
  return (timestamp) => [assign(timestamp)];
}

const noWindow: Window = { start: MAX_TIMESTAMP, end: MAX_TIMESTAMP };

function fixedAssigner({ sizeMs, offsetMs }: FixedWindows): AssignWindow {
  let last = noWindow;
  return (timestamp) => {
    if (timestamp >= last.start && timestamp < last.end) return last;
    const start = timestamp - floorMod(timestamp - offsetMs, sizeMs);
    last = intervalWindow(start, start + sizeMs);
    return last;
  };
}

function slidingAssigner({ sizeMs, periodMs, offsetMs }: SlidingWindows): AssignWindows {
  let last: readonly Window[] = [];
  // All timestamps from `from` to before `until` have the same windows.
  let from = 0;
  let until = 0;
  return (timestamp) => {
    if (timestamp >= from && timestamp < until) return last;
    const lastStart = timestamp - floorMod(timestamp - offsetMs, periodMs);
    const windows: Window[] = [];
    let start = lastStart;
    for (; start > timestamp - sizeMs; start -= periodMs) {
      windows.push(intervalWindow(start, start + sizeMs));
    }
    // `start` is now that of the first window that has ended already.
    from = Math.max(lastStart, start + sizeMs);
    until = Math.min(lastStart + periodMs, start + periodMs + sizeMs);
    last = windows;
    return windows;
  };
}

/** Returns `value` modulo `size`, never negative. */
function floorMod(value: number, size: number): number {
  return ((value % size) + size) % size;
}
