/**
 * The comparisons with the oracles notice what they are there for: a check that never fails proves
 * nothing.
 */
import { expect, it } from "vitest";
import { compareDays, compareHours, computeFlights } from "../../examples/flights-oracle.ts";
import { FLIGHTS, QUAKES, SONNETS } from "../support/inputs.ts";
import { comparePanes, compareQuakeHours, computeQuakeHours } from "../support/quakes-oracle.ts";
import { compareCounts, computeWords } from "../support/words-oracle.ts";

it("a missing, a doubled and a foreign airport-hour is noticed", () => {
  const expected = computeFlights(FLIGHTS.slice(0, 500));
  const right = (): Map<string, Record<string, unknown>> =>
    new Map([...expected.hours].map(([id, hour]) => [id, { ...hour }]));
  const [first = ""] = expected.hours.keys();
  expect(compareHours(expected, right())).toEqual([]);
  const missing = right();
  missing.delete(first);
  expect(compareHours(expected, missing)).toHaveLength(1);
  const doubled = right().set(first, { ...right().get(first), flights: 99 });
  expect(compareHours(expected, doubled)).toHaveLength(1);
  expect(compareHours(expected, right().set("XXX-0", {}))).toHaveLength(1);
  expect(compareDays(expected, new Map())).toHaveLength(expected.days.size);
});

it("a lost, a repeated and a late pane in the wrong place is noticed", () => {
  const hour = { net: "ak", hour: "2018-02-07T01", quakes: 1, largest: 2 };
  const first = { ...hour, timing: "ON_TIME", index: 0 };
  const second = { ...hour, quakes: 2, timing: "LATE", index: 1 };
  const documents = new Map([["ak-2018-02-07T01", { ...second }]]);
  expect(comparePanes([first, second], documents)).toEqual([]);
  expect(comparePanes([first], documents)).not.toEqual([]);
  expect(comparePanes([second], documents)).not.toEqual([]);
  expect(comparePanes([first, second, second], documents)).not.toEqual([]);
  expect(comparePanes([first, { ...second, timing: "ON_TIME" }], documents)).not.toEqual([]);
  expect(
    comparePanes(
      [
        { ...first, timing: "LATE" },
        { ...second, timing: "ON_TIME" },
      ],
      documents,
    ),
  ).not.toEqual([]);
  expect(comparePanes([first, { ...second, quakes: 1 }], documents)).not.toEqual([]);
});

it("an hour with a quake too few is noticed", () => {
  const expected = computeQuakeHours(QUAKES);
  const fewer = computeQuakeHours(QUAKES.slice(1));
  const documents = (hours: typeof expected): Map<string, Record<string, unknown>> =>
    new Map([...hours].map(([id, hour]) => [id, { ...hour }]));
  expect(compareQuakeHours(expected, documents(expected))).toEqual([]);
  expect(compareQuakeHours(expected, documents(fewer))).toHaveLength(1);
});

it("a word that is missing, doubled or miscounted is noticed", () => {
  const expected = computeWords(SONNETS);
  const lines = [...expected.counts].map(([word, count]) => JSON.stringify({ word, count }));
  expect(compareCounts(expected, lines)).toEqual([]);
  expect(compareCounts(expected, lines.slice(1))).toHaveLength(1);
  expect(compareCounts(expected, [...lines, lines[0] ?? ""])).toHaveLength(1);
  expect(compareCounts(expected, [...lines, '{"word":"zebra","count":1}'])).toHaveLength(1);
});
