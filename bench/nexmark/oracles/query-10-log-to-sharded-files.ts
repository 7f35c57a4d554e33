/**
 * Query 10, LOG_TO_SHARDED_FILES: all events, written to files by window.
 *
 * Rule: every event is in the files of its fixed window once, and of no other. How they are shared out
 * among shards and panes is up to the pipeline. When all files of a window are written the pipeline
 * gives one row for it, so the results are as many as there are windows.
 */
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { type WindowBounds, windowsAt } from "./windows.ts";

/** What the files of a window hold together. */
export interface WindowLog extends WindowBounds {
  readonly events: readonly NexmarkEvent[];
}

/** Returns the log of each window that has events. */
export function logByWindow(
  events: readonly NexmarkEvent[],
  { windowSizeMs } = NEXMARK_DEFAULTS,
): readonly WindowLog[] {
  const groups = new Map<number, WindowBounds & { readonly events: NexmarkEvent[] }>();
  for (const event of events) {
    for (const window of windowsAt(event.timestamp, windowSizeMs)) {
      const group = groups.get(window.windowStartMs);
      if (group === undefined) groups.set(window.windowStartMs, { ...window, events: [event] });
      else group.events.push(event);
    }
  }
  return [...groups.values()];
}
