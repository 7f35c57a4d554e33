/**
 * Window functions: which window an element's timestamp falls into.
 *
 * Fixed windows: start = t − floorMod(t − offset, size). Floor, not `%`, so that times before
 * 1970 fall into their own window.
 */
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../model/time.ts";
import { GLOBAL_WINDOW, type Window } from "../model/window.ts";
import type { WindowFnSpec } from "./windowing-strategy.ts";

/** Returns the window of a timestamp. */
export type AssignWindow = (timestamp: Timestamp) => Window;

/**
 * Returns the function that assigns windows. It remembers the last window, since neighbours in a
 * bundle mostly share it and an allocation for each element would cost more than the arithmetic.
 */
export function assignerOf(spec: WindowFnSpec): AssignWindow {
  if (spec.kind === "global") return () => GLOBAL_WINDOW;
  const { sizeMs, offsetMs } = spec;
  let last: Window = { start: MAX_TIMESTAMP, end: MAX_TIMESTAMP };
  return (timestamp) => {
    if (timestamp >= last.start && timestamp < last.end) return last;
    const start = timestamp - floorMod(timestamp - offsetMs, sizeMs);
    last = {
      start: Math.max(start, MIN_TIMESTAMP + 1) as Timestamp,
      end: Math.min(start + sizeMs, GLOBAL_WINDOW.end) as Timestamp,
    };
    return last;
  };
}

function floorMod(value: number, size: number): number {
  return ((value % size) + size) % size;
}
