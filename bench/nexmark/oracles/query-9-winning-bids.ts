/**
 * Query 9, WINNING_BIDS: the bid that wins each auction, if any does. Queries 4 and 6 go on from here.
 *
 * Rule: a bid counts if its time is before the auction's end, even if it is before the auction's
 * begin, and if its price is at least the reserve. The highest price wins; of equal ones the earliest
 * bid. Bids of one price and time can't be told apart by Beam, which takes whichever it sees first,
 * and so does this.
 *
 * The pipeline gives each auction the window [begin, end) and each bid the window [time, time + twice
 * the expected length of an auction), and merges the bids' windows into their auction's. In a
 * streaming run a bid whose window closes before its auction begins is lost. The rule knows nothing
 * of that: it holds as long as the stream is shorter than a bid's window, which is 33.3 s by default.
 */
import type { Auction } from "../generator/auction.ts";
import type { Bid } from "../generator/bid.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { auctionsOf, bidsOf } from "./events-by-type.ts";

/** An auction and the bid that won it. */
export interface WinningBid {
  readonly auction: Auction;
  readonly bid: Bid;
}

/** Returns a row for each auction that has a winner. */
export function winningBids(events: readonly NexmarkEvent[]): readonly WinningBid[] {
  const bids = Map.groupBy(bidsOf(events), (bid) => bid.auction);
  return auctionsOf(events).flatMap((auction) => {
    const bid = bestOf(auction, bids.get(auction.id) ?? []);
    return bid === undefined ? [] : [{ auction, bid }];
  });
}

function bestOf(auction: Auction, bids: readonly Bid[]): Bid | undefined {
  let best: Bid | undefined;
  for (const bid of bids) {
    if (bid.timestamp >= auction.expires || bid.price < auction.reserve) continue;
    if (best === undefined || isBetter(bid, best)) best = bid;
  }
  return best;
}

function isBetter(bid: Bid, other: Bid): boolean {
  if (bid.price !== other.price) return bid.price > other.price;
  return bid.timestamp < other.timestamp;
}
