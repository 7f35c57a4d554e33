/**
 * Query 8, MONITOR_NEW_USERS: people who sell something as soon as they have joined.
 *
 * Rule: each auction with the person who sells it, if both come in the same fixed window, in whatever
 * order. There is a row for each such auction, so a person may have several.
 */
import { NEXMARK_DEFAULTS } from "../generator/config.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import { auctionsOf, personsOf } from "./events-by-type.ts";

/** Someone new, and the reserve price of something they sell. */
export interface NewSeller {
  readonly id: number;
  readonly name: string;
  /** In cents. */
  readonly reserve: number;
}

/** Returns a row for each auction of a new seller. */
export function monitorNewUsers(
  events: readonly NexmarkEvent[],
  { windowSizeMs } = NEXMARK_DEFAULTS,
): readonly NewSeller[] {
  const windowOf = (timestamp: number) => Math.floor(timestamp / windowSizeMs);
  const persons = new Map(personsOf(events).map((person) => [person.id, person]));
  return auctionsOf(events).flatMap(({ seller, timestamp, reserve }) => {
    const person = persons.get(seller);
    if (person === undefined || windowOf(person.timestamp) !== windowOf(timestamp)) return [];
    return [{ id: person.id, name: person.name, reserve }];
  });
}
