/**
 * Workloads: small pipelines, their input, and the answer computed without any mesh.
 */
import type { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import {
  afterAny,
  afterCount,
  afterProcessingTime,
  afterWatermark,
  count,
  firestore,
  fixedWindows,
  globalWindow,
  kv,
  type Pipeline,
  pipeline,
  pubsub,
  repeatedly,
  sessions,
  sum,
  watermarks,
} from "../../sdk/index.ts";
import { GLOBAL_WINDOW } from "../../sdk/model/window.ts";
import { mergeByKey, sumBySession, sumByWindow } from "../support/oracle.ts";

/** A pipeline with its input and the answer. */
export interface Workload {
  readonly name: string;
  readonly pipeline: Pipeline;
  /** Streaming: publishes the input while time goes on. */
  readonly feed?: (mesh: MemoryMesh) => Promise<void>;
  readonly answer: Readonly<Record<string, unknown>>;
  /** What the mesh wrote, in the form of the answer. */
  readonly result: (mesh: MemoryMesh) => Record<string, unknown>;
}

interface Event {
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

const MINUTE_MS = 60_000;
const originMs = Date.UTC(2026, 0, 1);

function eventsOf(seed: number, length: number): Event[] {
  const { fraction } = seededRandom(seed);
  return Array.from({ length }, (_, i) => ({
    key: `k${Math.floor(fraction() * 7)}`,
    value: Math.floor(fraction() * 100),
    time: originMs + i * 5 - Math.floor(fraction() * 200),
  }));
}

function documents(mesh: MemoryMesh): Record<string, unknown> {
  const entries = [...mesh.store.documents("out")];
  return Object.fromEntries(entries.map(([id, fields]) => [id, fields["value"]]));
}

const keyed = firestore.collection<{ key: unknown; value: unknown }>("out", {
  id: (pair) => String(pair.key),
  fields: ({ value }) => ({ value }),
});

/** Several panes of a window: one document each. */
const paned = firestore.collection<{ key: unknown; value: unknown }>("out", {
  id: (pair, { window, pane }) => `${pair.key}@${window.start}#${pane.index}`,
  fields: ({ value }) => ({ value }),
});

/** Sums the panes of a key and window. */
function mergedPanes(mesh: MemoryMesh): Record<string, unknown> {
  const panes = Object.entries(documents(mesh)).map(
    ([id, value]) => [id.split("#")[0] ?? "", Number(value)] as const,
  );
  return mergeByKey(panes);
}

function wordCount(seed: number): Workload {
  const words = eventsOf(seed, 120).map(({ key }) => key);
  const lines = Array.from({ length: 40 }, (_, i) => words.slice(i * 3, i * 3 + 3).join(" "));
  return {
    name: "word count",
    pipeline: pipeline("sim-words", (p) =>
      p
        .create(lines)
        .flatMap((line) => line.split(" "))
        .keyBy((word) => word)
        .combinePerKey(count())
        .write(keyed),
    ),
    answer: mergeByKey(words.map((word) => [word, 1] as const)),
    result: documents,
  };
}

/** A stream: sums by key and window, with late data allowed. */
export function windowedSum(seed: number): Workload {
  const events = eventsOf(seed, 480);
  const watermark = watermarks.boundedOutOfOrderness(600, { idle: 30 * MINUTE_MS });
  return {
    name: "windowed sum",
    pipeline: pipeline("sim-windows", (p) =>
      p
        .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
        .windowInto(fixedWindows(500), { allowedLateness: 1_000 })
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum())
        .write(paned),
    ),
    feed: (mesh) => feedEvents(mesh, events),
    answer: sumByWindow(events, 500),
    result: mergedPanes,
  };
}

/** Publishes events four at a time: 20 ms of event time in 800 ms of processing time. */
async function feedEvents(mesh: MemoryMesh, events: readonly Event[]): Promise<void> {
  for (let i = 0; i < events.length; i += 4) {
    const data = events.slice(i, i + 4).map((event) => ({ data: JSON.stringify(event) }));
    await mesh.publish("events", data);
    // Seconds of delay stay within the bounds of the watermark.
    await mesh.run(mesh.clock.nowMs() + 800);
  }
}

/** A stream in sessions with early panes: the last pane of each session holds all of it. */
function earlySessions(seed: number): Workload {
  const events = eventsOf(seed, 160);
  const gapMs = 60;
  const watermark = watermarks.boundedOutOfOrderness(600, { idle: 30 * MINUTE_MS });
  const answer = sumBySession(events, gapMs);
  return {
    name: "early sessions",
    pipeline: pipeline("sim-sessions", (p) =>
      p
        .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
        .windowInto(sessions(gapMs), {
          trigger: afterWatermark({ early: afterCount(2), late: afterCount(1) }),
          accumulation: "accumulating",
          allowedLateness: 1_000,
        })
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum())
        .write(
          firestore.collection("out", {
            id: ({ key }, { window }) => `${key} ${window.start} ${window.end}`,
            fields: ({ value }, { pane }) => ({ value, index: pane.index }),
          }),
        ),
    ),
    feed: (mesh) => feedEvents(mesh, events),
    answer,
    // Early panes of sessions that grew later stand there as well, under windows of their own.
    result: (mesh) =>
      Object.fromEntries(Object.entries(documents(mesh)).filter(([id]) => id in answer)),
  };
}

