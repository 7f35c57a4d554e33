/**
 * Watched: sums by key and minute, with a key that takes most, and readings that user code refuses.
 */
import { firestore, fixedWindows, pipeline, pubsub, sum, watermarks } from "tidemark";

/** A reading of one sensor. */
export interface Reading {
  readonly sensor: string;
  readonly value: number;
  readonly time: string;
}

export default pipeline("watched", (p) => {
  p.read(
    pubsub.topic<Reading>("readings", {
      timestamp: (reading) => Date.parse(reading.time),
      watermark: watermarks.boundedOutOfOrderness(0),
    }),
  )
    .map(
      (reading) => {
        if (reading.value < 0) throw new RangeError(`${reading.sensor} reads ${reading.value}`);
        return reading;
      },
      { name: "check" },
    )
    .windowInto(fixedWindows({ minutes: 1 }))
    .keyBy(({ sensor }) => sensor)
    .map(({ key, value }) => ({ key, value: value.value }))
    .combinePerKey(sum(), { name: "total" })
    .write(firestore.collection("totals", { id: (r, { window }) => `${r.key}@${window.start}` }));
});
