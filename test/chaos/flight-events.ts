/**
 * Flight events: as many flights as asked for, made from the 20,000 real ones.
 *
 * Owns: the generator. Does not own: what must come of them (the oracles).
 */
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import type { FlightRecord } from "../../examples/flights-oracle.ts";
import { FLIGHTS } from "../support/inputs.ts";

const MINUTES_OF_HOUR = 60;
const LATER_MAX = 15;

/**
 * Returns so many flights, by date. Each round over the real ones gives every flight another minute
 * of its hour and another delay, so that no two rounds are alike, and airports have more flights an
 * hour, not more hours.
 */
export function flightEvents(count: number, seed: number): readonly FlightRecord[] {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random.fraction() * limit);
  const events: FlightRecord[] = [];
  while (events.length < count) {
    for (const { date, origin, delay } of FLIGHTS.slice(0, count - events.length)) {
      const minute = String(below(MINUTES_OF_HOUR)).padStart(2, "0");
      // `2001/01/31 17:05`: the last two digits are the minute.
      events.push({ date: date.slice(0, -2) + minute, origin, delay: delay + below(LATER_MAX) });
    }
  }
  return events.sort((a, b) => (a.date < b.date ? -1 : Number(a.date > b.date)));
}
