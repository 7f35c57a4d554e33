/**
 * Query 5, HOT_ITEMS: the auctions with the most bids.
 *
 * Rule: bids are counted by auction in sliding windows, also those for auctions that have ended or
 * not begun. Each window gives the auction with the highest count, and all of them if several have it.
 */
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { bidsOf } from "./events-by-type.ts";
import { type WindowBounds, windowsAt } from "./windows.ts";

/** An auction that no other has more bids than in a window. */
export interface HotItem extends WindowBounds {
  readonly auction: number;
  readonly bids: number;
}

/** Returns the hot items of all windows. */
export function hotItems(
  events: readonly NexmarkEvent[],
  { windowSizeMs, windowPeriodMs } = NEXMARK_DEFAULTS,
): readonly HotItem[] {
  const counts = new Map<string, HotItem>();
  for (const { auction, timestamp } of bidsOf(events)) {
    for (const window of windowsAt(timestamp, windowSizeMs, windowPeriodMs)) {
      const key = `${auction}@${window.windowStartMs}`;
      counts.set(key, { ...window, auction, bids: (counts.get(key)?.bids ?? 0) + 1 });
    }
  }
  const byWindow = Map.groupBy(counts.values(), ({ windowStartMs }) => windowStartMs);
  return [...byWindow.values()].flatMap((items) => {
    const most = items.reduce((max, { bids }) => Math.max(max, bids), 0);
    return items.filter(({ bids }) => bids === most);
  });
}
