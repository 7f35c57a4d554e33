/** Query 4, AVERAGE_PRICE_FOR_CATEGORY: the average price at which things of each category are sold. */
import { mean, type PCollection, slidingWindows } from "tidemark";
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { winningBids } from "./winning-bids.ts";

/** The average price of a category in a window, in cents. */
export interface CategoryPrice {
  readonly category: number;
  readonly price: number;
}

/** There are but five categories. */
const FANOUT = 5;

/** Returns the average price of each category, by sliding window. */
export function averagePriceByCategory(
  events: PCollection<NexmarkEvent>,
  config = NEXMARK_DEFAULTS,
): PCollection<CategoryPrice> {
  const { windowSizeMs, windowPeriodMs: period } = config;
  return winningBids(events, config)
    .windowInto(slidingWindows(windowSizeMs, { period }))
    .keyBy(({ auction }) => auction.category, { name: "category" })
    .combinePerKey(
      mean(({ bid }) => bid.price),
      { name: "average price", fanout: FANOUT },
    )
    .map(({ key: category, value }) => ({ category, price: Math.round(value) }));
}
