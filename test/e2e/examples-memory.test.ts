/**
 * The examples in the memory world: as their oracles say, however the mesh is cut.
 */
import { describe, expect, it } from "vitest";
import earthquakes, { writeQuakeHours } from "../../examples/earthquakes.ts";
import flights, { type Flight, writeDelays } from "../../examples/flights.ts";
import {
  type AirportDelay,
  compareDays,
  compareHours,
  computeFlights,
  type FlightRecord,
} from "../../examples/flights-oracle.ts";
import wordCount, { writeWordCounts } from "../../examples/word-count.ts";
import { files, fixedWindows, type Pipeline, pipeline, pubsub } from "../../sdk/index.ts";
import {
  dataPath,
  FLIGHTS,
  QUAKES,
  SONNETS,
  timeOfFlight,
  timeOfQuake,
} from "../support/inputs.ts";
import {
  comparePanes,
  compareQuakeHours,
  computeQuakeHours,
  type QuakePane,
} from "../support/quakes-oracle.ts";
import { type MemoryRun, type MemoryRunOptions, runInMemory } from "../support/run-memory.ts";
import { compareCounts, computeWords } from "../support/words-oracle.ts";

const TIMEOUT_MS = 120_000;

/** How the mesh is cut: shards of a stage, and elements of a bundle. */
const CUTS: readonly { readonly shards: number; readonly bundleElementsMax: number }[] = [
  { shards: 1, bundleElementsMax: 1_000 },
  { shards: 4, bundleElementsMax: 1_000 },
  { shards: 7, bundleElementsMax: 1_000 },
  { shards: 1, bundleElementsMax: 1 },
  { shards: 4, bundleElementsMax: 1 },
  { shards: 7, bundleElementsMax: 1 },
];

function optionsOf({ shards, bundleElementsMax }: (typeof CUTS)[number]): MemoryRunOptions {
  return { shards, engine: { bundleElementsMax } };
}

interface WorstDay {
  readonly day: string;
  readonly worst: readonly AirportDelay[];
}

function checkFlights(run: MemoryRun, input: readonly FlightRecord[]): void {
  const expected = computeFlights(input);
  expect(compareHours(expected, run.documents("airport-hours"))).toEqual([]);
  const worst = run.messages<WorstDay>("worst-airports");
  const days = new Map(worst.map((each) => [each.day, each.worst]));
  expect(days.size, "each day stands once").toBe(worst.length);
  expect(compareDays(expected, days)).toEqual([]);
  expect(run.mesh.messages("tm-flights-dead-letters")).toEqual([]);
}

describe("flights in memory", () => {
  const some = FLIGHTS.slice(0, 2_000);

  it("all 20,000 equal the oracle", { timeout: TIMEOUT_MS }, async () => {
    checkFlights(
      await runInMemory(flights, { input: { flights: FLIGHTS }, portion: 1_000 }),
      FLIGHTS,
    );
  });

  it.each(CUTS)("2,000 equal the oracle with %o", { timeout: TIMEOUT_MS }, async (cut) => {
    const input = { flights: some };
    checkFlights(await runInMemory(flights, { ...optionsOf(cut), input, portion: 250 }), some);
  });

  it.each(CUTS)("as a batch equal the oracle with %o", { timeout: TIMEOUT_MS }, async (cut) => {
    const batch = pipeline("flights", (p) => {
      p.create<Flight>(some, { timestamp: timeOfFlight }).apply(writeDelays);
    });
    checkFlights(await runInMemory(batch, optionsOf(cut)), some);
  });

  it("all 20,000 of the file equal the oracle", { timeout: TIMEOUT_MS }, async () => {
    const source = files.json<Flight>(dataPath("flights-20k.json"), { timestamp: timeOfFlight });
    const batch = pipeline("flights", (p) => p.read(source).apply(writeDelays));
    checkFlights(await runInMemory(batch), FLIGHTS);
  });
});

function checkQuakes(run: MemoryRun): QuakePane[] {
  const documents = run.documents("quake-hours");
  expect(compareQuakeHours(computeQuakeHours(QUAKES), documents)).toEqual([]);
  const panes = run.messages<QuakePane>("quake-panes");
  expect(comparePanes(panes, documents)).toEqual([]);
  expect(run.mesh.messages("tm-earthquakes-dead-letters")).toEqual([]);
  return panes;
}

function timingsOf(panes: readonly QuakePane[]): Set<string> {
  return new Set(panes.map(({ timing }) => timing));
}

describe("earthquakes in memory", () => {
  it.each(CUTS)(
    "come on time and late, and equal the oracle with %o",
    async (cut) => {
      const input = { earthquakes: QUAKES };
      const run = await runInMemory(earthquakes, { ...optionsOf(cut), input, portion: 20 });
      const panes = checkQuakes(run);
      expect(timingsOf(panes)).toEqual(new Set(["ON_TIME", "LATE"]));
      const { stages } = await run.mesh.status();
      expect(stages.map(({ droppedLate }) => droppedLate)).toEqual([0, 0]);
    },
    TIMEOUT_MS,
  );

  it.each(CUTS)(
    "as a batch are all on time, and equal the oracle with %o",
    async (cut) => {
      const batch = pipeline("earthquakes", (p) => {
        p.create(QUAKES, { timestamp: timeOfQuake }).apply(writeQuakeHours);
      });
      const panes = checkQuakes(await runInMemory(batch, optionsOf(cut)));
      expect(timingsOf(panes)).toEqual(new Set(["ON_TIME"]));
    },
    TIMEOUT_MS,
  );
});

function checkWords(run: MemoryRun): void {
  const expected = computeWords(SONNETS);
  const lines = [...run.files.values()].flatMap((text) => text.trimEnd().split("\n"));
  expect(compareCounts(expected, lines)).toEqual([]);
  expect(new Map(run.documents("top-words"))).toEqual(expected.top);
}

/** The same transforms behind a topic of lines, which is unbounded and so needs windows. */
const wordStream: Pipeline = pipeline("word-stream", (p) => {
  p.read(pubsub.topic<string>("lines", { timestamp: () => 0 }))
    .windowInto(fixedWindows({ days: 1 }))
    .apply(writeWordCounts);
});

describe("word count in memory", () => {
  it.each(CUTS)(
    "equals the oracle with %o",
    async (cut) => {
      checkWords(await runInMemory(wordCount, optionsOf(cut)));
    },
    TIMEOUT_MS,
  );

  it.each(CUTS)(
    "equals the oracle as a stream with %o",
    async (cut) => {
      const input = { lines: SONNETS };
      checkWords(await runInMemory(wordStream, { ...optionsOf(cut), input, portion: 50 }));
    },
    TIMEOUT_MS,
  );
});
