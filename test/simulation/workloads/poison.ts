/**
 * A workload of poison elements: the author's code fails for some, before and after a shuffle.
 * Exactly those become dead letters, and the rest is right.
 */
import { fixedWindows, kv, pipeline, pubsub, sum, watermarks } from "../../../sdk/index.ts";
import { mergeByKey } from "../../support/oracle.ts";
import type { SimulatedMesh } from "../world/simulated-mesh.ts";
import {
  type Event,
  eventsOf,
  MINUTE_MS,
  mergedPanes,
  paned,
  publishAll,
  type Workload,
} from "./workload.ts";

interface Numbered extends Event {
  readonly n: number;
}

const failsFirst = ({ n }: Numbered): boolean => n % 11 === 3;
const failsLater = ({ n }: Numbered): boolean => n % 9 === 4;

export function poison(seed: number): Workload {
  const events = eventsOf(seed, 40).map((event, n) => ({ ...event, n }));
  const good = events.filter((event) => !failsFirst(event) && !failsLater(event));
  const watermark = watermarks.boundedOutOfOrderness(600, { idle: 30 * MINUTE_MS });
  const refusing = (fails: (event: Numbered) => boolean) => (event: Numbered) => {
    if (fails(event)) throw new Error(`poison ${event.n}`);
    return event;
  };
  return {
    name: "poison",
    pipeline: pipeline("sim-poison", (p) =>
      p
        .read(pubsub.topic<Numbered>("events", { timestamp: (e) => e.time, watermark }))
        .map(refusing(failsFirst), { name: "before" })
        .reshuffle()
        .map(refusing(failsLater), { name: "after" })
        .windowInto(fixedWindows(HOUR_MS), { allowedLateness: 1_000 })
        .map((event) => kv(event.key, event.value), { name: "pairs" })
        .combinePerKey(sum())
        .write(paned),
    ),
    feed: (mesh) => publishAll(mesh, events),
    answer: {
      sums: mergeByKey(
        good.map(({ key, value, time }) => [`${key}@${hourOf(time)}`, value] as const),
      ),
      dead: events
        .filter((event) => failsFirst(event) || failsLater(event))
        .map(({ n }) => `poison ${n}`)
        .sort(),
    },
    result: (mesh) => ({ sums: mergedPanes(mesh), dead: deadOf(mesh) }),
    deadLetters: events.filter((e) => !failsFirst(e) && failsLater(e)).length,
  };
}

const HOUR_MS = 60 * MINUTE_MS;

function hourOf(time: number): number {
  return Math.floor(time / HOUR_MS) * HOUR_MS;
}

/** What the dead letters say: one may come twice, as any message of a sink. */
function deadOf(mesh: SimulatedMesh): string[] {
  const letters = mesh.messages(mesh.plan.deadLetterTopic).map(({ data }) => {
    const { error } = JSON.parse(Buffer.from(data).toString("utf8")) as {
      error: { message: string };
    };
    return /poison \d+/.exec(error.message)?.[0] ?? error.message;
  });
  return [...new Set(letters)].sort();
}
