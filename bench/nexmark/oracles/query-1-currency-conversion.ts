/**
 * Query 1, CURRENCY_CONVERSION: the price of each bid in another currency.
 *
 * Rule: price · 89 / 100 in Java's long arithmetic, so the fraction is cut off. Everything else of a
 * bid stays as it is.
 */
import type { Bid } from "../generator/bid.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { bidsOf } from "./events-by-type.ts";

/** Returns all bids with converted prices. */
export function convertCurrency(events: readonly NexmarkEvent[]): readonly Bid[] {
  return bidsOf(events).map((bid) => ({ ...bid, price: Math.floor((bid.price * 89) / 100) }));
}
