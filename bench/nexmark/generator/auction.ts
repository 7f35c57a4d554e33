/** Auctions: what is for sale, and which of those so far is bid for. */
import type { NexmarkConfiguration } from "./config.ts";
import {
  AUCTIONS_PER_EPOCH,
  EVENTS_PER_EPOCH,
  FIRST_AUCTION_ID,
  FIRST_PERSON_ID,
  hotOf,
  newestAuction,
  newestPerson,
} from "./ids.ts";
import type { JavaRandom } from "./java-random.ts";
import { drawActivePerson } from "./person.ts";
import { drawPrice } from "./price.ts";
import { drawPadding, drawText } from "./strings.ts";
import type { Timeline } from "./timeline.ts";

/** Something is for sale. */
export interface Auction {
  readonly type: "auction";
  /** Event time, in ms. */
  readonly timestamp: number;
  readonly id: number;
  readonly itemName: string;
  readonly description: string;
  /** The price at which it opens, in cents. */
  readonly initialBid: number;
  /** The lowest price at which it is sold, in cents. */
  readonly reserve: number;
  /** The event time from which on bids don't count, in ms. */
  readonly expires: number;
  /** Id of the person who sells. */
  readonly seller: number;
  readonly category: number;
  /** Padding. */
  readonly extra: string;
}

/** What an event is made of. */
export interface Draw {
  readonly eventId: number;
  readonly eventNumber: number;
  readonly timestamp: number;
  readonly random: JavaRandom;
}

const firstCategoryId = 10;
const categories = 5;
/** Ids ahead of the newest auction: some bids come a little before their auction. */
const lead = 10;

/** Draws the auction of an event. The order of the draws is part of the specification. */
export function drawAuction(draw: Draw, timeline: Timeline, config: NexmarkConfiguration): Auction {
  const { eventId, random, timestamp } = draw;
  const isHot = random.nextIntBelow(config.hotSellersRatio) > 0;
  const seller = isHot ? hotOf(newestPerson(eventId)) : drawActivePerson(eventId, random, config);
  const category = firstCategoryId + random.nextIntBelow(categories);
  const initialBid = drawPrice(random);
  const lengthMs = drawLengthMs(draw, timeline, config);
  const itemName = drawText(random, 20);
  const description = drawText(random, 100);
  const reserve = initialBid + drawPrice(random);
  const size = 8 + itemName.length + description.length + 5 * 8;
  return {
    type: "auction",
    timestamp,
    id: FIRST_AUCTION_ID + newestAuction(eventId),
    itemName,
    description,
    initialBid,
    reserve,
    expires: timestamp + lengthMs,
    seller: FIRST_PERSON_ID + seller,
    category,
    extra: drawPadding(random, size, config.auctionBytesAverage),
  };
}

/** Draws the number, from 0 on, of an auction that is probably open or soon begins. */
export function drawOpenAuction(
  eventId: number,
  random: JavaRandom,
  config: NexmarkConfiguration,
): number {
  const newest = newestAuction(eventId);
  const oldest = Math.max(newest - config.auctionsInFlight, 0);
  return oldest + random.nextIntBelow(newest - oldest + 1 + lead);
}

/** On average, the time in which as many auctions begin as shall be open at once. */
function drawLengthMs(draw: Draw, timeline: Timeline, config: NexmarkConfiguration): number {
  const events = Math.floor((config.auctionsInFlight * EVENTS_PER_EPOCH) / AUCTIONS_PER_EPOCH);
  const averageMs = timeline(draw.eventNumber + events) - draw.timestamp;
  return 1 + draw.random.nextIntBelow(Math.max(averageMs * 2, 1));
}
