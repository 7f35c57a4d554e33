/**
 * Examples: each example on a local mesh of real processes, from its input to the comparison with
 * its oracle. The same for both worlds.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Quake } from "../../examples/earthquakes.ts";
import {
  type AirportDelay,
  compareDays,
  compareHours,
  computeFlights,
  type FlightRecord,
} from "../../examples/flights-oracle.ts";
import { SONNETS } from "./inputs.ts";
import type { Collector } from "./mesh-clients.ts";
import {
  comparePanes,
  compareQuakeHours,
  computeQuakeHours,
  type QuakePane,
} from "./quakes-oracle.ts";
import { type BundledPipeline, type MeshRun, type RunMeshOptions, withMesh } from "./run-mesh.ts";
import { compareCounts, computeWords } from "./words-oracle.ts";

/** How long the steps of one example may take. */
export interface Deadlines {
  readonly ingestMs: number;
  readonly doneMs: number;
}

const PORTIONS = 4;
/** Time for a tick or two. */
const PAUSE_MS = 500;

type World = Pick<RunMeshOptions, "world">;

interface WorstDay {
  readonly day: string;
  readonly worst: readonly AirportDelay[];
}

/** Runs `flights.ts` over these flights and compares every airport-hour and every day. */
export async function runFlights(
  bundled: BundledPipeline,
  { world }: World,
  flights: readonly FlightRecord[],
  { ingestMs, doneMs }: Deadlines,
): Promise<void> {
  await withMesh({ ...bundled, ...(world && { world }) }, async (run) => {
    const worst = await run.collect("worst-airports");
    await run.publish("flights", flights);
    await run.ingested(flights.length, ingestMs);
    await run.drain(doneMs);
    await checkFlights(run, worst, flights);
  });
}

/** Compares what `flights.ts` gave with its oracle. */
export async function checkFlights(
  run: MeshRun,
  worst: Collector,
  flights: readonly FlightRecord[],
): Promise<void> {
  const expected = computeFlights(flights);
  expect(compareHours(expected, await run.documents("airport-hours"))).toEqual([]);
  const messages = await worst.takeJson<WorstDay>(expected.days.size, 10_000);
  const days = new Map(messages.map((each) => [each.day, each.worst]));
  expect(days.size, "each day stands once").toBe(messages.length);
  expect(compareDays(expected, days)).toEqual([]);
  const { stages } = await run.mesh.status();
  expect(stages.map(({ droppedLate }) => droppedLate)).toEqual(stages.map(() => 0));
  expect(stages.map(({ deadLetters }) => deadLetters)).toEqual(stages.map(() => 0));
}

/** Runs `earthquakes.ts` over these quakes and compares every hour and every pane; returns the panes. */
export async function runEarthquakes(
  bundled: BundledPipeline,
  { world }: World,
  quakes: readonly Quake[],
  { ingestMs, doneMs }: Deadlines,
): Promise<readonly QuakePane[]> {
  return withMesh({ ...bundled, ...(world && { world }) }, async (run) => {
    const expected = computeQuakeHours(quakes);
    const collector = await run.collect("quake-panes");
    // In portions, so that the watermark has passed hours for which reports are still to come.
    const portion = Math.ceil(quakes.length / PORTIONS);
    for (let from = 0; from < quakes.length; from += portion) {
      await run.publish("earthquakes", quakes.slice(from, from + portion));
      await run.ingested(Math.min(from + portion, quakes.length), ingestMs);
      await sleep(PAUSE_MS);
    }
    await run.drain(doneMs);
    const documents = await run.documents("quake-hours");
    expect(compareQuakeHours(expected, documents)).toEqual([]);
    const indexes = [...documents.values()].map((hour) => Number(hour["index"]));
    const paneCount = indexes.reduce((sum, index) => sum + index + 1, 0);
    const panes = await collector.takeJson<QuakePane>(paneCount, 10_000);
    expect(comparePanes(panes, documents)).toEqual([]);
    expect(panes.length).toBe(paneCount);
    return panes;
  });
}

/** Runs `word-count.ts`, which ends by itself, and compares files and documents. */
export async function runWordCount(
  bundled: BundledPipeline,
  { world }: World,
  { doneMs }: Deadlines,
): Promise<void> {
  const expected = computeWords(SONNETS);
  const folder = process.env["WORD_COUNT_OUT"] ?? "";
  const env = { WORD_COUNT_OUT: folder };
  await withMesh({ ...bundled, ...(world && { world }), env }, async (run) => {
    await run.done(doneMs);
    expect(compareCounts(expected, await linesOf(folder))).toEqual([]);
    expect(await run.documents("top-words")).toEqual(expected.top);
  });
}

/** Returns a path for WORD_COUNT_OUT in a new folder; `remove` takes the folder away. */
export async function outFolder(): Promise<{ prefix: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-words-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  return { prefix: join(folder, "word-counts"), remove };
}

async function linesOf(prefix: string): Promise<string[]> {
  const folder = join(prefix, "..");
  const texts = await Promise.all(
    (await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")),
  );
  return texts.flatMap((text) => text.trimEnd().split("\n"));
}
