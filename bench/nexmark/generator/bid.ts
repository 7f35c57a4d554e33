/** Bids: who offers how much for what. */
import { drawOpenAuction } from "./auction.ts";
import type { NexmarkConfiguration } from "./config.ts";
import { FIRST_AUCTION_ID, FIRST_PERSON_ID, hotOf, newestAuction, newestPerson } from "./ids.ts";
import type { JavaRandom } from "./java-random.ts";
import { drawActivePerson } from "./person.ts";
import { drawPrice } from "./price.ts";
import { drawPadding } from "./strings.ts";

/** Someone offers a price. */
export interface Bid {
  readonly type: "bid";
  /** Event time, in ms. */
  readonly timestamp: number;
  /** Id of the auction. */
  readonly auction: number;
  /** Id of the person who bids. */
  readonly bidder: number;
  /** In cents. */
  readonly price: number;
  /** Padding. */
  readonly extra: string;
}

/** Draws the bid of an event. The order of the draws is part of the specification. */
export function drawBid(
  eventId: number,
  random: JavaRandom,
  timestamp: number,
  config: NexmarkConfiguration,
): Bid {
  const isHotAuction = random.nextIntBelow(config.hotAuctionRatio) > 0;
  const auction = isHotAuction
    ? hotOf(newestAuction(eventId))
    : drawOpenAuction(eventId, random, config);
  const isHotBidder = random.nextIntBelow(config.hotBiddersRatio) > 0;
  // The second of a hundred people, since the first is the hot seller.
  const bidder = isHotBidder
    ? hotOf(newestPerson(eventId)) + 1
    : drawActivePerson(eventId, random, config);
  const price = drawPrice(random);
  return {
    type: "bid",
    timestamp,
    auction: FIRST_AUCTION_ID + auction,
    bidder: FIRST_PERSON_ID + bidder,
    price,
    extra: drawPadding(random, 4 * 8, config.bidBytesAverage),
  };
}
