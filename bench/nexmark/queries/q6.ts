/** Query 6, AVERAGE_SELLING_PRICE_BY_SELLER: the average of the last prices of each seller. */
import {
  afterCount,
  type CombineFn,
  globalWindow,
  kv,
  type PCollection,
  repeatedly,
  type WindowOptions,
} from "tidemark";
import type { Bid } from "../generator/bid.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import type { SellerPrice } from "../oracles/query-6-average-selling-price-by-seller.ts";
import type { QuerySettings } from "./nexmark-query.ts";
import { winningBids } from "./winning-bids.ts";

const BIDS_MAX = 10;

/**
 * Returns the average price of each seller's last ten sales: in a stream, after each sale. Beam's
 * batch runners leave triggers out, and so does a batch run here.
 */
export function averagePriceBySeller(
  events: PCollection<NexmarkEvent>,
  settings: QuerySettings,
): PCollection<SellerPrice> {
  const eachSale: WindowOptions = {
    trigger: repeatedly(afterCount(1)),
    accumulation: "accumulating",
  };
  return winningBids(events, settings)
    .map(({ auction, bid }) => kv(auction.seller, bid), { name: "seller" })
    .windowInto(globalWindow(), settings.mode === "streaming" ? eachSale : {})
    .combinePerKey(averageOfLast, { name: "average price" })
    .map(({ key: seller, value: price }) => ({ seller, price }));
}

type Sale = Pick<Bid, "timestamp" | "price">;

const averageOfLast: CombineFn<Sale, Sale[], number> = {
  name: "averageOfLast",
  createAccumulator: () => [],
  addInput: (sales, { timestamp, price }) => last([...sales, { timestamp, price }]),
  mergeAccumulators: (sales, others) => last([...sales, ...others]),
  extractOutput: (sales) =>
    Math.round(sales.reduce((sum, { price }) => sum + price, 0) / sales.length),
};

function last(sales: Sale[]): Sale[] {
  return sales.sort((a, b) => a.timestamp - b.timestamp || a.price - b.price).slice(-BIDS_MAX);
}
