/** Query 1, CURRENCY_CONVERSION: the price of each bid in another currency. */
import type { PCollection } from "tidemark";
import type { Bid } from "../generator/bid.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { justBids } from "./events-by-type.ts";

/** Returns all bids with converted prices. */
export function convertCurrency(events: PCollection<NexmarkEvent>): PCollection<Bid> {
  return justBids(events).map((bid) => ({ ...bid, price: Math.floor((bid.price * 89) / 100) }), {
    name: "dollars to euros",
  });
}
