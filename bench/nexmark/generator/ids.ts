/**
 * Ids: what the number of an event says of its type, and of the people and auctions so far.
 *
 * Of 50 events, the first is a person, the next three are auctions and the others bids. So the id of
 * an event is enough to know how many people and auctions there are by then, and generators need
 * not know of each other. The numbers here start at 0; the ids in events start at 1000.
 */

/** The id of the first person, so that small streams have ids that queries select. */
export const FIRST_PERSON_ID = 1000;
export const FIRST_AUCTION_ID = 1000;

/** Events after which the pattern of types comes again. */
export const EVENTS_PER_EPOCH = 50;
/** Auctions among them. */
export const AUCTIONS_PER_EPOCH = 3;
/** The first event of an epoch is a person, the only one. */
const personsPerEpoch = 1;

/** Hot people and auctions are the first (for bidders, the second) of each hundred. */
const hotGroup = 100;

/** Returns the type of an event. */
export function typeOfEvent(eventId: number): "person" | "auction" | "bid" {
  const place = eventId % EVENTS_PER_EPOCH;
  if (place < personsPerEpoch) return "person";
  return place < personsPerEpoch + AUCTIONS_PER_EPOCH ? "auction" : "bid";
}

/** Returns the number of the newest person when this event comes, itself included. */
export function newestPerson(eventId: number): number {
  return Math.floor(eventId / EVENTS_PER_EPOCH) * personsPerEpoch;
}

/** Returns the number of the newest auction when this event comes, itself included. */
export function newestAuction(eventId: number): number {
  const epoch = Math.floor(eventId / EVENTS_PER_EPOCH);
  // Of a person, which stands before the auctions of its epoch, this gives the last one before.
  const place = (eventId % EVENTS_PER_EPOCH) - personsPerEpoch;
  return epoch * AUCTIONS_PER_EPOCH + Math.min(place, AUCTIONS_PER_EPOCH - 1);
}

/** Returns the first number of the hundred that `newest` is in. */
export function hotOf(newest: number): number {
  return Math.floor(newest / hotGroup) * hotGroup;
}
