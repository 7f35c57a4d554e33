/** Query 8, MONITOR_NEW_USERS: people who sell something as soon as they have joined. */
import { coGroupByKey, fixedWindows, type PCollection } from "tidemark";
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import type { NewSeller } from "../oracles/query-8-monitor-new-users.ts";
import { justAuctions, justPersons } from "./events-by-type.ts";

/** Returns a row for each auction of a person who joined in the same window. */
export function monitorNewUsers(
  events: PCollection<NexmarkEvent>,
  { windowSizeMs } = NEXMARK_DEFAULTS,
): PCollection<NewSeller> {
  const windowed = events.windowInto(fixedWindows(windowSizeMs));
  const persons = justPersons(windowed).keyBy((person) => person.id);
  const auctions = justAuctions(windowed).keyBy((auction) => auction.seller);
  return coGroupByKey({ persons, auctions }).flatMap(
    ({ value }) =>
      value.persons.flatMap(({ id, name }) =>
        value.auctions.map(({ reserve }) => ({ id, name, reserve })),
      ),
    { name: "new sellers" },
  );
}
