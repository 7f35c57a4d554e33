/** All queries, by number. */
import { MeshError } from "tidemark";
import type { NexmarkQuery } from "./nexmark-query.ts";
import { passthrough } from "./q0.ts";
import { convertCurrency } from "./q1.ts";
import { selectBids } from "./q2.ts";
import { highestBids } from "./q7.ts";

const EVENTS = 100_000;

/** The queries. Beam gives 4, 6 and 9 a tenth of the events. */
export const nexmarkQueries: readonly NexmarkQuery[] = [
  { query: 0, name: "PASSTHROUGH", events: EVENTS, build: passthrough },
  { query: 1, name: "CURRENCY_CONVERSION", events: EVENTS, build: convertCurrency },
  { query: 2, name: "SELECTION", events: EVENTS, build: selectBids },
  { query: 7, name: "HIGHEST_BID", events: EVENTS, build: highestBids },
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
