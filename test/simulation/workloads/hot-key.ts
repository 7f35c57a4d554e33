/**
 * A workload with a hot key: nine elements of ten go to one key, and so to one shard.
 */
import { fixedWindows, kv, pipeline, pubsub, sum, watermarks } from "../../../sdk/index.ts";
import { sumByWindow } from "../../support/oracle.ts";
import { type Event, eventsOf, MINUTE_MS, mergedPanes, paned, type Workload } from "./workload.ts";

export function hotKey(seed: number): Workload {
  const events = eventsOf(seed, 60).map((e, i) => (i % 10 === 0 ? e : { ...e, key: "hot" }));
  const watermark = watermarks.boundedOutOfOrderness(200, { idle: 30 * MINUTE_MS });
  return {
    name: "hot key",
    pipeline: pipeline("sim-hot", (p) =>
      p
        .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
        .windowInto(fixedWindows(250), { allowedLateness: 2_000 })
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum())
        .write(paned),
    ),
    // All at once, twice: the shard's mailbox fills.
    async feed(mesh) {
      await mesh.publish("events", events.slice(0, 30));
      await mesh.runFor(8_000);
      await mesh.publish("events", events.slice(30));
      await mesh.runFor(8_000);
    },
    // Everything goes down together, once, and comes back.
    actions: [{ atMs: 9_000, run: (mesh) => mesh.crashAll() }],
    answer: sumByWindow(events, 250),
    result: mergedPanes,
  };
}
