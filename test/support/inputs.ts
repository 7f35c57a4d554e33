/**
 * Inputs: the real data that the examples run on, in the order in which a publisher gives it.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Quake } from "../../examples/earthquakes.ts";
import type { FlightRecord } from "../../examples/flights-oracle.ts";

/** The text that `word-count.ts` reads, as lines. */
export const SONNETS: readonly string[] = readFileSync(
  pathOf("../../examples/data/sonnets.txt"),
  "utf8",
)
  .trimEnd()
  .split("\n");

/** All 20,000 flights, by date. */
export const FLIGHTS: readonly FlightRecord[] = JSON.parse(
  readFileSync(dataPath("flights-20k.json"), "utf8"),
);

/** All 1,707 quakes, by the time of their reports: so their event times are out of order, and late. */
export const QUAKES: readonly Quake[] = readQuakes();

/** Returns the event time of a flight. */
export function timeOfFlight(flight: { readonly date: string }): number {
  return Date.parse(`${flight.date} UTC`);
}

/** Returns the event time of a quake. */
export function timeOfQuake({ properties }: Quake): number {
  return properties.time;
}

/** Returns where a file of vega-datasets lies. */
export function dataPath(name: string): string {
  return pathOf(`../../node_modules/vega-datasets/data/${name}`);
}

function readQuakes(): Quake[] {
  const { features } = JSON.parse(readFileSync(dataPath("earthquakes.json"), "utf8")) as {
    readonly features: Quake[];
  };
  return features.sort((a, b) => a.properties.updated - b.properties.updated);
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
