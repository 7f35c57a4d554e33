/** The events of one type, and groups of what has the same key: what nearly every oracle begins with. */
import type { Auction } from "../generator/auction.ts";
import type { Bid } from "../generator/bid.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import type { Person } from "../generator/person.ts";

/** Returns the people who join. */
export function personsOf(events: readonly NexmarkEvent[]): readonly Person[] {
  return events.filter((event) => event.type === "person");
}

/** Returns the auctions that begin. */
export function auctionsOf(events: readonly NexmarkEvent[]): readonly Auction[] {
  return events.filter((event) => event.type === "auction");
}

/** Returns the bids. */
export function bidsOf(events: readonly NexmarkEvent[]): readonly Bid[] {
  return events.filter((event) => event.type === "bid");
}
