/**
 * Earthquakes: per seismic network and hour the quakes and the largest magnitude, as known so far.
 * Input: topic `earthquakes`, a GeoJSON feature of the USGS feed for each message. Networks report
 * minutes to days after a quake, so that much comes late, and each late report gives a new pane.
 * Output: an hour's newest pane as a document in `quake-hours`; all panes to topic `quake-panes`.
 */
import {
  count,
  firestore,
  fixedWindows,
  max,
  type PCollection,
  pipeline,
  pubsub,
  type WriteContext,
  watermarks,
} from "tidemark";

export interface Quake {
  readonly properties: {
    readonly net: string; // the network that reports: ak, ci, nc, …
    readonly mag: number;
    readonly time: number; // when the earth shook, in ms
    readonly updated: number; // when the report came, in ms
  };
}

/** The transforms: the same behind a topic and behind a file. */
export function writeQuakeHours(quakes: PCollection<Quake>): void {
  const late = { allowedLateness: { days: 7 }, accumulation: "accumulating" } as const;
  const hours = quakes
    .map((quake) => quake.properties)
    .keyBy(({ net }) => net)
    .windowInto(fixedWindows({ hours: 1 }), late)
    .combinePerKey({ quakes: count(), largest: max((q) => q.mag) }, { name: "quake hours" })
    .map(({ key: net, value }) => ({ net, ...value }));

  const hourOf = ({ window }: WriteContext) => new Date(window.start).toISOString().slice(0, 13);
  // All panes of an hour have one id, and each holds all so far: the newest stays.
  hours.write(
    firestore.collection("quake-hours", {
      id: ({ net }, at) => `${net}-${hourOf(at)}`,
      fields: (totals, at) => ({ ...totals, hour: hourOf(at), ...at.pane }),
    }),
  );
  hours.write(
    pubsub.topic("quake-panes", {
      encode: (totals, at) => JSON.stringify({ ...totals, hour: hourOf(at), ...at.pane }),
    }),
  );
}

export default pipeline("earthquakes", (p) => {
  const timestamp = ({ properties }: Quake) => properties.time;
  const watermark = watermarks.boundedOutOfOrderness({ hours: 1 });
  p.read(pubsub.topic<Quake>("earthquakes", { timestamp, watermark })).apply(writeQuakeHours);
});
