/**
 * Query 3, LOCAL_ITEM_SUGGESTION: who sells things of one category in three states.
 *
 * Rule: each auction of category 10 with the person who sells it, if that person is of OR, ID or CA.
 * It is the complete join in whatever order the two come. The pipeline forgets a person and their
 * waiting auctions ten minutes of event time after the last event of that person's id; the rule
 * holds as long as the stream is shorter than that.
 *
 * Beam's page shows 444 results of one streaming run. The complete join of the same events is 580,
 * and that is what a correct run gives.
 */
import type { NexmarkEvent } from "../generator/events.ts";
import { auctionsOf, personsOf } from "./events-by-type.ts";

/** A person, and the id of something they sell. */
export interface LocalItem {
  readonly name: string;
  readonly city: string;
  readonly state: string;
  readonly auction: number;
}

const category = 10;
const nearStates: ReadonlySet<string> = new Set(["OR", "ID", "CA"]);

/** Returns a row for each auction that is suggested. */
export function suggestLocalItems(events: readonly NexmarkEvent[]): readonly LocalItem[] {
  const near = personsOf(events).filter(({ state }) => nearStates.has(state));
  const persons = new Map(near.map((person) => [person.id, person]));
  return auctionsOf(events).flatMap((auction) => {
    const person = auction.category === category ? persons.get(auction.seller) : undefined;
    if (person === undefined) return [];
    const { name, city, state } = person;
    return [{ name, city, state, auction: auction.id }];
  });
}
