/**
 * Nexmark: what a run of each query must have given, by its oracle.
 *
 * Owns: how results are compared with the oracles of `bench/nexmark`. Does not own: running.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { NEXMARK_DEFAULTS } from "../../bench/nexmark/generator/config.ts";
import { type NexmarkEvent, nexmarkEvents } from "../../bench/nexmark/generator/events.ts";
import { canonical } from "../../bench/nexmark/oracles/canonical.ts";
import { passthrough } from "../../bench/nexmark/oracles/query-0-passthrough.ts";
import { convertCurrency } from "../../bench/nexmark/oracles/query-1-currency-conversion.ts";
import { selectBids } from "../../bench/nexmark/oracles/query-2-selection.ts";
import { suggestLocalItems } from "../../bench/nexmark/oracles/query-3-local-item-suggestion.ts";
import { averagePriceByCategory } from "../../bench/nexmark/oracles/query-4-average-price-for-category.ts";
import { hotItems } from "../../bench/nexmark/oracles/query-5-hot-items.ts";
import {
  averagePriceBySeller,
  panesBySeller,
  type SellerPrice,
} from "../../bench/nexmark/oracles/query-6-average-selling-price-by-seller.ts";
import { highestBids } from "../../bench/nexmark/oracles/query-7-highest-bid.ts";
import { monitorNewUsers } from "../../bench/nexmark/oracles/query-8-monitor-new-users.ts";
import { winningBids } from "../../bench/nexmark/oracles/query-9-winning-bids.ts";
import { logByWindow } from "../../bench/nexmark/oracles/query-10-log-to-sharded-files.ts";
import { userSessions } from "../../bench/nexmark/oracles/query-11-user-sessions.ts";
import {
  type BidderCount,
  countBidsByBidder,
} from "../../bench/nexmark/oracles/query-12-processing-time-windows.ts";
import { lossesOf, type Outcome, resultsOf } from "../../bench/nexmark/outcome.ts";
import type { ResultLine, RunSettings } from "../../bench/nexmark/pipeline.ts";
import type { WindowIndex } from "../../bench/nexmark/queries/q10.ts";

type Config = typeof NEXMARK_DEFAULTS;
type Lines = readonly ResultLine<object>[];
type Rows = readonly object[];

/** Checks that a run of a query lost nothing and gave what the query's oracle says. */
export function expectOracle(query: number, settings: RunSettings, outcome: Outcome): void {
  expect(lossesOf(outcome)).toEqual([]);
  const config = { ...NEXMARK_DEFAULTS, ...settings.config };
  const events = nexmarkEvents(config);
  const lines = resultsOf<object>(outcome);
  const { given, wanted } = compared(query, settings, lines, events, config);
  expect(wanted.length, "the oracle says something").toBeGreaterThan(0);
  expect(canonical(given)).toEqual(canonical(wanted));
}

function compared(
  query: number,
  settings: RunSettings,
  lines: Lines,
  events: readonly NexmarkEvent[],
  config: Config,
): { readonly given: Rows; readonly wanted: Rows } {
  if (query === 6 && settings.mode === "streaming") {
    const panes = lines as readonly ResultLine<SellerPrice>[];
    return {
      given: [...lastPanes(panes), ...paneCounts(panes)],
      wanted: [...averagePriceBySeller(events), ...panesBySeller(events)],
    };
  }
  if (query === 10) {
    expect(lines.flatMap(({ result }) => (result as WindowIndex).files).sort()).toEqual(
      readdirSync(join(settings.folder, "logs")).sort(),
    );
    return {
      given: lines.map((line) => readLog(line, settings.folder)),
      wanted: logs(events, config),
    };
  }
  const given = isWindowed.has(query) ? lines.map(withWindow) : lines.map(({ result }) => result);
  if (query === 12)
    return { given: sumByBidder(given as BidderCount[]), wanted: countBidsByBidder(events) };
  return { given, wanted: oracles[query]?.(events, config) ?? [] };
}

const oracles: Readonly<Record<number, (events: readonly NexmarkEvent[], config: Config) => Rows>> =
  {
    0: passthrough,
    1: convertCurrency,
    2: selectBids,
    3: suggestLocalItems,
    4: averagePriceByCategory,
    5: hotItems,
    6: averagePriceBySeller,
    7: highestBids,
    8: monitorNewUsers,
    9: winningBids,
    11: userSessions,
  };

/** Queries whose oracle says in which window a row comes. */
const isWindowed: ReadonlySet<number> = new Set([4, 5, 11]);

function withWindow({ result, windowStartMs, windowEndMs }: ResultLine<object>): object {
  return { ...result, windowStartMs, windowEndMs };
}

function lastPanes(lines: readonly ResultLine<SellerPrice>[]): SellerPrice[] {
  const last = new Map<number, ResultLine<SellerPrice>>();
  for (const line of lines) {
    const { seller } = line.result;
    if (line.paneIndex >= (last.get(seller)?.paneIndex ?? 0)) last.set(seller, line);
  }
  return Array.from(last.values(), ({ result }) => result);
}

function paneCounts(lines: readonly ResultLine<SellerPrice>[]): object[] {
  const bySeller = Map.groupBy(lines, ({ result }) => result.seller);
  return Array.from(bySeller, ([seller, { length: panes }]) => ({ seller, panes }));
}

function sumByBidder(rows: readonly BidderCount[]): BidderCount[] {
  const sums = new Map<number, number>();
  for (const { bidder, bids } of rows) sums.set(bidder, (sums.get(bidder) ?? 0) + bids);
  return Array.from(sums, ([bidder, bids]) => ({ bidder, bids }));
}

/** A window's row, with what stands in its files. */
function readLog(line: ResultLine<object>, folder: string): object {
  const { files, events } = line.result as WindowIndex;
  const texts = files.map((file) => readFileSync(join(folder, "logs", file), "utf8"));
  const logged = texts.join("").trimEnd().split("\n");
  expect(logged.length).toBe(events);
  const { windowStartMs, windowEndMs } = line;
  return { windowStartMs, windowEndMs, events: canonical(logged.map((text) => JSON.parse(text))) };
}

function logs(events: readonly NexmarkEvent[], config: Config): object[] {
  return logByWindow(events, config).map((log) => ({ ...log, events: canonical(log.events) }));
}
