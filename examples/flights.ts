/**
 * Flights: per airport and hour the flights and their mean delay; per day the ten worst airports.
 * Input: topic `flights`, a JSON message for each flight: date as 2001/01/31 17:05, delay in minutes.
 * Output: documents in `airport-hours`, and a message a day to topic `worst-airports`.
 */
import {
  count,
  firestore,
  fixedWindows,
  mean,
  type PCollection,
  pipeline,
  pubsub,
  sum,
  top,
  watermarks,
} from "tidemark";

export type Flight = { readonly date: string; readonly origin: string; readonly delay: number };

/** The transforms: the same behind a topic and behind a file. */
export function writeDelays(flights: PCollection<Flight>): void {
  const hours = flights
    .keyBy((flight) => flight.origin)
    .windowInto(fixedWindows({ hours: 1 }))
    .combinePerKey({ flights: count(), delay: mean((f) => f.delay) }, { name: "airport hours" });

  hours.write(
    firestore.collection("airport-hours", {
      id: (hour, { window }) => `${hour.key}-${window.start}`,
      fields: (hour, { window }) => ({ airport: hour.key, start: window.start, ...hour.value }),
    }),
  );

  hours
    .windowInto(fixedWindows({ days: 1 }))
    .combinePerKey(
      { flights: sum((h) => h.flights), delay: sum((h) => h.delay * h.flights) },
      { name: "airport days" },
    )
    .map(({ key: airport, value }) => ({ airport, delay: value.delay / value.flights }))
    .combineGlobally(
      top(10, (a) => a.delay),
      { name: "worst airports", withoutDefaults: true },
    )
    .write(
      pubsub.topic("worst-airports", {
        encode: (worst, { window }) => JSON.stringify({ day: new Date(window.start), worst }),
      }),
    );
}

export default pipeline("flights", (p) => {
  const timestamp = (flight: Flight) => Date.parse(`${flight.date} UTC`);
  const watermark = watermarks.trailing({ idle: { seconds: 20 } });
  p.read(pubsub.topic<Flight>("flights", { timestamp, watermark })).apply(writeDelays);
});
