/**
 * A workload of late data: what the source makes late is kept or dropped exactly as the allowed
 * lateness says, whatever fails.
 *
 * Three portions. Between them the feed waits until every shard knows of a watermark, so that no
 * fault can decide what is late: the second portion is late and within the lateness, the third is
 * beyond it.
 */
import { decodeProgress } from "../../../functions/head.ts";
import { fixedWindows, kv, pipeline, pubsub, sum, watermarks } from "../../../sdk/index.ts";
import { sumByWindow } from "../../support/oracle.ts";
import type { SimulatedMesh } from "../world/simulated-mesh.ts";
import {
  type Event,
  eventsOf,
  MINUTE_MS,
  mergedPanes,
  originMs,
  paned,
  type Workload,
} from "./workload.ts";

const WINDOW_MS = 500;
const LATENESS_MS = 1_000;
const OUT_OF_ORDER_MS = 600;

export function lateData(seed: number): Workload {
  // All within one span of disorder: none of these is late, in whatever order they come.
  const onTime = eventsOf(seed, 40).map((e) => ({ ...e, time: originMs + ((e.time + 500) % 500) }));
  const keys = [...new Set(onTime.map(({ key }) => key))];
  const again = eventsOf(seed + 1, 20).map((e, i) => ({
    ...e,
    key: keys[i % keys.length] ?? "",
    time: originMs + (i % WINDOW_MS),
  }));
  const kept = again.slice(0, 10);
  const dropped = again.slice(10);
  // Each key once more, so that each shard has something due that tells it of the watermark.
  const marks = (atMs: number): Event[] =>
    keys.map((key) => ({ key, value: 1, time: originMs + atMs }));
  const first = marks(WINDOW_MS + OUT_OF_ORDER_MS + 200);
  const second = marks(WINDOW_MS + LATENESS_MS + OUT_OF_ORDER_MS + 3_000);
  const watermark = watermarks.boundedOutOfOrderness(OUT_OF_ORDER_MS, { idle: 30 * MINUTE_MS });
  return {
    name: "late data",
    pipeline: pipeline("sim-late", (p) =>
      p
        .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
        .windowInto(fixedWindows(WINDOW_MS), { allowedLateness: LATENESS_MS })
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum())
        .write(paned),
    ),
    async feed(mesh) {
      await give(mesh, onTime);
      await give(mesh, first);
      await untilShardsKnow(mesh, originMs + WINDOW_MS);
      await give(mesh, kept);
      await give(mesh, second);
      await untilShardsKnow(mesh, originMs + WINDOW_MS + LATENESS_MS);
      await give(mesh, dropped);
    },
    answer: sumByWindow([...onTime, ...first, ...kept, ...second], WINDOW_MS),
    result: mergedPanes,
    droppedLate: dropped.length,
  };
}

/** Publishes, and waits until nothing of it is left to take. */
async function give(mesh: SimulatedMesh, events: readonly Event[]): Promise<void> {
  await mesh.publish("events", events);
  do await mesh.runFor(1_000);
  while (mesh.backlog("events") > 0);
}

/** Waits until every shard that has ever committed was told of a watermark; a test's patience ends. */
async function untilShardsKnow(mesh: SimulatedMesh, watermark: number): Promise<void> {
  for (let round = 0; round < 300; round++) {
    // A tick that went missing is asked for again by whoever comes next.
    if (round % 10 === 9) await mesh.launch();
    await mesh.runFor(1_000);
    const { heads } = await mesh.store.snapshot();
    const known = heads.map(({ progress }) => decodeProgress(progress).watermarks[0]);
    if (known.length > 0 && known.every((each) => each > watermark)) return;
  }
  throw new Error("no shard was told of the watermark in five minutes");
}
