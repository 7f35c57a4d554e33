/**
 * The oracles on whole runs: the counts that Beam publishes, and what the rows hold.
 *
 * The digests were made by a second computation, written in another language from the semantics alone:
 * it joins in the order of arrival, merges windows one by one and sorts nothing beforehand.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { NEXMARK_DEFAULTS } from "../../../../bench/nexmark/generator/config.ts";
import { nexmarkEvents } from "../../../../bench/nexmark/generator/events.ts";
import { expectedAuctionMs } from "../../../../bench/nexmark/generator/timeline.ts";
import { canonical } from "../../../../bench/nexmark/oracles/canonical.ts";
import { passthrough } from "../../../../bench/nexmark/oracles/query-0-passthrough.ts";
import { convertCurrency } from "../../../../bench/nexmark/oracles/query-1-currency-conversion.ts";
import { selectBids } from "../../../../bench/nexmark/oracles/query-2-selection.ts";
import { suggestLocalItems } from "../../../../bench/nexmark/oracles/query-3-local-item-suggestion.ts";
import { averagePriceByCategory } from "../../../../bench/nexmark/oracles/query-4-average-price-for-category.ts";
import { hotItems } from "../../../../bench/nexmark/oracles/query-5-hot-items.ts";
import {
  averagePriceBySeller,
  panesBySeller,
} from "../../../../bench/nexmark/oracles/query-6-average-selling-price-by-seller.ts";
import { highestBids } from "../../../../bench/nexmark/oracles/query-7-highest-bid.ts";
import { monitorNewUsers } from "../../../../bench/nexmark/oracles/query-8-monitor-new-users.ts";
import { winningBids } from "../../../../bench/nexmark/oracles/query-9-winning-bids.ts";
import { logByWindow } from "../../../../bench/nexmark/oracles/query-10-log-to-sharded-files.ts";
import { userSessions } from "../../../../bench/nexmark/oracles/query-11-user-sessions.ts";
import { countBidsByBidder } from "../../../../bench/nexmark/oracles/query-12-processing-time-windows.ts";

const events = nexmarkEvents();
const tenth = nexmarkEvents({ events: 10_000 });

const results: readonly [string, readonly object[], number, string][] = [
  ["query 1", convertCurrency(events), 92_000, "664e303391e980e5"],
  ["query 2", selectBids(events), 351, "fbe74ea14dfa62c1"],
  ["query 3", suggestLocalItems(events), 580, "17bf405168ac98c7"],
  ["query 4", averagePriceByCategory(tenth), 40, "3ec016d9123d90f0"],
  ["query 5", hotItems(events), 12, "eea3e621ae57c38f"],
  ["query 6 in batch", averagePriceBySeller(tenth), 103, "f4e55a33bed04228"],
  ["query 7", highestBids(events), 1, "6c079258ffd38a1d"],
  ["query 8", monitorNewUsers(events), 6_000, "de63bffb1b68e43a"],
  ["query 9", winningBids(tenth), 298, "1ba594f562bfebb2"],
  ["query 11", userSessions(events), 1_919, "118db6686d1ee8b1"],
  ["query 12", countBidsByBidder(events), 1_919, "48f470c3578296f9"],
];

test.each(results)("%s has the rows of the second computation", (_, rows, count, digest) => {
  expect(rows).toHaveLength(count);
  const hash = createHash("sha256").update(canonical(rows).join("\n"));
  expect(hash.digest("hex").slice(0, 16)).toBe(digest);
});

test("query 0 has all 100,000 events", () => {
  expect(passthrough(events)).toEqual(events);
  expect(passthrough(events)).toHaveLength(100_000);
});

test("query 6 has 401 rows in a streaming run: 298 sales, and 103 sellers once more", () => {
  const panes = panesBySeller(tenth);
  expect(panes.reduce((sum, seller) => sum + seller.panes, 0)).toBe(298 + 103);
  expect(panes.map(({ seller }) => seller)).toEqual(
    averagePriceBySeller(tenth).map(({ seller }) => seller),
  );
});

test("query 7 has the one bid of 99,958,591", () => {
  expect(highestBids(events)).toMatchObject([{ auction: 3100, bidder: 1438, price: 99_958_591 }]);
});

test("query 10 has one window with all events", () => {
  const logs = logByWindow(events);
  expect(logs).toHaveLength(1);
  expect(logs[0]?.windowEndMs).toBe(Date.UTC(2015, 6, 15, 0, 0, 10));
  expect(logs[0]?.events).toHaveLength(100_000);
});

describe("what the rules take for granted", () => {
  test("no auction has two best bids of one price and time", () => {
    const bids = events.filter((event) => event.type === "bid");
    const same = Map.groupBy(bids, (bid) => `${bid.auction} ${bid.price} ${bid.timestamp}`);
    for (const { bid } of winningBids(events)) {
      expect(same.get(`${bid.auction} ${bid.price} ${bid.timestamp}`)).toEqual([bid]);
    }
  });

  test("a run is shorter than the window of a bid and than query 3 remembers people", () => {
    const spanMs = (events.at(-1)?.timestamp ?? 0) - (events[0]?.timestamp ?? 0);
    expect(spanMs).toBeLessThan(2 * expectedAuctionMs(NEXMARK_DEFAULTS));
    expect(spanMs).toBeLessThan(600_000);
  });

  test("no session has as many bids as make query 11 fire early", () => {
    for (const { bids } of userSessions(events)) expect(bids).toBeLessThan(100_000);
  });
});
