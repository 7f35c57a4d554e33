/**
 * Airport rushes: sessions and state behind messages of several flights each.
 *
 * Output: documents in `airport-rushes`, one for each time in which an airport was never two hours
 * without a flight; and a message for each airport and week, counted by a DoFn with state and a timer.
 */
import {
  count,
  eventTimer,
  firestore,
  fixedWindows,
  type KV,
  pipeline,
  pubsub,
  sessions,
  statefulDoFn,
  valueState,
} from "tidemark";
import type { Flight } from "../../../examples/flights.ts";
import { batches, flightsOf } from "./flight-batches.ts";

/** Flights of an airport in a week, as the topic has it. */
export interface WeekTotal {
  readonly airport: string;
  /** Beginning of the week, in ms since the epoch. */
  readonly start: number;
  readonly flights: number;
}

const countOfWeek = statefulDoFn<KV<string, Flight>, WeekTotal>()({
  state: { flights: valueState<number>() },
  timers: { end: eventTimer() },
  process(_, { state, timers, window }) {
    state.flights.write((state.flights.read() ?? 0) + 1);
    timers.end.set(window.end - 1);
  },
  onTimer: {
    end: ({ key: airport, state, window, output }) =>
      output({ airport, start: window.start, flights: state.flights.read() ?? 0 }),
  },
});

export default pipeline("airport-rushes", (p) => {
  const flights = p
    .read(batches, { name: "flights" })
    .apply(flightsOf)
    .keyBy(({ origin }) => origin);

  flights
    .windowInto(sessions({ hours: 2 }), { name: "rushes" })
    .combinePerKey(count(), { name: "flights of a rush" })
    .write(
      firestore.collection("airport-rushes", {
        id: ({ key }, { window }) => `${key}-${window.start}`,
        fields: ({ key, value }, { window }) => {
          return { airport: key, start: window.start, end: window.end, flights: value };
        },
      }),
    );

  flights
    .windowInto(fixedWindows({ days: 7 }), { name: "weeks" })
    .parDo(countOfWeek, { name: "count of the week" })
    .write(pubsub.topic("airport-weeks", { encode: (total) => JSON.stringify(total) }));
});
