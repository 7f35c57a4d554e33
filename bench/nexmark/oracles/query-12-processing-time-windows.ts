/**
 * Query 12, PROCESSING_TIME_WINDOWS: how many bids each person makes within ten seconds of the clock.
 *
 * Rule: bids by bidder over the whole run. That is what comes out if the first and last bid of each
 * person are processed within ten seconds. In a slower run a person has several rows, the last of which
 * may be 0, and their sum is the row here: panes discard what they have given.
 */
import type { NexmarkEvent } from "../generator/events.ts";
import { bidsOf } from "./events-by-type.ts";

/** The bids of a person. */
export interface BidderCount {
  readonly bidder: number;
  readonly bids: number;
}

/** Returns a row for each bidder. */
export function countBidsByBidder(events: readonly NexmarkEvent[]): readonly BidderCount[] {
  const byBidder = Map.groupBy(bidsOf(events), ({ bidder }) => bidder);
  return Array.from(byBidder, ([bidder, bids]) => ({ bidder, bids: bids.length }));
}
