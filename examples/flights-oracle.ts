/**
 * Flights oracle: what `flights.ts` must give, computed directly: one pass over all flights, without
 * stages, windows or state. The demo and the tests compare a mesh's results with it.
 */

/** One flight, as `flights-20k.json` of vega-datasets has it. */
export interface FlightRecord {
  /** UTC, as `2001/01/31 17:05`. */
  readonly date: string;
  readonly origin: string;
  /** Minutes. */
  readonly delay: number;
}

/** Flights of one airport in one hour. */
export interface AirportHour {
  readonly airport: string;
  /** Beginning of the hour, in ms since the epoch. */
  readonly start: number;
  readonly flights: number;
  /** Mean, in minutes. */
  readonly delay: number;
}

/** An airport and its mean delay of a day, in minutes. */
export interface AirportDelay {
  readonly airport: string;
  readonly delay: number;
}

/** What the pipeline must give. */
export interface FlightsOutcome {
  /** By document id: `PWM-978307200000`. */
  readonly hours: ReadonlyMap<string, AirportHour>;
  /** By day, `2001-01-01T00:00:00.000Z`: every airport, the worst first. */
  readonly days: ReadonlyMap<string, readonly AirportDelay[]>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WORST_MAX = 10;

/** Means may differ by the order of their sums, and by no more than this. */
const TOLERANCE = 1e-9;

interface Tally {
  readonly airport: string;
  readonly start: number;
  flights: number;
  delaySum: number;
}

/** Returns what the pipeline must give for these flights. */
export function computeFlights(flights: readonly FlightRecord[]): FlightsOutcome {
  const hours = tally(flights, HOUR_MS);
  const days = new Map<string, AirportDelay[]>();
  for (const { airport, start, flights: count, delaySum } of tally(flights, DAY_MS).values()) {
    const day = new Date(start).toISOString();
    const airports = days.get(day) ?? [];
    airports.push({ airport, delay: delaySum / count });
    days.set(day, airports);
  }
  for (const airports of days.values()) airports.sort((a, b) => b.delay - a.delay);
  return {
    hours: new Map(
      [...hours].map(([id, { airport, start, flights: count, delaySum }]) => [
        id,
        { airport, start, flights: count, delay: delaySum / count },
      ]),
    ),
    days,
  };
}

function tally(flights: readonly FlightRecord[], windowMs: number): Map<string, Tally> {
  const tallies = new Map<string, Tally>();
  for (const { date, origin: airport, delay } of flights) {
    const start = Math.floor(Date.parse(`${date} UTC`) / windowMs) * windowMs;
    const id = `${airport}-${start}`;
    const entry = tallies.get(id) ?? { airport, start, flights: 0, delaySum: 0 };
    entry.flights++;
    entry.delaySum += delay;
    tallies.set(id, entry);
  }
  return tallies;
}

/** Returns in words how the documents of `airport-hours` differ from what they must be. */
export function compareHours(
  expected: FlightsOutcome,
  documents: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): string[] {
  const differences: string[] = [];
  for (const [id, hour] of expected.hours) {
    const found = documents.get(id);
    if (found === undefined) differences.push(`${id}: no document`);
    else if (!isSameHour(hour, found)) {
      differences.push(`${id}: ${JSON.stringify(found)}, but it must be ${JSON.stringify(hour)}`);
    }
  }
  for (const id of documents.keys()) {
    if (!expected.hours.has(id)) differences.push(`${id}: no such airport and hour`);
  }
  return differences;
}

function isSameHour(hour: AirportHour, found: Readonly<Record<string, unknown>>): boolean {
  return (
    found["airport"] === hour.airport &&
    found["start"] === hour.start &&
    found["flights"] === hour.flights &&
    isNear(Number(found["delay"]), hour.delay)
  );
}

/**
 * Returns in words how the messages of `worst-airports` differ from what they must be. Airports with
 * equal delays may stand in any order, also where the list ends between two of them.
 *
 * @param worst - by day, as the pipeline gave them
 */
export function compareDays(
  expected: FlightsOutcome,
  worst: ReadonlyMap<string, readonly AirportDelay[]>,
): string[] {
  const differences: string[] = [];
  for (const [day, airports] of expected.days) {
    const found = worst.get(day);
    const size = Math.min(WORST_MAX, airports.length);
    if (found?.length !== size) {
      differences.push(`${day}: ${found?.length ?? "no"} worst airports, not ${size}`);
      continue;
    }
    const delays = new Map(airports.map(({ airport, delay }) => [airport, delay]));
    const isSame = found.every(
      ({ airport, delay }, rank) =>
        isNear(delay, airports[rank]?.delay) && isNear(delay, delays.get(airport)),
    );
    const isDistinct = new Set(found.map(({ airport }) => airport)).size === size;
    if (!isSame || !isDistinct) differences.push(`${day}: other airports or delays are the worst`);
  }
  for (const day of worst.keys()) {
    if (!expected.days.has(day)) differences.push(`${day}: no flight on that day`);
  }
  return differences;
}

function isNear(a: number, b: number | undefined): boolean {
  return b !== undefined && Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(b));
}
