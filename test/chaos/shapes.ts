/**
 * Shapes: the pipelines that a chaos run can run, each with its oracle.
 *
 * Owns: where each pipeline's results are, and what they must be: one pass over all flights, without
 * stages, windows or state. Does not own: running (chaos-run.ts).
 */
import {
  type AirportDelay,
  compareDays,
  compareHours,
  computeFlights,
  type FlightRecord,
} from "../../examples/flights-oracle.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import { timeOfFlight } from "../support/inputs.ts";
import type { MeshRun } from "../support/run-mesh.ts";
import airportRushes, { type WeekTotal } from "./pipelines/airport-rushes.ts";
import batchedFlights from "./pipelines/batched-flights.ts";
import { add, type Tally } from "./tally.ts";

/** What a run gave, beside what it must give. */
export interface Findings {
  readonly expected: Tally;
  readonly found: Tally;
  /** In words: results that hold the right flights and are wrong all the same. */
  readonly differences: readonly string[];
}

/** The documents of a collection by id, and the values of the sink's different messages. */
interface Results {
  readonly documents: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly messages: readonly unknown[];
}

/** A pipeline that a chaos run can run. */
export interface Shape {
  readonly path: string;
  readonly pipeline: Pipeline;
  readonly collection: string;
  readonly sinkTopic: string;
  /** How many different messages the sink's topic must have. */
  messagesExpected(flights: readonly FlightRecord[]): number;
  compare(flights: readonly FlightRecord[], results: Results): Findings;
}

/** The shapes by name. */
export const shapes: Readonly<Record<"delays" | "rushes", Shape>> = {
  delays: {
    path: "test/chaos/pipelines/batched-flights.ts",
    pipeline: batchedFlights,
    collection: "airport-hours",
    sinkTopic: "worst-airports",
    messagesExpected: (flights) => computeFlights(flights).days.size,
    compare: compareDelays,
  },
  rushes: {
    path: "test/chaos/pipelines/airport-rushes.ts",
    pipeline: airportRushes,
    collection: "airport-rushes",
    sinkTopic: "airport-weeks",
    messagesExpected: (flights) => weeksOf(flights).size,
    compare: compareRushes,
  },
};

/** Reads what a run gave, and compares it. */
export async function compareRun(
  shape: Shape,
  run: MeshRun,
  messages: readonly unknown[],
  flights: readonly FlightRecord[],
): Promise<Findings> {
  return shape.compare(flights, { documents: await run.documents(shape.collection), messages });
}

interface WorstDay {
  readonly day: string;
  readonly worst: readonly AirportDelay[];
}

function compareDelays(flights: readonly FlightRecord[], results: Results): Findings {
  const oracle = computeFlights(flights);
  const { expected, found } = { expected: new Map(), found: new Map() };
  for (const [id, hour] of oracle.hours) add(expected, `hour ${id}`, hour.flights);
  for (const [id, { flights: count }] of results.documents) add(found, `hour ${id}`, Number(count));
  // A day's message has no count: it stands for one flight.
  for (const day of oracle.days.keys()) add(expected, `day ${day}`, 1);
  const days = results.messages as readonly WorstDay[];
  for (const { day } of days) add(found, `day ${day}`, 1);
  const worst = new Map(days.map((each) => [each.day, each.worst]));
  const differences = [...compareHours(oracle, results.documents), ...compareDays(oracle, worst)];
  return { expected, found, differences };
}

function compareRushes(flights: readonly FlightRecord[], results: Results): Findings {
  const expected: Tally = new Map();
  const found: Tally = new Map();
  for (const [id, count] of rushesOf(flights)) add(expected, `rush ${id}`, count);
  for (const { airport, start, end, flights: count } of results.documents.values()) {
    add(found, `rush ${airport} ${start} ${end}`, Number(count));
  }
  for (const [id, count] of weeksOf(flights)) add(expected, `week ${id}`, count);
  for (const total of results.messages as readonly WeekTotal[]) {
    add(found, `week ${total.airport} ${total.start}`, total.flights);
  }
  return { expected, found, differences: [] };
}

const RUSH_GAP_MS = 2 * 3_600_000;
const WEEK_MS = 7 * 24 * 3_600_000;

/** Flights by rush: airport, start and end. */
function rushesOf(flights: readonly FlightRecord[]): Tally {
  const rushes: Tally = new Map();
  const byAirport = Map.groupBy(flights, ({ origin }) => origin);
  for (const [airport, own] of byAirport) {
    const times = own.map(timeOfFlight).sort((a, b) => a - b);
    let from = 0;
    for (let i = 1; i <= times.length; i++) {
      const last = times[i - 1] ?? 0;
      // A flight exactly at a session's end begins the next one.
      if (i < times.length && (times[i] ?? 0) < last + RUSH_GAP_MS) continue;
      add(rushes, `${airport} ${times[from]} ${last + RUSH_GAP_MS}`, i - from);
      from = i;
    }
  }
  return rushes;
}

/** Flights by airport and week. */
function weeksOf(flights: readonly FlightRecord[]): Tally {
  const weeks: Tally = new Map();
  for (const flight of flights) {
    const start = Math.floor(timeOfFlight(flight) / WEEK_MS) * WEEK_MS;
    add(weeks, `${flight.origin} ${start}`, 1);
  }
  return weeks;
}
