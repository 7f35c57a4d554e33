/** Query 2, SELECTION: the bids for a few of the auctions. */
import type { PCollection } from "tidemark";
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import type { AuctionPrice } from "../oracles/query-2-selection.ts";
import { justBids } from "./events-by-type.ts";

/** Returns auction and price of the bids for each auction whose id `auctionSkip` divides. */
export function selectBids(
  events: PCollection<NexmarkEvent>,
  { auctionSkip } = NEXMARK_DEFAULTS,
): PCollection<AuctionPrice> {
  return justBids(events)
    .filter(({ auction }) => auction % auctionSkip === 0, { name: "one auction in so many" })
    .map(({ auction, price }) => ({ auction, price }), { name: "auction and price" });
}
