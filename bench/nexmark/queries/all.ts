/** All queries, by number. */
import { MeshError } from "tidemark";
import type { NexmarkQuery } from "./nexmark-query.ts";
import { passthrough } from "./q0.ts";
import { convertCurrency } from "./q1.ts";
import { selectBids } from "./q2.ts";
import { suggestLocalItems } from "./q3.ts";
import { averagePriceByCategory } from "./q4.ts";
import { hotItems } from "./q5.ts";
import { averagePriceBySeller } from "./q6.ts";
import { highestBids } from "./q7.ts";
import { monitorNewUsers } from "./q8.ts";
import { winningBids } from "./q9.ts";
import { logToShardedFiles } from "./q10.ts";
import { userSessions } from "./q11.ts";
import { processingTimeWindows } from "./q12.ts";

const EVENTS = 100_000;
/** Queries 4, 6 and 9 take a tenth of the events, as in Beam. */
const FEWER_EVENTS = 10_000;

/**
 * A seller's row is due after each sale, but the engine adds a bundle as a whole, as Beam's does. So
 * that each sale is a bundle of its own, an activation fires one pane.
 */
const EACH_PANE_ALONE = { firingsMax: 1 };

/** The queries 0 to 12. */
export const nexmarkQueries: readonly NexmarkQuery[] = [
  { query: 0, name: "PASSTHROUGH", events: EVENTS, build: passthrough },
  { query: 1, name: "CURRENCY_CONVERSION", events: EVENTS, build: convertCurrency },
  { query: 2, name: "SELECTION", events: EVENTS, build: selectBids },
  { query: 3, name: "LOCAL_ITEM_SUGGESTION", events: EVENTS, build: suggestLocalItems },
  {
    query: 4,
    name: "AVERAGE_PRICE_FOR_CATEGORY",
    events: FEWER_EVENTS,
    build: averagePriceByCategory,
  },
  { query: 5, name: "HOT_ITEMS", events: EVENTS, build: hotItems },
  {
    query: 6,
    name: "AVERAGE_SELLING_PRICE_BY_SELLER",
    events: FEWER_EVENTS,
    build: averagePriceBySeller,
    streamingEngine: EACH_PANE_ALONE,
  },
  { query: 7, name: "HIGHEST_BID", events: EVENTS, build: highestBids },
  { query: 8, name: "MONITOR_NEW_USERS", events: EVENTS, build: monitorNewUsers },
  { query: 9, name: "WINNING_BIDS", events: FEWER_EVENTS, build: winningBids },
  { query: 10, name: "LOG_TO_SHARDED_FILES", events: EVENTS, build: logToShardedFiles },
  { query: 11, name: "USER_SESSIONS", events: EVENTS, build: userSessions },
  { query: 12, name: "PROCESSING_TIME_WINDOWS", events: EVENTS, build: processingTimeWindows },
];

/**
 * Returns a query by its number.
 *
 * @throws ERR_OPTION if there is none
 */
export function queryOf(number: number): NexmarkQuery {
  const found = nexmarkQueries.find(({ query }) => query === number);
  if (found !== undefined) return found;
  throw new MeshError("ERR_OPTION", `There is no Nexmark query ${number}; there are 0 to 12.`);
}
