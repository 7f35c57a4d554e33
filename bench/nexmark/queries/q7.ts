/** Query 7, HIGHEST_BID: the bids of the highest price. */
import { fixedWindows, max, type PCollection } from "tidemark";
import type { Bid } from "../generator/bid.ts";
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { justBids } from "./events-by-type.ts";

/** Returns all bids whose price is the highest one of their window, which is a side input. */
export function highestBids(
  events: PCollection<NexmarkEvent>,
  { windowSizeMs } = NEXMARK_DEFAULTS,
): PCollection<Bid> {
  const bids = justBids(events).windowInto(fixedWindows(windowSizeMs));
  const highest = bids
    .combineGlobally(
      max((bid) => bid.price),
      { name: "highest price", withoutDefaults: true },
    )
    .asSingleton();
  return bids.parDo<Bid, { highest: typeof highest }>(
    {
      process(bid, context) {
        if (bid.price === context.sideInput("highest")) context.output(bid);
      },
    },
    { name: "bids of that price", sideInputs: { highest } },
  );
}
