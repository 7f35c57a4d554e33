/**
 * The generator against Beam's specification.
 *
 * The digests were made by a Java program that follows the specification with Java 17's own random
 * numbers, powers and strings. Each covers every field of every event of a run.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  NEXMARK_DEFAULTS,
  type NexmarkConfiguration,
} from "../../../../bench/nexmark/generator/config.ts";
import { nexmarkEvents } from "../../../../bench/nexmark/generator/events.ts";
import { newestAuction, newestPerson } from "../../../../bench/nexmark/generator/ids.ts";
import {
  BASE_TIME_MS,
  expectedAuctionMs,
  timelineOf,
} from "../../../../bench/nexmark/generator/timeline.ts";

const changingRates = {
  events: 20_000,
  generators: 3,
  firstEventRate: 2_000,
  nextEventRate: 500,
  ratePeriodSeconds: 10,
} as const;

const digests: readonly [string, Partial<NexmarkConfiguration>, string][] = [
  ["the defaults", {}, "a2ee70ef2e344188eeab1ffb3c3b8f7972016e9acfa21b3ba27ba55d386c57d0"],
  [
    "a tenth of the events",
    { events: 10_000 },
    "d82034bab04b19489d5b57525586a4e6ffac3e5f3adbca72d481275d7fdc36e5",
  ],
  [
    "rates along a sine, and generators that can't share evenly",
    changingRates,
    "f34ab26a4d5f48bea36f24dcc144a27679aa2b72efb71431eabc41f8b3d6bfd6",
  ],
  [
    "two rates in turn",
    { ...changingRates, rateShape: "square" },
    "621bb1756fd81b2359d8db01a6d83ab6d7a83e5c9a5a973c6a58089d15c45626",
  ],
  [
    "groups of fifty out of order",
    { events: 10_000, generators: 10, outOfOrderGroupSize: 50 },
    "073ad8688aa1bdba2ec3cc2d81ecee899b7ec46a89875230fbef2a3cd96fec61",
  ],
];

const events = nexmarkEvents();
const persons = events.filter((event) => event.type === "person");
const auctions = events.filter((event) => event.type === "auction");
const bids = events.filter((event) => event.type === "bid");

test.each(digests)("%s: all events are those of Java", (_, settings, digest) => {
  const hash = createHash("sha256");
  for (const event of nexmarkEvents(settings)) hash.update(`${Object.values(event).join("\t")}\n`);
  expect(hash.digest("hex")).toBe(digest);
});

describe("the default run", () => {
  test("has 2,000 people, 6,000 auctions and 92,000 bids", () => {
    expect([persons.length, auctions.length, bids.length]).toEqual([2_000, 6_000, 92_000]);
  });

  test("begins with these", () => {
    expect(events[0]).toEqual({
      type: "person",
      timestamp: 1_436_918_400_000,
      id: 1000,
      name: "Peter Jones",
      email: "nhd@xcat.com",
      creditCard: "7241 7320 9143 4888",
      city: "Portland",
      state: "WY",
      extra: expect.stringMatching(/^WN_HS_bnpkkiwhwana_L\^`K/),
    });
    expect(auctions[0]).toEqual({
      type: "auction",
      timestamp: 1_436_918_400_010,
      id: 1000,
      itemName: "wkx mgee",
      description: "eszpqxtdxrvwmmywkmogoahf",
      initialBid: 28_873,
      reserve: 29_448,
      expires: 1_436_918_409_425,
      seller: 1000,
      category: 13,
      extra: expect.stringMatching(/^zcurskufssowmihzpmZHWQM\^/),
    });
    expect(bids[0]).toEqual({
      type: "bid",
      timestamp: 1_436_918_400_040,
      auction: 1000,
      bidder: 1001,
      price: 32_530_001,
      extra: "fdiysaV^]NLVsbolvyqwgticfdrwdyiyofziYMU\\Z`UaTQO][NX\\RM]WPYTOuwogvszlxjrcNOORM",
    });
  });

  test("has the prices 100 to 10^8, the highest being 99,958,591", () => {
    const prices = bids.map(({ price }) => price);
    expect(prices.reduce((a, b) => Math.max(a, b))).toBe(99_958_591);
    expect(prices.reduce((a, b) => Math.min(a, b))).toBeGreaterThanOrEqual(100);
  });

  test("spans ten seconds, a hundred events every 10 ms, in the order of time", () => {
    const times = events.map(({ timestamp }) => timestamp - BASE_TIME_MS);
    expect(times).toEqual(Array.from({ length: 100_000 }, (_, i) => Math.floor(i / 100) * 10));
  });

  test("gives each person and auction an id of its own, without gaps", () => {
    const ids = (of: readonly { readonly id: number }[]) =>
      of.map(({ id }) => id).sort((a, b) => a - b);
    expect(ids(auctions)).toEqual(Array.from({ length: 6_000 }, (_, i) => 1000 + i));
    expect(ids(persons)).toEqual(Array.from({ length: 2_000 }, (_, i) => 1000 + i));
  });
});

test("ids count the people and auctions up to an event", () => {
  const ids = [0, 1, 3, 4, 49, 50, 51];
  expect(ids.map(newestPerson)).toEqual([0, 0, 0, 0, 0, 1, 1]);
  expect(ids.map(newestAuction)).toEqual([-1, 0, 2, 2, 2, 2, 3]);
});

test("the timeline starts over after a turn through all rates", () => {
  const config = { ...NEXMARK_DEFAULTS, ...changingRates, rateShape: "square" as const };
  const timeline = timelineOf({ ...config, generators: 1 });
  // 5 s of 0.5 ms between events, then 5 s of 2 ms.
  const times = [0, 3, 9_999, 10_000, 10_001, 12_499, 12_500, 12_501].map(timeline);
  expect(times.map((time) => time - BASE_TIME_MS)).toEqual([
    0, 1, 4_999, 5_000, 5_002, 9_998, 10_000, 10_000,
  ]);
});

test("an auction is expected to last as long as a hundred take to begin, at the lowest rate", () => {
  expect(expectedAuctionMs(NEXMARK_DEFAULTS)).toBe(16_667);
  expect(expectedAuctionMs({ ...NEXMARK_DEFAULTS, ...changingRates })).toBe(10_000);
});

test("a group out of order has the same events as one in order", () => {
  const settings = { events: 2_000, generators: 2 };
  const texts = (groupSize: number) =>
    nexmarkEvents({ ...settings, outOfOrderGroupSize: groupSize }).map((e) => JSON.stringify(e));
  const [inOrder, shuffled] = [texts(1), texts(100)];
  expect(shuffled).not.toEqual(inOrder);
  expect(shuffled.toSorted()).toEqual(inOrder.toSorted());
});
