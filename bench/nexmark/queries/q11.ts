/** Query 11, USER_SESSIONS: how many bids each person makes in one go. */
import { afterCount, countPerElement, type PCollection, repeatedly, sessions } from "tidemark";
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import type { BidderCount } from "../oracles/query-12-processing-time-windows.ts";
import { justBids } from "./events-by-type.ts";

/** A session with so many bids has a row before it ends. */
const BIDS_MAX = 100_000;

/** Returns the number of bids of each session. It ends when its person made no bid for the gap. */
export function userSessions(
  events: PCollection<NexmarkEvent>,
  { windowSizeMs: gapMs } = NEXMARK_DEFAULTS,
): PCollection<BidderCount> {
  return justBids(events)
    .map(({ bidder }) => bidder, { name: "bidder" })
    .windowInto(sessions(gapMs), {
      trigger: repeatedly(afterCount(BIDS_MAX)),
      accumulation: "discarding",
      allowedLateness: { seconds: 1 },
    })
    .apply("bids", countPerElement())
    .map(({ key: bidder, value: bids }) => ({ bidder, bids }));
}
