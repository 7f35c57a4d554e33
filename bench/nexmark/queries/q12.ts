/** Query 12, PROCESSING_TIME_WINDOWS: how many bids each person makes within ten seconds of the clock. */
import {
  afterProcessingTime,
  countPerElement,
  globalWindow,
  type PCollection,
  repeatedly,
} from "tidemark";
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import type { BidderCount } from "../oracles/query-12-processing-time-windows.ts";
import { justBids } from "./events-by-type.ts";

/** Returns the bids of each bidder, counted from the first one on that no earlier row has. */
export function processingTimeWindows(
  events: PCollection<NexmarkEvent>,
  { windowSizeMs } = NEXMARK_DEFAULTS,
): PCollection<BidderCount> {
  return justBids(events)
    .map(({ bidder }) => bidder, { name: "bidder" })
    .windowInto(globalWindow(), {
      trigger: repeatedly(afterProcessingTime({ delay: windowSizeMs })),
      accumulation: "discarding",
    })
    .apply("bids", countPerElement())
    .map(({ key: bidder, value: bids }) => ({ bidder, bids }));
}
