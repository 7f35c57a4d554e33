/** Shapes: a result that is missing, twice there or wrong is seen, by each oracle. */
import { describe, expect, test } from "vitest";
import { computeFlights, type FlightRecord } from "../../../examples/flights-oracle.ts";
import { flightEvents } from "../../chaos/flight-events.ts";
import { type Findings, shapes } from "../../chaos/shapes.ts";
import { lossesOf } from "../../chaos/tally.ts";
import { FLIGHTS } from "../../support/inputs.ts";

const flights = flightEvents(400, 7);

function judge({ expected, found, differences }: Findings): unknown {
  return { ...lossesOf(expected, found), isSame: differences.length === 0 };
}

describe("flight events", () => {
  test("are the same for the same seed, and others for another", () => {
    expect(flightEvents(400, 7)).toEqual(flights);
    expect(flightEvents(400, 8)).not.toEqual(flights);
  });

  test("are as many as asked for, by date, beyond the real ones too", () => {
    const many = flightEvents(FLIGHTS.length + 10, 7);
    expect(many).toHaveLength(FLIGHTS.length + 10);
    expect(many.map(({ date }) => date)).toEqual(many.map(({ date }) => date).sort());
  });

  test("stay in their hours", () => {
    const hours = (of: readonly FlightRecord[]) => of.map(({ date }) => date.slice(0, 13)).sort();
    expect(hours(flights)).toEqual(hours(FLIGHTS.slice(0, 400)));
  });
});

describe("delays", () => {
  /** What a sound run gives. */
  function results(of: readonly FlightRecord[]) {
    const { hours, days } = computeFlights(of);
    const messages = [...days].map(([day, worst]) => ({ day, worst: worst.slice(0, 10) }));
    return { documents: new Map([...hours].map(([id, hour]) => [id, { ...hour }])), messages };
  }

  test("a sound run is sound", () => {
    const findings = shapes.delays.compare(flights, results(flights));
    expect(judge(findings)).toEqual({ lost: 0, doubled: 0, isSame: true });
  });

  test("a flight that is missing is lost, one that counts twice doubled", () => {
    const [first = flights[0], ...others] = flights;
    const less = shapes.delays.compare(flights, results(others));
    expect(judge(less)).toEqual({ lost: 1, doubled: 0, isSame: false });
    const more = shapes.delays.compare(flights, results([...flights, first as FlightRecord]));
    expect(judge(more)).toEqual({ lost: 0, doubled: 1, isSame: false });
  });

  test("a day's message that comes twice under two ids is doubled", () => {
    const { documents, messages } = results(flights);
    const twice = { documents, messages: [...messages, ...messages.slice(0, 1)] };
    expect(judge(shapes.delays.compare(flights, twice))).toMatchObject({ lost: 0, doubled: 1 });
  });

  test("a wrong mean is seen though every flight was counted", () => {
    const { documents, messages } = results(flights);
    const [[id, hour] = ["", undefined]] = documents;
    documents.set(id, { ...hour, delay: 1e9 } as never);
    const findings = shapes.delays.compare(flights, { documents, messages });
    expect(judge(findings)).toEqual({ lost: 0, doubled: 0, isSame: false });
  });

  test("a count that is no number is a loss", () => {
    const { documents, messages } = results(flights);
    const [[id, hour] = ["", undefined]] = documents;
    documents.set(id, { ...hour, flights: "many" } as never);
    expect(lossesOf(...tallies(shapes.delays.compare(flights, { documents, messages })))).toEqual({
      lost: hour?.flights,
      doubled: 0,
    });
  });
});

function tallies({ expected, found }: Findings): Parameters<typeof lossesOf> {
  return [expected, found];
}

describe("rushes", () => {
  const HOUR_MS = 3_600_000;
  const at = (date: string): FlightRecord => ({
    date: `2001/01/04 ${date}`,
    origin: "A",
    delay: 0,
  });
  const start = Date.UTC(2001, 0, 4, 1);
  const own = [at("01:00"), at("02:59"), at("04:59")];
  const first = { airport: "A", start, end: start + 3 * HOUR_MS + 59 * 60_000, flights: 2 };
  const second = { airport: "A", start: Date.UTC(2001, 0, 4, 4, 59), flights: 1 };
  const documents = new Map<string, Record<string, unknown>>([
    ["1", first],
    ["2", { ...second, end: second.start + 2 * HOUR_MS }],
  ]);
  const messages = [{ airport: "A", start, flights: 3 }];

  test("a flight two hours after another begins a rush of its own", () => {
    // 4 January 2001 is a Thursday, and weeks since the epoch begin on Thursdays.
    const week = { airport: "A", start: Date.UTC(2001, 0, 4), flights: 3 };
    const findings = shapes.rushes.compare(own, { documents, messages: [week] });
    expect(judge(findings)).toEqual({ lost: 0, doubled: 0, isSame: true });
  });

  test("a rush that was not joined, or a week at another time, is seen", () => {
    const findings = shapes.rushes.compare(own, { documents: new Map(), messages });
    expect(judge(findings)).toMatchObject({ lost: 3 + 3, doubled: 3 });
  });
});
