/**
 * Winning bids: the bid that wins each auction. Queries 4, 6 and 9 begin with it.
 *
 * Owns: the windows in which an auction meets its bids. An auction's window is the time it is open; a
 * bid's is so long that its auction begins in it. Within a key, which is an auction's id, bids' windows
 * merge into that of the auction, so that all meet in one window, which closes when the auction ends.
 */
import {
  coGroupByKey,
  customWindows,
  type PCollection,
  type Window,
  type WindowFn,
} from "tidemark";
import type { Auction } from "../generator/auction.ts";
import type { Bid } from "../generator/bid.ts";
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { expectedAuctionMs } from "../generator/timeline.ts";
import type { WinningBid } from "../oracles/query-9-winning-bids.ts";
import { justAuctions, justBids } from "./events-by-type.ts";

/** Returns a row for each auction that has a winner, with the end of the auction as its time. */
export function winningBids(
  events: PCollection<NexmarkEvent>,
  config = NEXMARK_DEFAULTS,
): PCollection<WinningBid> {
  const windowed = events.windowInto(auctionWindows(expectedAuctionMs(config) * 2));
  const auctions = justAuctions(windowed).keyBy((auction) => auction.id);
  const bids = justBids(windowed).keyBy((bid) => bid.auction);
  return coGroupByKey({ auctions, bids }).flatMap(
    ({ value }) => value.auctions.flatMap((auction) => winnersOf(auction, value.bids)),
    { name: "winner" },
  );
}

function auctionWindows(bidMs: number): WindowFn<NexmarkEvent> {
  return customWindows<NexmarkEvent>({
    name: "auction or bid",
    parameters: { bidMs },
    assign: ({ element, timestamp: start }) =>
      element.type === "auction"
        ? [{ start, end: element.expires, label: "auction" }]
        : [{ start, end: start + bidMs, label: "bid" }],
    merge: (windows) => {
      const auction = windows.find(({ label }) => label === "auction");
      if (auction === undefined) return [];
      const bids = windows.filter((window) => isInTime(window, auction));
      return bids.length === 0 ? [] : [{ windows: [auction, ...bids], into: auction }];
    },
  });
}

/** A bid that comes when the auction has ended stays alone. */
function isInTime(bid: Window, auction: Window): boolean {
  return bid.label === "bid" && bid.start < auction.end;
}

/** The highest bid of at least the reserve; of equal ones the earliest. None if there is none. */
function winnersOf(auction: Auction, bids: readonly Bid[]): WinningBid[] {
  const [bid] = bids
    .filter(({ price }) => price >= auction.reserve)
    .sort((a, b) => b.price - a.price || a.timestamp - b.timestamp);
  return bid === undefined ? [] : [{ auction, bid }];
}
