/** Query 5, HOT_ITEMS: the auctions with the most bids. */
import {
  type CombineFn,
  countPerElement,
  type KV,
  type PCollection,
  slidingWindows,
} from "tidemark";
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { justBids } from "./events-by-type.ts";

/** An auction that no other has more bids than in a window. */
export interface HotItem {
  readonly auction: number;
  readonly bids: number;
}

/** All counts of a window go to one place otherwise. */
const FANOUT = 5;

/** Returns the auctions with the most bids in each sliding window, several if they are equal. */
export function hotItems(
  events: PCollection<NexmarkEvent>,
  { windowSizeMs, windowPeriodMs: period } = NEXMARK_DEFAULTS,
): PCollection<HotItem> {
  return justBids(events)
    .windowInto(slidingWindows(windowSizeMs, { period }))
    .map(({ auction }) => auction, { name: "auction" })
    .apply("bids", countPerElement())
    .combineGlobally(mostBids, { name: "most bids", fanout: FANOUT, withoutDefaults: true })
    .flatMap(({ auctions, bids }) => auctions.map((auction) => ({ auction, bids })));
}

/** The auctions of the highest count so far. */
interface Most {
  readonly auctions: readonly number[];
  readonly bids: number;
}

const mostBids: CombineFn<KV<number, number>, Most, Most> = {
  name: "mostBids",
  createAccumulator: () => ({ auctions: [], bids: 0 }),
  addInput: (most, { key, value: bids }) => higher(most, { auctions: [key], bids }),
  mergeAccumulators: higher,
  extractOutput: (most) => most,
};

function higher(a: Most, b: Most): Most {
  if (a.bids === b.bids) return { auctions: [...a.auctions, ...b.auctions], bids: a.bids };
  return a.bids > b.bids ? a : b;
}
