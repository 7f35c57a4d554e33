/** The oracles at the borders of their rules, on events made by hand. */
import { describe, expect, test } from "vitest";
import type { Auction } from "../../../../bench/nexmark/generator/auction.ts";
import type { Bid } from "../../../../bench/nexmark/generator/bid.ts";
import type { NexmarkEvent } from "../../../../bench/nexmark/generator/events.ts";
import type { Person } from "../../../../bench/nexmark/generator/person.ts";
import { canonical } from "../../../../bench/nexmark/oracles/canonical.ts";
import { convertCurrency } from "../../../../bench/nexmark/oracles/query-1-currency-conversion.ts";
import { suggestLocalItems } from "../../../../bench/nexmark/oracles/query-3-local-item-suggestion.ts";
import { averagePriceByCategory } from "../../../../bench/nexmark/oracles/query-4-average-price-for-category.ts";
import { hotItems } from "../../../../bench/nexmark/oracles/query-5-hot-items.ts";
import { averagePriceBySeller } from "../../../../bench/nexmark/oracles/query-6-average-selling-price-by-seller.ts";
import { highestBids } from "../../../../bench/nexmark/oracles/query-7-highest-bid.ts";
import { monitorNewUsers } from "../../../../bench/nexmark/oracles/query-8-monitor-new-users.ts";
import { winningBids } from "../../../../bench/nexmark/oracles/query-9-winning-bids.ts";
import { logByWindow } from "../../../../bench/nexmark/oracles/query-10-log-to-sharded-files.ts";
import { userSessions } from "../../../../bench/nexmark/oracles/query-11-user-sessions.ts";

function person(id: number, timestamp: number, state = "OR"): Person {
  const name = `Person ${id}`;
  const rest = { email: "a@b.com", creditCard: "0000 0000 0000 0000", city: "Bend", extra: "" };
  return { type: "person", id, timestamp, name, state, ...rest };
}

function auction(id: number, timestamp: number, fields: Partial<Auction> = {}): Auction {
  const text = { itemName: "item", description: "text", extra: "" };
  const prices = { initialBid: 10, reserve: 100 };
  const of = { expires: timestamp + 1_000, seller: 1, category: 10 };
  return { type: "auction", id, timestamp, ...text, ...prices, ...of, ...fields };
}

function bid(auctionId: number, timestamp: number, price: number, bidder = 1): Bid {
  return { type: "bid", auction: auctionId, timestamp, price, bidder, extra: "" };
}

describe("query 1", () => {
  test("cuts the fraction off", () => {
    const prices = [1, 2, 99, 100].map((price) => bid(1, 0, price));
    expect(convertCurrency(prices).map(({ price }) => price)).toEqual([0, 1, 88, 89]);
  });
});

describe("query 3", () => {
  test("joins in whatever order, by state and category", () => {
    const events = [
      auction(1, 0, { seller: 7 }),
      person(7, 1),
      auction(2, 2, { seller: 7 }),
      auction(3, 2, { seller: 7, category: 11 }),
      person(8, 3, "WA"),
      auction(4, 4, { seller: 8 }),
      auction(5, 4, { seller: 9 }),
    ];
    expect(suggestLocalItems(events).map((item) => item.auction)).toEqual([1, 2]);
  });
});

