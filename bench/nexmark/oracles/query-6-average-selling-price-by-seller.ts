/**
 * Query 6, AVERAGE_SELLING_PRICE_BY_SELLER: the average of the last prices of each seller.
 *
 * Rule: the winning bids of query 9 by seller, all of time in one window. The last ten, by the time of
 * the bid and then by price, are averaged; the average is rounded, half up.
 *
 * In a batch run a seller gives one pane. A streaming run fires at each winning bid and accumulates,
 * and gives once more what it has when the global window ends, though nothing is new then. What
 * the earlier panes hold depends on the order in which auctions close; how many there are does not,
 * provided that no two winning bids of one seller come in one bundle.
 */
import type { NexmarkEvent } from "../generator/events.ts";
import { type WinningBid, winningBids } from "./query-9-winning-bids.ts";
import { roundedMean } from "./rounded-mean.ts";

/** What a seller gets on average. */
export interface SellerPrice {
  readonly seller: number;
  /** In cents. */
  readonly price: number;
}

/** How often a seller's average comes out of a streaming run. */
export interface SellerPanes {
  readonly seller: number;
  readonly panes: number;
}

const pricesMax = 10;

/** Returns the last row of each seller: the only one in a batch run. */
export function averagePriceBySeller(events: readonly NexmarkEvent[]): readonly SellerPrice[] {
  return Array.from(salesBySeller(events), ([seller, sales]) => {
    const bids = sales.map(({ bid }) => bid);
    bids.sort((a, b) => a.timestamp - b.timestamp || a.price - b.price);
    return { seller, price: roundedMean(bids.slice(-pricesMax)) };
  });
}

/** Returns how many rows each seller has in a streaming run: one for each sale, and the last. */
export function panesBySeller(events: readonly NexmarkEvent[]): readonly SellerPanes[] {
  return Array.from(salesBySeller(events), ([seller, sales]) => {
    return { seller, panes: sales.length + 1 };
  });
}

function salesBySeller(events: readonly NexmarkEvent[]): ReadonlyMap<number, WinningBid[]> {
  return Map.groupBy(winningBids(events), ({ auction }) => auction.seller);
}
