import {
  count,
  firestore,
  fixedWindows,
  mean,
  type Pipeline,
  pipeline,
  pubsub,
} from "../../../../sdk/index.ts";

interface Flight {
  readonly date: string;
  readonly origin: string;
  readonly delay: number;
}

/** The pipeline that the golden plan and its explanation are of. */
export const flights: Pipeline = pipeline("flights", (p) => {
  p.read(pubsub.topic<Flight>("flights", { timestamp: (f) => Date.parse(`${f.date} UTC`) }))
    .keyBy((f) => f.origin)
    .windowInto(fixedWindows({ hours: 1 }), { allowedLateness: { minutes: 10 } })
    .combinePerKey({ flights: count(), delay: mean((f) => f.delay) })
    .write(
      firestore.collection("airport-hours", { id: (r, { window }) => `${r.key}-${window.start}` }),
    );
});
