/**
 * Query 4, AVERAGE_PRICE_FOR_CATEGORY: the average price at which things of each category are sold.
 *
 * Rule: the winning bids of query 9, each at the last millisecond before its auction's end, for that
 * is the timestamp of what a window gives at its end. They are averaged by category and sliding
 * window; the average is rounded, half up. A category without a sale in a window gives no row.
 */
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { winningBids } from "./query-9-winning-bids.ts";
import { roundedMean } from "./rounded-mean.ts";
import { type WindowBounds, windowsAt } from "./windows.ts";

/** The average price of a category in a window. */
export interface CategoryPrice extends WindowBounds {
  readonly category: number;
  /** In cents. */
  readonly price: number;
}

/** Returns a row for each category and window in which something was sold. */
export function averagePriceByCategory(
  events: readonly NexmarkEvent[],
  { windowSizeMs, windowPeriodMs } = NEXMARK_DEFAULTS,
): readonly CategoryPrice[] {
  const sales = winningBids(events).flatMap(({ auction, bid }) =>
    windowsAt(auction.expires - 1, windowSizeMs, windowPeriodMs).map((window) => {
      return { ...window, category: auction.category, price: bid.price };
    }),
  );
  const groups = Map.groupBy(sales, (sale) => `${sale.category}@${sale.windowStartMs}`);
  return [...groups.values()].flatMap((group) => {
    const [sale] = group;
    return sale === undefined ? [] : [{ ...sale, price: roundedMean(group) }];
  });
}
