/**
 * Query 7, HIGHEST_BID: the bids of the highest price.
 *
 * Rule: in each fixed window, all bids whose price is the highest one there.
 */
import type { Bid } from "../generator/bid.ts";
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { bidsOf } from "./events-by-type.ts";

/** Returns the highest bids of all windows. */
export function highestBids(
  events: readonly NexmarkEvent[],
  { windowSizeMs } = NEXMARK_DEFAULTS,
): readonly Bid[] {
  const byWindow = Map.groupBy(bidsOf(events), (bid) => Math.floor(bid.timestamp / windowSizeMs));
  return [...byWindow.values()].flatMap((bids) => {
    const highest = bids.reduce((max, { price }) => Math.max(max, price), 0);
    return bids.filter(({ price }) => price === highest);
  });
}
