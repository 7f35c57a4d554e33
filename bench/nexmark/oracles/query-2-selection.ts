/**
 * Query 2, SELECTION: the bids for a few of the auctions.
 *
 * Rule: those whose auction's id is a multiple of `auctionSkip`. Of a bid, auction and price are left.
 */
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { bidsOf } from "./events-by-type.ts";

/** What is left of a bid. */
export interface AuctionPrice {
  readonly auction: number;
  readonly price: number;
}

/** Returns the selected bids. */
export function selectBids(
  events: readonly NexmarkEvent[],
  { auctionSkip } = NEXMARK_DEFAULTS,
): readonly AuctionPrice[] {
  return bidsOf(events)
    .filter(({ auction }) => auction % auctionSkip === 0)
    .map(({ auction, price }) => ({ auction, price }));
}
