/**
 * Window expiry: the end of a window's life.
 */
import { addMs, earlier, later, MAX_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import { maxTimestamp, type Window } from "../sdk/model/window.ts";

/**
 * Returns the expiry of a window: when the input watermark is after it, the window is forgotten and
 * its elements are dropped. That of the global window comes when time ends, whatever lateness it has.
 */
export function expiryOf(window: Window, latenessMs: number): Timestamp {
  const max = maxTimestamp(window);
  return later(max, earlier(addMs(max, latenessMs), addMs(MAX_TIMESTAMP, -1)));
}
