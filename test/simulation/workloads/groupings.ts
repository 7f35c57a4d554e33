/**
 * Workloads of groupings and shuffles, in batch and as a stream.
 */
import { count, fixedWindows, kv, pipeline, pubsub, sum, watermarks } from "../../../sdk/index.ts";
import { mergeByKey, sumByWindow } from "../../support/oracle.ts";

import {
  documents,
  type Event,
  eventsOf,
  keyed,
  MINUTE_MS,
  mergedPanes,
  paned,
  publishAll,
  type Workload,
} from "./workload.ts";

export function wordCount(seed: number): Workload {
  const words = eventsOf(seed, 90).map(({ key }) => key);
  const lines = Array.from({ length: 30 }, (_, i) => words.slice(i * 3, i * 3 + 3).join(" "));
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
  const events = eventsOf(seed, 56);
  const watermark = watermarks.boundedOutOfOrderness(200, { idle: 30 * MINUTE_MS });
  return {
    name: "windowed sum",
    pipeline: pipeline("sim-windows", (p) =>
      p
        .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
        .windowInto(fixedWindows(100), { allowedLateness: 2_000 })
        .map((e) => kv(e.key, e.value))
        .combinePerKey(sum())
        .write(paned),
    ),
    feed: (mesh) => publishAll(mesh, events),
    answer: sumByWindow(events, 100),
    result: mergedPanes,
  };
}

export function chainedCombines(seed: number): Workload {
  const events = eventsOf(seed, 80);
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

export function grouped(seed: number): Workload {
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

export function reshuffled(seed: number): Workload {
  const events = eventsOf(seed, 70).map(({ value }, i) => kv(`e${i}`, value));
  return {
    name: "reshuffle",
    pipeline: pipeline("sim-reshuffle", (p) => p.create(events).reshuffle().write(keyed)),
    answer: Object.fromEntries(events.map(({ key, value }) => [key, value])),
    result: documents,
  };
}

export function combinedGlobally(seed: number): Workload {
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
