/**
 * Workloads of joins: by key in batch, by key and time of two streams.
 */
import {
  coGroupByKey,
  firestore,
  intervalJoin,
  kv,
  pipeline,
  pubsub,
  watermarks,
} from "../../../sdk/index.ts";
import {
  documents,
  type Event,
  eventsOf,
  keyed,
  MINUTE_MS,
  publishAll,
  type Workload,
} from "./workload.ts";

const sorted = (values: readonly number[]): string => values.toSorted((a, b) => a - b).join(" ");

/** Three inputs of one grouping. */
export function coGrouped(seed: number): Workload {
  const inputs = [eventsOf(seed, 40), eventsOf(seed + 1, 25), eventsOf(seed + 2, 10)] as const;
  const keys = new Set(inputs.flat().map(({ key }) => key));
  const ofKey = (events: readonly Event[], key: string): string =>
    sorted(events.flatMap((event) => (event.key === key ? [event.value] : [])));
  return {
    name: "coGroupByKey",
    pipeline: pipeline("sim-cogroup", (p) => {
      const [a, b, c] = inputs.map((events, i) =>
        p
          .create(events, { name: `input ${i}` })
          .map((e) => kv(e.key, e.value), { name: `pairs ${i}` }),
      ) as [never, never, never];
      coGroupByKey({ a, b, c })
        .map(({ key, value }) => kv(key, [value.a, value.b, value.c].map(sorted).join("|")))
        .write(keyed);
    }),
    answer: Object.fromEntries(
      [...keys].map((key) => [key, inputs.map((events) => ofKey(events, key)).join("|")]),
    ),
    result: documents,
  };
}

/** Two streams, joined where their times are near each other. */
export function intervalJoined(seed: number): Workload {
  const lefts = eventsOf(seed, 24).map((event, i) => ({ ...event, value: i }));
  const rights = eventsOf(seed + 1, 24).map((event, i) => ({ ...event, value: i }));
  const watermark = watermarks.boundedOutOfOrderness(200, { idle: 30 * MINUTE_MS });
  const options = { timestamp: (e: Event) => e.time, watermark };
  const pairs = lefts.flatMap((left) =>
    rights
      .filter(({ key, time }) => key === left.key && Math.abs(time - left.time) <= 40)
      .map((right) => [`${left.value} ${right.value}`, left.key] as const),
  );
  return {
    name: "interval join",
    pipeline: pipeline("sim-interval", (p) => {
      const side = (topic: string) =>
        p.read(pubsub.topic<Event>(topic, options)).map((e) => kv(e.key, e.value));
      intervalJoin(side("left"), side("right"), {
        before: 40,
        after: 40,
        allowedLateness: 3_000,
      }).write(
        firestore.collection("out", {
          id: ({ value }) => `${value.left} ${value.right}`,
          fields: ({ key }) => ({ value: key }),
        }),
      );
    }),
    async feed(mesh) {
      for (let i = 0; i < lefts.length; i += 4) {
        await mesh.publish("left", lefts.slice(i, i + 4));
        await publishAll(mesh, rights.slice(i, i + 4), "right");
      }
    },
    answer: Object.fromEntries(pairs),
    result: documents,
  };
}