describe("queries 4, 6 and 9", () => {
  /** The bids that win against an auction from 1000 to 2000 with the reserve 100. */
  const winnerOf = (...bids: Bid[]) => winningBids([auction(1, 1_000), ...bids])[0]?.bid;

  test("a bid counts from before the auction's begin until before its end", () => {
    expect(winnerOf(bid(1, 0, 100))?.timestamp).toBe(0);
    expect(winnerOf(bid(1, 1_999, 100))?.timestamp).toBe(1_999);
    expect(winnerOf(bid(1, 2_000, 100))).toBeUndefined();
  });

  test("a bid below the reserve, or for another auction, does not count", () => {
    expect(winnerOf(bid(1, 1_500, 99), bid(2, 1_500, 500))).toBeUndefined();
    expect(winnerOf(bid(1, 1_500, 100))?.price).toBe(100);
  });

  test("the highest price wins, and of equal ones the earliest", () => {
    const bids = [bid(1, 1_300, 200), bid(1, 1_100, 200), bid(1, 1_200, 200), bid(1, 1_000, 150)];
    expect(winnerOf(...bids)?.timestamp).toBe(1_100);
    expect(winnerOf(...bids, bid(1, 1_400, 201))?.timestamp).toBe(1_400);
  });

  test("an auction that ends with a window is averaged in that window", () => {
    const events = [auction(1, 0, { expires: 10_000 }), bid(1, 0, 101), bid(1, 0, 100)];
    const other = [auction(2, 0, { expires: 5_001 }), bid(2, 0, 102)];
    const at = (windowStartMs: number, price: number) => {
      return { windowStartMs, windowEndMs: windowStartMs + 10_000, category: 10, price };
    };
    expect(canonical(averagePriceByCategory([...events, ...other]))).toEqual(
      canonical([at(0, 102), at(5_000, 102)]),
    );
    expect(canonical(averagePriceByCategory(events))).toEqual(
      canonical([at(0, 101), at(5_000, 101)]),
    );
  });

  test("a seller's average takes the last ten, by the time of the bid and not of the end", () => {
    const sales = Array.from({ length: 11 }, (_, i): NexmarkEvent[] => [
      auction(i, 0, { expires: 50_000 - i }),
      bid(i, 100 * i, i === 0 ? 9_999 : 100 + i),
    ]);
    // The mean of 101 to 110 is 105.5.
    expect(averagePriceBySeller(sales.flat().reverse())).toEqual([{ seller: 1, price: 106 }]);
  });
});

describe("queries 5, 7, 8, 10", () => {
  test("auctions with equally many bids are all hot, in each window that holds them", () => {
    const bids = [bid(1, 5_000, 1), bid(2, 9_999, 1), bid(2, 10_000, 1)];
    expect(canonical(hotItems(bids))).toEqual(
      canonical([
        { windowStartMs: 0, windowEndMs: 10_000, auction: 1, bids: 1 },
        { windowStartMs: 0, windowEndMs: 10_000, auction: 2, bids: 1 },
        { windowStartMs: 5_000, windowEndMs: 15_000, auction: 2, bids: 2 },
        { windowStartMs: 10_000, windowEndMs: 20_000, auction: 2, bids: 1 },
      ]),
    );
  });

  test("all bids of the highest price of a window come", () => {
    const bids = [bid(1, 0, 5), bid(2, 9_999, 5), bid(3, 1, 4), bid(4, 10_000, 1)];
    expect(highestBids(bids).map((each) => each.auction)).toEqual([1, 2, 4]);
  });

  test("a person and an auction meet only in one window", () => {
    const events = [
      auction(1, 0, { seller: 7, reserve: 11 }),
      person(7, 9_999),
      auction(2, 10_000, { seller: 7, reserve: 12 }),
    ];
    expect(monitorNewUsers(events)).toEqual([{ id: 7, name: "Person 7", reserve: 11 }]);
  });

  test("an event is logged in the window that it falls into", () => {
    const events = [bid(1, 9_999, 1), bid(1, 10_000, 1), bid(2, 0, 1)];
    const counts = logByWindow(events).map((log) => [log.windowStartMs, log.events.length]);
    expect(counts).toEqual([
      [0, 2],
      [10_000, 1],
    ]);
  });
});

describe("query 11", () => {
  test("bids closer than the gap are one session, and those a gap apart are two", () => {
    const bids = [bid(1, 19_999, 1), bid(1, 0, 1), bid(1, 10_000, 1), bid(1, 0, 1, 2)];
    expect(canonical(userSessions(bids))).toEqual(
      canonical([
        { bidder: 1, windowStartMs: 0, windowEndMs: 10_000, bids: 1 },
        { bidder: 1, windowStartMs: 10_000, windowEndMs: 29_999, bids: 2 },
        { bidder: 2, windowStartMs: 0, windowEndMs: 10_000, bids: 1 },
      ]),
    );
  });
});

describe("the canonical form", () => {
  test("knows no order of rows and fields, but knows how often a row comes", () => {
    const rows = [{ a: 1, b: { c: [2, null], d: "x" } }, { a: 0 }];
    expect(canonical(rows)).toEqual(canonical([{ a: 0 }, { b: { d: "x", c: [2, null] }, a: 1 }]));
    expect(canonical(rows)).not.toEqual(canonical([...rows, { a: 0 }]));
    expect(canonical([{ a: [1, 2] }])).not.toEqual(canonical([{ a: [2, 1] }]));
    expect(canonical([{ a: 1 }])).not.toEqual(canonical([{ a: "1" }]));
  });
});
