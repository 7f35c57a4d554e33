/**
 * Flights: per airport and hour the flights and their mean delay; per day the ten worst airports.
 *
 * Input: topic `flights`, one JSON message for each flight. Output: documents in `airport-hours`,
 * and one message a day to topic `worst-airports`.
 */
import { count, firestore, fixedWindows, mean, pipeline, pubsub, sum, top, watermarks } from "tidemark";

interface Flight {
  readonly date: string; // 2001/01/31 17:05
  readonly origin: string;
  readonly delay: number; // minutes
}

export default pipeline("flights", (p) => {
  const hours = p
    .read(
      pubsub.topic<Flight>("flights", {
        timestamp: (flight) => Date.parse(`${flight.date} UTC`),
        watermark: watermarks.trailing({ idle: { seconds: 10 } }),
      }),
    )
    .keyBy((flight) => flight.origin)
    .windowInto(fixedWindows({ hours: 1 }), { allowedLateness: { minutes: 10 } })
    .combinePerKey({ flights: count(), delay: mean((flight) => flight.delay) });

  hours.write(
    firestore.collection("airport-hours", {
      id: (hour, { window }) => `${hour.key}-${window.start}`,
      fields: (hour, { window }) => ({ airport: hour.key, start: window.start, ...hour.value }),
    }),
  );

  hours
    .windowInto(fixedWindows({ days: 1 }))
    .combinePerKey({
      flights: sum((hour) => hour.flights),
      delay: sum((hour) => hour.delay * hour.flights),
    })
    .map(({ key: airport, value }) => ({ airport, delay: value.delay / value.flights }))
    .keyBy(() => "worst")
    .combinePerKey(top(10, (airport) => airport.delay))
    .write(
      pubsub.topic("worst-airports", {
        encode: (day, { window }) =>
          JSON.stringify({ day: new Date(window.start).toISOString(), worst: day.value }),
      }),
    );
});
