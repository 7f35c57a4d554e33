/**
 * Side window: which window of a side input a main-input window sees.
 *
 * The side input's window that holds the largest timestamp of the main window; of several (sliding)
 * the earliest.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#side-inputs-and-windowing
 */
import { maxTimestamp, type Window } from "../../sdk/model/window.ts";
import { windowsAssignerOf } from "../../sdk/windowing/window-fn.ts";
import type { WindowFnSpec } from "../../sdk/windowing/window-fn-spec.ts";

/** Returns the function from main windows to side windows. */
export function sideWindowOf(windowFn: WindowFnSpec): (main: Window) => Window {
  const assign = windowsAssignerOf(windowFn);
  return (main) =>
    assign(maxTimestamp(main), undefined, main).reduce((a, b) => (b.start < a.start ? b : a));
}
