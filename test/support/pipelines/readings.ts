/**
 * Readings: sums by sensor and hour, over input some of which can't be processed.
 *
 * Each way to fail has a transform of its own: decoding and event time in the source, a DoFn before
 * the shuffle, the shuffle itself (an element that is too big to cross it), and a map behind it.
 */
import { firestore, fixedWindows, pipeline, pubsub, watermarks } from "tidemark";

export interface Reading {
  readonly sensor: string;
  readonly at: string;
  readonly value: number;
  readonly note?: string;
}

export default pipeline("readings", (p) => {
  const timestamp = ({ at }: Reading) => Date.parse(at);
  const watermark = watermarks.boundedOutOfOrderness({ days: 1 });
  p.read(pubsub.topic<Reading>("readings", { timestamp, watermark }), { name: "readings" })
    .parDo<Reading>(
      {
        process(reading, context) {
          if (reading.value < 0) throw new RangeError("a reading below zero");
          context.output(reading);
        },
      },
      { name: "check" },
    )
    .keyBy(({ sensor }) => sensor)
    .windowInto(fixedWindows({ hours: 1 }))
    .groupByKey({ name: "by sensor" })
    .map(
      ({ key: sensor, value: readings }) => {
        if (sensor === "cursed") throw new Error("this sensor has no place");
        return {
          sensor,
          readings: readings.length,
          sum: readings.reduce((s, r) => s + r.value, 0),
        };
      },
      { name: "add up" },
    )
    .write(
      firestore.collection("sensor-hours", {
        id: ({ sensor }, { window }) => `${sensor}-${window.start}`,
      }),
    );
});