/** A stream in the global window: panes by count and by processing time add up to all. */
function timedPanes(seed: number): Workload {
  const events = eventsOf(seed, 120);
  return {
    name: "timed panes",
    pipeline: pipeline("sim-timed", (p) =>
      p
        .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time }))
        .windowInto(globalWindow(), {
          trigger: repeatedly(afterAny(afterCount(10), afterProcessingTime({ delay: 5_000 }))),
          accumulation: "discarding",
        })
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum(), { name: "by key" })
        .map(({ value }) => kv("all", value))
        .combinePerKey(sum(), { name: "in all" })
        .write(paned),
    ),
    feed: (mesh) => feedEvents(mesh, events),
    answer: { [`all@${GLOBAL_WINDOW.start}`]: events.reduce((all, { value }) => all + value, 0) },
    result: mergedPanes,
  };
}

function chainedCombines(seed: number): Workload {
  const events = eventsOf(seed, 100);
  return {
    name: "two chained combines",
    pipeline: pipeline("sim-chain", (p) =>
      p
        .create(events, { timestamp: (e) => e.time })
        .windowInto(fixedWindows(100))
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum(), { name: "by key" })
        .map(({ value }) => kv("all", value))
        .combinePerKey(sum(), { name: "in all" })
        .write(paned),
    ),
    answer: sumByWindow(
      events.map((event) => ({ ...event, key: "all" })),
      100,
    ),
    result: mergedPanes,
  };
}

function grouped(seed: number): Workload {
  const events = eventsOf(seed, 90);
  const byKey = Map.groupBy(events, ({ key }) => key);
  const sorted = (values: readonly number[]): string => values.toSorted((a, b) => a - b).join(" ");
  return {
    name: "groupByKey",
    pipeline: pipeline("sim-groups", (p) =>
      p
        .create(events)
        .map((e) => kv(e.key, e.value))
        .groupByKey()
        .map(({ key, value }) => kv(key, sorted(value)))
        .write(keyed),
    ),
    answer: Object.fromEntries(
      [...byKey].map(([key, ofKey]) => [key, sorted(ofKey.map(({ value }) => value))]),
    ),
    result: documents,
  };
}

function reshuffled(seed: number): Workload {
  const events = eventsOf(seed, 90).map(({ value }, i) => kv(`e${i}`, value));
  return {
    name: "reshuffle",
    pipeline: pipeline("sim-reshuffle", (p) => p.create(events).reshuffle().write(keyed)),
    answer: Object.fromEntries(events.map(({ key, value }) => [key, value])),
    result: documents,
  };
}

function combinedGlobally(seed: number): Workload {
  const events = eventsOf(seed, 70);
  return {
    name: "combineGlobally",
    pipeline: pipeline("sim-global", (p) =>
      p
        .create(events)
        .map((e) => e.value)
        .combineGlobally(sum())
        .map((value) => kv("sum", value))
        .write(keyed),
    ),
    answer: { sum: events.reduce((total, { value }) => total + value, 0) },
    result: documents,
  };
}

/** All workloads: each makes its input of a seed. */
export const workloads: readonly ((seed: number) => Workload)[] = [
  wordCount,
  windowedSum,
  chainedCombines,
  grouped,
  reshuffled,
  combinedGlobally,
  earlySessions,
  timedPanes,
];
