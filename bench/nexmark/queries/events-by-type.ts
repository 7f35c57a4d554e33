/** The events of one type: what nearly every query begins with. */
import type { PCollection } from "tidemark";
import type { Auction } from "../generator/auction.ts";
import type { Bid } from "../generator/bid.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import type { Person } from "../generator/person.ts";

/** Returns the people who join. */
export function justPersons(events: PCollection<NexmarkEvent>): PCollection<Person> {
  return events.filter((event) => event.type === "person", { name: "just persons" });
}

/** Returns the auctions that begin. */
export function justAuctions(events: PCollection<NexmarkEvent>): PCollection<Auction> {
  return events.filter((event) => event.type === "auction", { name: "just auctions" });
}

/** Returns the bids. */
export function justBids(events: PCollection<NexmarkEvent>): PCollection<Bid> {
  return events.filter((event) => event.type === "bid", { name: "just bids" });
}
