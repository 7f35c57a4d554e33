/**
 * Events: all that happens in a run, the same at each run.
 *
 * Owns: which event has which id, number and generator. Does not own: what is in it (`person.ts`,
 * `auction.ts`, `bid.ts`) and when it happens (`timeline.ts`).
 *
 * The id of an event is the seed of all that is drawn for it, so any event can be made without those
 * before it. Several generators run side by side: each has event ids of its own, but all their event
 * numbers start at 0, and the number gives the time.
 */
import { type Auction, drawAuction } from "./auction.ts";
import { type Bid, drawBid } from "./bid.ts";
import { NEXMARK_DEFAULTS, type NexmarkConfiguration } from "./config.ts";
import { typeOfEvent } from "./ids.ts";
import { JavaRandom } from "./java-random.ts";
import { drawPerson, type Person } from "./person.ts";
import { type Timeline, timelineOf } from "./timeline.ts";

/** What happens. */
export type NexmarkEvent = Person | Auction | Bid;

/** A number times this, modulo the group's size, is its place in an out-of-order group. */
const groupFactor = 953;

/**
 * Returns all events of a run: the first of each generator, then the second of each, and so on. So
 * they are in the order of time, unless they come in out-of-order groups.
 *
 * A group size should divide the events of a generator and not be a multiple of 953, else ids come
 * twice, as in Beam.
 *
 * @param settings - what differs from the defaults
 * @example nexmarkEvents({ events: 10_000 })
 */
export function nexmarkEvents(
  settings: Partial<NexmarkConfiguration> = {},
): readonly NexmarkEvent[] {
  const config = { ...NEXMARK_DEFAULTS, ...settings };
  const eventAt = nexmarkEventAt(config);
  return Array.from({ length: config.events }, (_, index) => eventAt(index));
}

/** Returns the function that makes the event at an index of `nexmarkEvents`, without the others. */
export function nexmarkEventAt(config: NexmarkConfiguration): (index: number) => NexmarkEvent {
  const { events, generators, outOfOrderGroupSize } = config;
  const timeline = timelineOf(config);
  const each = Math.floor(events / generators);
  const shared = each * generators;
  return (index) => {
    // The last generator also makes what can't be shared out.
    const isRest = index >= shared;
    const generator = isRest ? generators - 1 : index % generators;
    const n = isRest ? each + index - shared : Math.floor(index / generators);
    const eventNumber = placeInGroup(n, outOfOrderGroupSize);
    return drawEvent(generator * each + eventNumber, eventNumber, timeline, config);
  };
}

/** The number of the event that a generator makes as its `n`th. */
function placeInGroup(n: number, groupSize: number): number {
  return n - (n % groupSize) + ((n * groupFactor) % groupSize);
}

function drawEvent(
  eventId: number,
  eventNumber: number,
  timeline: Timeline,
  config: NexmarkConfiguration,
): NexmarkEvent {
  const random = new JavaRandom(eventId);
  const timestamp = timeline(eventNumber);
  const type = typeOfEvent(eventId);
  if (type === "person") return drawPerson(eventId, random, timestamp, config);
  if (type === "bid") return drawBid(eventId, random, timestamp, config);
  return drawAuction({ eventId, eventNumber, timestamp, random }, timeline, config);
}
